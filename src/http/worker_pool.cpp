#include "http/worker_pool.h"

#include <algorithm>
#include <exception>
#include <functional>
#include <new>
#include <utility>

#include "base/current_peer.h"
#include "base/memory.h"

namespace lucerna::http {

/// That a thread which has one in hand waits.
class WorkerPool::OfTask final : public MemoryBudget::Waiting, public OutsideWait::Host {
  public:
    OfTask(WorkerPool& pool, const Task& task)
        : pool_(pool), crowded_(task.crowded), kind_(task.kind), is_gone_(task.is_gone) {
        // Answers that are on their way hold what was taken for them; this is another request.
        MemoryBudget::begin_task(this);
        OutsideWait::set_host(this);
    }
    ~OfTask() override {
        MemoryBudget::begin_task();
        OutsideWait::set_host(nullptr);
    }
    OfTask(const OfTask&) = delete;
    OfTask& operator=(const OfTask&) = delete;

    bool begin(bool again) noexcept override {
        // What was begun and waits holds no place of those that begin, and is told of no other way.
        const bool may_be_refused = crowded_ == Crowded::kIsRefused && !again;
        const std::size_t most = pool_.places_.for_memory;
        try {
            host_ = may_be_refused ? CurrentPeer::host() : std::string();
            count_ = may_be_refused ? &State::for_memory : &State::begun_for_memory;
            has_place_ = pool_.begin_to_wait(kind_, count_, most, host_);
        } catch (const std::bad_alloc&) {
            return !may_be_refused;
        }
        return has_place_ || most == 0 || !may_be_refused;
    }
    void end() noexcept override {
        if (std::exchange(has_place_, false)) pool_.end_waiting(kind_, count_, host_);
    }
    [[nodiscard]] bool is_over() const noexcept override {
        return pool_.waits_are_over_ || (is_gone_ && is_gone_());
    }
    bool begin_outside() noexcept override {
        return pool_.begin_to_wait(kind_, &State::outside, pool_.places_.outside);
    }
    void end_outside() noexcept override { pool_.end_waiting(kind_, &State::outside); }
    [[nodiscard]] bool refuses() const noexcept override {
        return pool_.places_.refuses && crowded_ == Crowded::kIsRefused;
    }

