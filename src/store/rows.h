#pragma once

#include <string>

#include "base/clock.h"
#include "store/connection.h"
#include "store/facts.h"
#include "store/work_queue.h"

namespace lucerna::store {

/// Parts of a transaction that one class does for another.

/// A received image enters its exam: a finished one receives again.
void enter_image(Connection& index, const Facts& facts, Instant now);
/// What was read, refused or failed is read once more, as it is now; a reading in hand ends as one
/// of an exam that has changed since. Nothing where the study is no exam.
void read_exam_again(Connection& index, const std::string& study_instance_uid);
/// A received object that is no image of an exam, but of a study that is one, is noted for its
/// kCompanionsJob. One whose study is none yet is there when that is read.
void enter_companion(Connection& index, const Facts& facts, Instant now);
/// Something that counts for the kCompanionsJob of a study has changed: it may run now, and whoever
/// has it leased loses it. Nothing where there is none.
void recall_companions(Connection& index, const std::string& study_instance_uid);
/// False when a job of its kind and key is there already.
bool enter_job(Connection& index, const NewJob& job, Instant now);

/// What a lease ends with.
struct LeaseEnd {
    JobState state = JobState::kDone;
    Instant not_before{};
    std::string problem = {};
};
/// These two throw Error(kConflict) when the lease is no longer the one that `job` was given with.
void require_lease(Connection& index, const Job& job);
void end_lease(Connection& index, const Job& job, const LeaseEnd& end);

}  // namespace lucerna::store
