#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <optional>

namespace lucerna::store {

/// What connections to PostgreSQL wait for its answers by. Safe from several threads.
class PostgresWaits {
  public:
    using Time = std::chrono::steady_clock::time_point;

    /// `is_stopping` may be empty. Once it says so, no answer is waited for longer than a few
    /// seconds, and after the first that does not come by then none at all.
    explicit PostgresWaits(std::function<bool()> is_stopping = {});

    /// Throws Error(kCancelled) where nothing is waited for any more.
    void require_patience() const;
    /// Waits for `events` (poll.h) of a socket. False once it is later than `end`, if there is one.
    /// `begun` is when what is waited for began. Throws as `require_patience`.
    [[nodiscard]] bool wait(int socket, short events, Time begun, std::optional<Time> end);
    [[nodiscard]] bool is_stopping() const;

  private:
    /// The end of what began then, by a stop: none where none is asked for.
    [[nodiscard]] std::optional<Time> end_by_stop(Time begun);

    std::function<bool()> is_stopping_;
    std::atomic<Time> stopping_since_ = Time::max();
    std::atomic<bool> is_given_up_ = false;
};

}  // namespace lucerna::store