  private:
    WorkerPool& pool_;
    const Crowded crowded_;
    const Kind& kind_;
    const IsGone& is_gone_;
    /// While it waits for memory.
    bool has_place_ = false;
    std::size_t State::*count_ = nullptr;
    std::string host_;
};

WorkerPool::WorkerPool(Places places) : places_(places) {}

WorkerPool::~WorkerPool() {
    // Those that end their task take the next one, until there is none.
    std::vector<std::jthread> threads;
    state_.with([&](State& state) {
        state.is_ending = true;
        threads = std::move(state.threads);
    });
    for (std::jthread& thread : threads) thread.request_stop();
    threads.clear();
}

void WorkerPool::submit(std::function<void()> task, Crowded crowded, Kind kind, IsGone is_gone) {
    state_.change_for_one([&](State& state) {
        state.kinds[kind].queued.push_back(
            {std::move(task), crowded, kind, std::move(is_gone), ++state.submitted});
        ++state.queued;
        make_way(state);
    });
}

bool WorkerPool::is_held_up_by(const std::string& host) const {
    return state_.with([&](const State& state) {
        if (state.queued == 0 || state.outside < places_.outside) return false;
        std::size_t of_host = 0;
        for (const auto& [kind, tasks] : state.kinds)
            if (kind.host == host) of_host += tasks.queued.size() + tasks.begun;
        return of_host > 1 || !may_begin_firsts(state);
    });
}

void WorkerPool::make_way(State& state) {
    // Each of the idle ones takes one of them.
    if (state.is_ending || state.idle >= startable(state)) return;
    try {
        state.threads.emplace_back([this](const std::stop_token& stop) { work(stop); });
    } catch (const std::exception&) {
        // The system gives no more, or no memory for it. Those that there are take it in their
        // turn.
        if (state.threads.empty()) throw;
        return;
    }
    ++state.idle;
}

std::size_t WorkerPool::startable(const State& state) const {
    if (state.queued == 0) return 0;
    if (state.running < places_.running)
        return std::min(state.queued, places_.running - state.running);
    if (!may_begin_firsts(state)) return 0;
    std::size_t firsts = 0;
    const void* last = nullptr;
    // In the order of their routes.
    for (const auto& [kind, tasks] : state.kinds) {
        if (tasks.queued.empty() || !may_be_first(state, kind)) continue;
        const bool is_another =
            places_.firsts == Firsts::kOfKinds || firsts == 0 || kind.route != last;
        firsts += is_another ? 1 : 0;
        last = kind.route;
    }
    return firsts;
}

bool WorkerPool::may_be_first(const State& state, const Kind& kind) const {
    return places_.firsts == Firsts::kOfKinds ? state.kinds.at(kind).running == 0
                                              : !state.running_of.contains(kind.route);
}

/// Each has a thread, and what a request takes by itself.
bool WorkerPool::may_begin_firsts(const State& state) const {
    constexpr std::size_t kMostFirsts = 64;
    return state.running < places_.running + kMostFirsts;
}

/// There is one.
WorkerPool::Task WorkerPool::next_of(State& state) const {
    const bool are_all_taken = state.running >= places_.running;
    OfKind* next = nullptr;
    const auto turn = [](const OfKind& kind) {
        return std::pair(kind.running, kind.queued.front().number);
    };
    for (auto& [name, kind] : state.kinds) {
        if (kind.queued.empty() || (are_all_taken && !may_be_first(state, name))) continue;
        if (next == nullptr || turn(kind) < turn(*next)) next = &kind;
    }
    Task task = std::move(next->queued.front());
    next->queued.pop_front();
    --state.queued;
    return task;
}

void WorkerPool::count_running(State& state, const Kind& kind, int change) {
    state.running += static_cast<std::size_t>(change);
    state.kinds[kind].running += static_cast<std::size_t>(change);
    const auto of_route = state.running_of.try_emplace(kind.route).first;
    of_route->second += static_cast<std::size_t>(change);
    if (of_route->second == 0) state.running_of.erase(of_route);
}

bool WorkerPool::begin_to_wait(const Kind& kind, std::size_t State::*count, std::size_t most,
                               const std::string& host) {
    bool has_place = false;
    state_.change_for_one([&](State& state) {
        const auto of_host = state.for_memory_of.find(host);
        const bool is_crowd =
            of_host != state.for_memory_of.end() && of_host->second >= most - most / 4;
        has_place = state.*count < most && !is_crowd;
        if (!has_place) return;
        // The last that may throw.
        if (!host.empty()) ++state.for_memory_of[host];
        ++(state.*count);
        count_running(state, kind, -1);
        make_way(state);
    });
    return has_place;
}

void WorkerPool::end_waiting(const Kind& kind, std::size_t State::*count, const std::string& host) {
    // It goes on at once: for a moment more run than are wanted.
    state_.with([&](State& state) {
        --(state.*count);
        if (!host.empty() && --state.for_memory_of[host] == 0) state.for_memory_of.erase(host);
        count_running(state, kind, 1);
    });
}

void WorkerPool::work(const std::stop_token& stop) {
    Task task;
    const auto take = [&](State& state) {
        --state.idle;
        task = next_of(state);
        count_running(state, task.kind, 1);
        ++state.kinds[task.kind].begun;
        // The last place may be taken by it, and another be the first of its kind.
        make_way(state);
    };
    const auto is_there = [&](const State& state) { return startable(state) > 0; };
    // `when` gives a task that is there even after a stop was asked for.
    while (state_.when(stop, is_there, take)) {
        {
            OfTask waiting(*this, task);
            task.run();
            task.run = nullptr;
        }
        task.is_gone = nullptr;
        give_back_surplus_memory();
        state_.with([&](State& state) {
            count_running(state, task.kind, -1);
            const auto of_kind = state.kinds.find(task.kind);
            if (--of_kind->second.begun == 0 && of_kind->second.queued.empty())
                state.kinds.erase(of_kind);
            ++state.idle;
        });
    }
}

}  // namespace lucerna::http
