#pragma once

#include <chrono>
#include <functional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "deliver/delivery.h"
#include "infer/model_package.h"
#include "pipeline/commitment_reports.h"
#include "pipeline/kept_reports.h"
#include "pipeline/second_opinion.h"
#include "store/store.h"

namespace lucerna::pipeline {

/// Carries out one delivery job, leased for so long, and settles it with the queue. It stays leased
/// for as long as that takes; where another has it, or with `stop`, this one stops.
void deliver_results(const store::Job& job, store::WorkQueue& queue, deliver::DeliveryStep& step,
                     const Clock& clock, std::chrono::milliseconds lease,
                     const std::stop_token& stop = {});

/// The threads that take jobs: one reads exams, one watches for exams that went quiet, one for
/// erasures, one for what was broken off, eight report on storage commitment, one for each
/// destination. They stop when this is destroyed, after the job in hand, which a delivery breaks
/// off.
class Workers {
  public:
    Workers(store::Store& store, const infer::ModelPackage& model, CompletionRules completion,
            OpinionRules opinion, CommitmentRules commitment, deliver::DeliveryStep& step,
            std::chrono::milliseconds delivery_lease, KeptReports& reports, const Clock& clock);
    ~Workers();
    Workers(const Workers&) = delete;
    Workers& operator=(const Workers&) = delete;

  private:
    std::vector<std::jthread> threads_;
};

}  // namespace lucerna::pipeline
