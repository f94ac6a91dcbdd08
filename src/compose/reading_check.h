#pragma once

#include "exam/reading.h"

namespace lucerna::compose {

/// Throws Error(kInvalidInput) that names the first thing in `reading` that no result may carry: a
/// UID that is none, a number that is not finite or not in the range of exam/reading.h, a finding
/// that does not lie on its image, the same finding id twice.
void check_reading(const exam::ExamReading& reading);

}  // namespace lucerna::compose
