#pragma once

#include <condition_variable>
#include <mutex>
#include <stop_token>
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

    /// As `change`, where what changed is work for one of those who wait, whichever.
    template <typename Work>
    void change_for_one(Work&& work) {
        {
            const std::lock_guard lock(mutex_);
            std::forward<Work>(work)(value_);
        }
        changed_.notify_one();
    }

    /// Waits until `ready(value)` or until `stop` is requested, then runs `work(value)` under the
    /// same lock. Returns false, without running it, where it is not ready when a stop was
    /// requested.
    template <typename Stop, typename Ready, typename Work>
    bool when(const Stop& stop, Ready&& ready, Work&& work) {
        // condition_variable_any knows stop tokens, but has a lock of its own, which whoever is
        // woken waits for once more.
        const std::stop_callback wake(stop, [this] {
            { const std::lock_guard lock(mutex_); }
            changed_.notify_all();
        });
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return stop.stop_requested() || ready(value_); });
        if (!ready(value_)) return false;
        std::forward<Work>(work)(value_);
        return true;
    }

    /// The same until `end`, whoever asks for a stop.
    template <typename Time, typename Ready, typename Work>
    bool when_by(const Time& end, Ready&& ready, Work&& work) {
        std::unique_lock lock(mutex_);
        if (!changed_.wait_until(lock, end, [&] { return ready(value_); })) return false;
        std::forward<Work>(work)(value_);
        return true;
    }

  private:
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    T value_;
};

}  // namespace lucerna
