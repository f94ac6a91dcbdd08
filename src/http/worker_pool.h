#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <thread>
#include <vector>

#include "base/guarded.h"

namespace lucerna::http {

/// Threads that run what they are given, in its order. What they are given must not throw.
class WorkerPool {
  public:
    explicit WorkerPool(std::size_t threads);
    /// Runs what is queued, then joins.
    ~WorkerPool();

    void submit(std::function<void()> task);

  private:
    void work(const std::stop_token& stop);

    Guarded<std::deque<std::function<void()>>> tasks_;
    std::vector<std::jthread> threads_;
};

}  // namespace lucerna::http
