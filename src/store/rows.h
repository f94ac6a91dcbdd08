#pragma once

#include "base/clock.h"
#include "store/connection.h"
#include "store/facts.h"
#include "store/work_queue.h"

namespace lucerna::store {

/// Parts of a transaction that one class does for another.

/// A received image enters its exam: a finished one receives again.
void enter_image(Connection& index, const Facts& facts, Instant now);
/// False when a job of its kind and key is there already.
bool enter_job(Connection& index, const NewJob& job, Instant now);

}  // namespace lucerna::store
