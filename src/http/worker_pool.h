#pragma once

#include <atomic>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "base/guarded.h"
#include "base/memory_budget.h"
#include "base/outside_wait.h"

namespace lucerna::http {

/// What tasks of a kind have in common: the route that they answer, which is only compared, and the
/// host that asks, where that makes a difference.
struct TaskKind {
    const void* route = nullptr;
    std::string host = {};
    friend auto operator<=>(const TaskKind&, const TaskKind&) = default;
};

/// Threads that run what they are given: of each kind in its order, and next of the kind of which
/// the fewest run. Where all places are taken, one of a route of which none runs is begun all the
/// same, or of a kind (Firsts), 64 of them at most, so that hundreds of others, which may take
/// seconds each, keep it waiting for nothing but the processor. What they are given must not throw.
/// Those that wait for memory (MemoryBudget) or for others (OutsideWait) have, so many of them,
/// others in their place.
class WorkerPool {
  public:
    enum class Firsts { kOfRoutes, kOfKinds };
    struct Places {
        /// Tasks at once, beside those that wait and the first of a kind.
        std::size_t running = 8;
        /// That wait for memory and have another in their place, beside as many that may not be
        /// refused; those of one host (CurrentPeer) no more than three quarters. Of 0 nobody has
        /// one, and nobody is refused.
        std::size_t for_memory = 0;
        /// That wait for what is outside.
        std::size_t outside = 0;
        /// Whether one more is refused, where it may be, or keeps its place among those that run.
        bool refuses = false;
        /// Of what the first is begun though all places are taken.
        Firsts firsts = Firsts::kOfRoutes;
    };
    explicit WorkerPool(Places places);
    /// Runs what is queued, then joins.
    ~WorkerPool();
    /// From here on nothing waits for memory: what does fails soon, as if it had waited in vain.
    void end_waits_for_memory() { waits_are_over_ = true; }

    /// What becomes of a task that would have to wait for memory where too many do.
    enum class Crowded { kWaits, kIsRefused };
    using Kind = TaskKind;
    /// Whether whoever asked for it is gone, asked while it waits for memory: then it waits in
    /// vain.
    using IsGone = std::function<bool()>;
    void submit(std::function<void()> task, Crowded crowded = Crowded::kWaits, Kind kind = {},
                IsGone is_gone = {});
    /// Tasks are queued, all who may wait for what is outside do, and that host has more of them
    /// than one; or no host's first is begun any more.
    [[nodiscard]] bool is_held_up_by(const std::string& host) const;

  private:
    struct Task {
        std::function<void()> run;
        Crowded crowded = Crowded::kWaits;
        Kind kind = {};
        IsGone is_gone = {};
        /// Which of all it is.
        std::uint64_t number = 0;
    };
    struct OfKind {
        std::deque<Task> queued;
        std::size_t running = 0;
        /// Those that wait among them.
        std::size_t begun = 0;
    };
    struct State {
        /// Of which any is queued or begun.
        std::map<Kind, OfKind> kinds;
        /// Of which any runs.
        std::map<const void*, std::size_t> running_of;
        std::uint64_t submitted = 0;
        std::size_t queued = 0;
        std::size_t running = 0;
        std::size_t for_memory = 0;
        std::size_t begun_for_memory = 0;
        /// Of those `for_memory`, of each host that has any.
        std::map<std::string, std::size_t> for_memory_of;
        std::size_t outside = 0;
        /// Threads without a task, those that have yet to begin among them.
        std::size_t idle = 0;
        bool is_ending = false;
        std::vector<std::jthread> threads;
    };
    class OfTask;

    /// How many of those that are queued may begin.
    [[nodiscard]] std::size_t startable(const State& state) const;
    [[nodiscard]] Task next_of(State& state) const;
    /// One of it may be begun though all places are taken.
    [[nodiscard]] bool may_be_first(const State& state, const Kind& kind) const;
    [[nodiscard]] bool may_begin_firsts(const State& state) const;
    static void count_running(State& state, const Kind& kind, int change);
    void work(const std::stop_token& stop);
    /// One more may run: starts a thread where none is idle.
    void make_way(State& state);
    /// Of a host that is named there are no more than that host may have.
    [[nodiscard]] bool begin_to_wait(const Kind& kind, std::size_t State::*count, std::size_t most,
                                     const std::string& host = {});
    void end_waiting(const Kind& kind, std::size_t State::*count, const std::string& host = {});

    const Places places_;
    std::atomic<bool> waits_are_over_ = false;
    Guarded<State> state_;
};

}  // namespace lucerna::http
