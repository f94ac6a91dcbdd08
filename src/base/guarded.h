#pragma once

#include <condition_variable>
#include <mutex>
#include <utility>

namespace lucerna {

/// A value that can only be touched under its own lock.
///
///     Guarded<std::deque<Job>> jobs;
///     jobs.with([&](auto& queue) { queue.push_back(job); });
///
/// Never call back into unknown code inside `with`.
template <typename T>
class Guarded {
  public:
    template <typename... Arguments>
    explicit Guarded(Arguments&&... arguments) : value_(std::forward<Arguments>(arguments)...) {}

    template <typename Work>
    decltype(auto) with(Work&& work) {
        const std::lock_guard lock(mutex_);
        return std::forward<Work>(work)(value_);
    }
    template <typename Work>
    decltype(auto) with(Work&& work) const {
        const std::lock_guard lock(mutex_);
        return std::forward<Work>(work)(value_);
    }

    /// Changes the value and wakes whoever waits in `when`.
    template <typename Work>
    void change(Work&& work) {
        {
            const std::lock_guard lock(mutex_);
            std::forward<Work>(work)(value_);
        }
        changed_.notify_all();
    }

    /// Waits until `ready(value)` or until `stop` is requested, then runs `work(value)` under the
    /// same lock. Returns false, without running it, when stopped first.
    template <typename Stop, typename Ready, typename Work>
    bool when(const Stop& stop, Ready&& ready, Work&& work) {
        std::unique_lock lock(mutex_);
        if (!changed_.wait(lock, stop, [&] { return ready(value_); })) return false;
        std::forward<Work>(work)(value_);
        return true;
    }

  private:
    mutable std::mutex mutex_;
    std::condition_variable_any changed_;
    T value_;
};

}  // namespace lucerna
