#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <string_view>
#include <thread>
#include <vector>

#include "base/guarded.h"
#include "base/memory_budget.h"
#include "base/outside_wait.h"

namespace lucerna::http {

/// Threads that run what they are given: of each kind in its order, and next of the kind of which
/// the fewest run. Where all places are taken, one of a kind of which none runs is begun all the
/// same, so that hundreds of others, which may take seconds each, keep it waiting for nothing but
/// the processor. What they are given must not throw. Those that wait for memory (MemoryBudget) or
/// for others (OutsideWait) have, so many of them, others in their place.
class WorkerPool {
  public:
    struct Places {
        /// Tasks at once, beside those that wait and the first of a kind.
        std::size_t running = 8;
        /// That wait for memory and have another in their place, beside as many that may not be
        /// refused. Of 0 nobody has one, and nobody is refused.
        std::size_t for_memory = 0;
        /// That wait for what is outside.
        std::size_t outside = 0;
        /// Whether one more is refused, where it may be, or keeps its place among those that run.
        bool refuses = false;
    };
    explicit WorkerPool(Places places);
    /// Runs what is queued, then joins.
    ~WorkerPool();
    /// From here on nothing waits for memory: what does fails soon, as if it had waited in vain.
    void end_waits_for_memory() { waits_are_over_ = true; }

    /// What becomes of a task that would have to wait for memory where too many do.
    enum class Crowded { kWaits, kIsRefused };
    /// What tasks of a kind have in common, the route that they answer for one; only compared.
    using Kind = const void*;
    /// What that host asks of `route`: one of 256, which hosts share where they are more.
    [[nodiscard]] static Kind kind_of(std::string_view host, const void* route);
    void submit(std::function<void()> task, Crowded crowded = Crowded::kWaits, Kind kind = nullptr);
    /// Tasks are queued, and all who may wait for what is outside do.
    [[nodiscard]] bool is_held_up() const;

  private:
    struct Task {
        std::function<void()> run;
        Crowded crowded = Crowded::kWaits;
        Kind kind = nullptr;
        /// Which of all it is.
        std::uint64_t number = 0;
    };
    struct OfKind {
        std::deque<Task> queued;
        std::size_t running = 0;
    };
    struct State {
        /// As many as there are routes, or `kind_of` has; they stay.
        std::map<Kind, OfKind> kinds;
        std::uint64_t submitted = 0;
        std::size_t queued = 0;
        std::size_t running = 0;
        std::size_t for_memory = 0;
        std::size_t begun_for_memory = 0;
        std::size_t outside = 0;
        /// Threads without a task, those that have yet to begin among them.
        std::size_t idle = 0;
        bool is_ending = false;
        std::vector<std::jthread> threads;
    };
    class OfTask;

    /// How many of those that are queued may begin.
    [[nodiscard]] std::size_t startable(const State& state) const;
    [[nodiscard]] static Task next_of(State& state);
    static void count_running(State& state, Kind kind, int change);
    void work(const std::stop_token& stop);
    /// One more may run: starts a thread where none is idle.
    void make_way(State& state);
    [[nodiscard]] bool begin_to_wait(Kind kind, std::size_t State::*count, std::size_t most);
    void end_waiting(Kind kind, std::size_t State::*count);

    const Places places_;
    std::atomic<bool> waits_are_over_ = false;
    Guarded<State> state_;
};

}  // namespace lucerna::http
