#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <thread>
#include <vector>

#include "base/guarded.h"
#include "base/memory_budget.h"

namespace lucerna::http {

/// Threads that run what they are given, in its order. What they are given must not throw. Of those
/// that wait for memory (MemoryBudget) some have others in their place.
class WorkerPool {
  public:
    /// `threads` at once, beside those that wait, of whom `most_waiting` have another in their
    /// place. Of 0 nobody has one, and nobody is refused.
    explicit WorkerPool(std::size_t threads, std::size_t most_waiting = 0);
    /// Runs what is queued, then joins.
    ~WorkerPool();

    /// What becomes of a task that would have to wait where `most_waiting` do.
    enum class Crowded { kWaits, kIsRefused };
    void submit(std::function<void()> task, Crowded crowded = Crowded::kWaits);

  private:
    struct Task {
        std::function<void()> run;
        Crowded crowded = Crowded::kWaits;
    };
    struct State {
        std::deque<Task> tasks;
        std::size_t running = 0;
        std::size_t waiting = 0;
    };
    class OfTask;

    void work(const std::stop_token& stop);
    [[nodiscard]] bool begin_to_wait(Crowded crowded) noexcept;
    void end_waiting() noexcept;

    const std::size_t most_running_;
    const std::size_t most_waiting_;
    Guarded<State> state_;
    std::vector<std::jthread> threads_;
};

}  // namespace lucerna::http
