#include "http/worker_pool.h"

#include <utility>

namespace lucerna::http {

/// That a thread which has one in hand waits.
class WorkerPool::OfTask final : public MemoryBudget::Waiting {
  public:
    OfTask(WorkerPool& pool, Crowded crowded) : pool_(pool), crowded_(crowded) {}
    bool begin() noexcept override { return pool_.begin_to_wait(crowded_); }
    void end() noexcept override { pool_.end_waiting(); }

  private:
    WorkerPool& pool_;
    const Crowded crowded_;
};

WorkerPool::WorkerPool(std::size_t threads, std::size_t most_waiting)
    : most_running_(threads), most_waiting_(most_waiting) {
    for (std::size_t i = 0; i < threads + most_waiting; ++i)
        threads_.emplace_back([this](const std::stop_token& stop) { work(stop); });
}

WorkerPool::~WorkerPool() {
    for (std::jthread& thread : threads_) thread.request_stop();
    threads_.clear();
}

void WorkerPool::submit(std::function<void()> task, Crowded crowded) {
    const bool one_may_run = state_.with([&](State& state) {
        state.tasks.push_back({std::move(task), crowded});
        return state.running < most_running_;
    });
    // Else one that runs takes it.
    if (one_may_run) state_.change_for_one([](State&) {});
}

bool WorkerPool::begin_to_wait(Crowded crowded) noexcept {
    const bool may_wait = state_.with([&](State& state) {
        const bool is_crowded = most_waiting_ > 0 && state.waiting >= most_waiting_;
        if (is_crowded && crowded == Crowded::kIsRefused) return false;
        ++state.waiting;
        --state.running;
        return true;
    });
    if (may_wait) state_.change_for_one([](State&) {});
    return may_wait;
}

void WorkerPool::end_waiting() noexcept {
    state_.with([](State& state) {
        --state.waiting;
        ++state.running;
    });
}

void WorkerPool::work(const std::stop_token& stop) {
    Task task;
    const auto take = [&](State& state) {
        task = std::move(state.tasks.front());
        state.tasks.pop_front();
        ++state.running;
    };
    const auto is_there = [&](const State& state) {
        return !state.tasks.empty() && state.running < most_running_;
    };
    // `when` gives a task that is there even after a stop was asked for.
    while (state_.when(stop, is_there, take)) {
        OfTask waiting(*this, task.crowded);
        // Answers that are on their way hold what was taken for them; this is another request.
        MemoryBudget::begin_task(&waiting);
        task.run();
        task = {};
        MemoryBudget::begin_task();
        state_.with([](State& state) { --state.running; });
    }
}

}  // namespace lucerna::http
