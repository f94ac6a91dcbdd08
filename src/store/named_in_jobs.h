#pragma once

#include <string>

#include "store/connection.h"

namespace lucerna::store {

/// Takes an instance of a study out of the jobs that name it, waiting, given up and done, so that
/// what else they name goes its way; one that names nothing else in "instances", or in no such
/// list, goes. Whoever has such a job leased loses it. A commitment report that is owed stays
/// (kCommitmentJob).
void take_out_of_jobs(Connection& index, const std::string& study_instance_uid,
                      const std::string& sop_instance_uid);

}  // namespace lucerna::store
