#include "http/worker_pool.h"

#include <algorithm>
#include <system_error>
#include <utility>

#include "base/memory.h"

namespace lucerna::http {

/// That a thread which has one in hand waits.
class WorkerPool::OfTask final : public MemoryBudget::Waiting, public OutsideWait::Host {
  public:
    OfTask(WorkerPool& pool, Crowded crowded) : pool_(pool), crowded_(crowded) {
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

    bool begin() noexcept override {
        // What was begun and waits holds no place of those that begin, and is told of no other way.
        const std::size_t most = pool_.places_.for_memory;
        const bool may_be_refused = crowded_ == Crowded::kIsRefused;
        has_place_ = may_be_refused ? pool_.begin_to_wait(&State::for_memory, most)
                                    : pool_.begin_to_wait(&State::begun_for_memory, most);
        return has_place_ || most == 0 || !may_be_refused;
    }
    void end() noexcept override {
        if (!std::exchange(has_place_, false)) return;
        pool_.end_waiting(crowded_ == Crowded::kIsRefused ? &State::for_memory
                                                          : &State::begun_for_memory);
    }
    bool begin_outside() noexcept override {
        return pool_.begin_to_wait(&State::outside, pool_.places_.outside);
    }
    void end_outside() noexcept override { pool_.end_waiting(&State::outside); }
    [[nodiscard]] bool refuses() const noexcept override {
        return pool_.places_.refuses && crowded_ == Crowded::kIsRefused;
    }

  private:
    WorkerPool& pool_;
    const Crowded crowded_;
    /// While it waits for memory.
    bool has_place_ = false;
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

void WorkerPool::submit(std::function<void()> task, Crowded crowded) {
    state_.change_for_one([&](State& state) {
        state.tasks.push_back({std::move(task), crowded});
        make_way(state);
    });
}

bool WorkerPool::is_held_up() const {
    return state_.with([&](const State& state) {
        return !state.tasks.empty() && state.outside >= places_.outside;
    });
}

void WorkerPool::make_way(State& state) {
    if (state.is_ending || state.running >= places_.running) return;
    // Each of the idle ones takes one of them.
    if (state.idle >= std::min(state.tasks.size(), places_.running - state.running)) return;
    try {
        state.threads.emplace_back([this](const std::stop_token& stop) { work(stop); });
    } catch (const std::system_error&) {
        // The system gives no more. Those that there are take it in their turn.
        if (state.threads.empty()) throw;
        return;
    }
    ++state.idle;
}

bool WorkerPool::begin_to_wait(std::size_t State::*count, std::size_t most) {
    bool has_place = false;
    state_.change_for_one([&](State& state) {
        has_place = state.*count < most;
        if (!has_place) return;
        ++(state.*count);
        --state.running;
        make_way(state);
    });
    return has_place;
}

void WorkerPool::end_waiting(std::size_t State::*count) {
    // It goes on at once: for a moment more run than are wanted.
    state_.with([&](State& state) {
        --(state.*count);
        ++state.running;
    });
}

void WorkerPool::work(const std::stop_token& stop) {
    Task task;
    const auto take = [&](State& state) {
        --state.idle;
        task = std::move(state.tasks.front());
        state.tasks.pop_front();
        ++state.running;
    };
    const auto is_there = [&](const State& state) {
        return !state.tasks.empty() && state.running < places_.running;
    };
    // `when` gives a task that is there even after a stop was asked for.
    while (state_.when(stop, is_there, take)) {
        {
            OfTask waiting(*this, task.crowded);
            task.run();
            task = {};
        }
        give_back_surplus_memory();
        state_.with([](State& state) {
            --state.running;
            ++state.idle;
        });
    }
}

}  // namespace lucerna::http
