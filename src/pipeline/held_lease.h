#pragma once

#include <chrono>
#include <functional>
#include <stop_token>
#include <thread>

#include "store/work_queue.h"

namespace lucerna::pipeline {

/// Extends a job's lease while its work goes on, by a thread of its own: one object on a slow line
/// may take longer than any lease. Where the lease is another's, or could not be extended for as
/// long as it lasts, the work is asked to stop: somebody else may be at it.
class HeldLease {
  public:
    /// `job` and `queue` must outlive it.
    HeldLease(const store::Job& job, store::WorkQueue& queue, std::chrono::milliseconds lease);

    /// What the work is to look at.
    [[nodiscard]] std::stop_token lost() const { return work_.get_token(); }
    [[nodiscard]] bool is_lost() const { return work_.stop_requested(); }

  private:
    std::stop_source work_;
    // The last member: it ends before the others go.
    std::jthread thread_;
};

}  // namespace lucerna::pipeline
