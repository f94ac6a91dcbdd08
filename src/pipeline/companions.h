#pragma once

#include <chrono>

#include "base/clock.h"
#include "pipeline/second_opinion.h"
#include "store/store.h"

namespace lucerna::pipeline {

/// Carries out one leased store::kCompanionsJob: once the exam has been read and nothing of these
/// has come for `quiet`, queues them for the destinations that get its images, but for what was
/// queued there with the results. So what is sent of a study does not depend on what came first.
/// False where more came or went meanwhile: the job waits again, with all of them.
bool forward_companions(const store::Job& job, store::Store& store, const OpinionRules& rules,
                        std::chrono::milliseconds quiet, const Clock& clock);

/// One round: those that may run now, each once, but no more than 100, and none after one that came
/// to nothing. Where no destination gets images all such jobs go.
void forward_companions(store::Store& store, const OpinionRules& rules,
                        std::chrono::milliseconds quiet, const Clock& clock);

}  // namespace lucerna::pipeline
