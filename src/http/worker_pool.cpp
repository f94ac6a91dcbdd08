#include "http/worker_pool.h"

#include <utility>

#include "base/memory_budget.h"

namespace lucerna::http {

WorkerPool::WorkerPool(std::size_t threads) {
    for (std::size_t i = 0; i < threads; ++i)
        threads_.emplace_back([this](const std::stop_token& stop) { work(stop); });
}

WorkerPool::~WorkerPool() {
    for (std::jthread& thread : threads_) thread.request_stop();
    threads_.clear();
}

void WorkerPool::submit(std::function<void()> task) {
    tasks_.change_for_one([&](auto& tasks) { tasks.push_back(std::move(task)); });
}

void WorkerPool::work(const std::stop_token& stop) {
    std::function<void()> task;
    const auto take = [&](auto& tasks) {
        task = std::move(tasks.front());
        tasks.pop_front();
    };
    const auto is_there = [](const auto& tasks) { return !tasks.empty(); };
    // `when` gives a task that is there even after a stop was asked for.
    while (tasks_.when(stop, is_there, take)) {
        // Answers that are on their way hold what was taken for them; this is another request.
        MemoryBudget::begin_task();
        task();
        task = nullptr;
    }
}

}  // namespace lucerna::http
