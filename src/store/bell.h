#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <stop_token>

namespace lucerna::store {

/// Wakes whoever waits for work.
class Bell {
  public:
    void ring() {
        {
            const std::lock_guard lock(mutex_);
            ++rings_;
        }
        rang_.notify_all();
    }
    [[nodiscard]] std::uint64_t rings() const {
        const std::lock_guard lock(mutex_);
        return rings_;
    }
    /// Until it has rung since `heard`, the time is over, or a stop is asked for.
    void wait(std::uint64_t heard, std::chrono::milliseconds patience,
              const std::stop_token& stop) {
        std::unique_lock lock(mutex_);
        rang_.wait_for(lock, stop, patience, [&] { return rings_ != heard; });
    }

  private:
    mutable std::mutex mutex_;
    std::condition_variable_any rang_;
    std::uint64_t rings_ = 0;
};

}  // namespace lucerna::store
