#pragma once

#include <chrono>

#include "base/clock.h"
#include "pipeline/second_opinion.h"
#include "store/store.h"

namespace lucerna::pipeline {

/// Carries out one leased store::kCompanionsJob: once the exam has been read and nothing of these
/// has come for `quiet`, queues them for the destinations that get its images, but for what was
/// queued there with the results. So what is sent of a study does not depend on what came first.
void forward_companions(const store::Job& job, store::Store& store, const OpinionRules& rules,
                        std::chrono::milliseconds quiet, const Clock& clock);

/// All that may run now.
void forward_companions(store::Store& store, const OpinionRules& rules,
                        std::chrono::milliseconds quiet, const Clock& clock);

}  // namespace lucerna::pipeline
