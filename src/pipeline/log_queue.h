#pragma once

#include <chrono>
#include <cstddef>
#include <memory>

namespace lucerna::pipeline {

/// While one lives, a thread of its own writes what is logged, in order. Who logs waits until it is
/// written, as if he did so himself, but for a moment at most, and not at all while others wait: so
/// that whoever reads the log and does not go on keeps nobody. Where so much waits that no more
/// may, further lines are dropped, and once it goes on "log.dropped" stands in their place and says
/// how many.
class LogQueue {
  public:
    struct Options {
        /// Standard error.
        int file = 2;
        /// That wait; as much may be with the thread.
        std::size_t most_bytes = std::size_t{2} << 20;
        /// For one line.
        std::chrono::milliseconds patience{100};
        /// For what is left when it ends.
        std::chrono::milliseconds last_wait{1000};
    };

    LogQueue() : LogQueue(Options{}) {}
    explicit LogQueue(Options options);
    /// While no other thread logs. Where the log stands still what is said from here on goes there
    /// no more: it would be waited for.
    ~LogQueue();
    LogQueue(const LogQueue&) = delete;
    LogQueue& operator=(const LogQueue&) = delete;

  private:
    class Lines;

    const std::chrono::milliseconds last_wait_;
    std::shared_ptr<Lines> lines_;
};

}  // namespace lucerna::pipeline
