#pragma once

#include "store/connection.h"
#include "store/facts.h"

namespace lucerna::store {

/// What becomes of an object whose study is kept under another patient.
enum class OtherPatient {
    /// Two women's images must not be read as one exam.
    kRefused,
    /// Of what was acknowledged once nothing is left out.
    kTaken,
};

/// Enters instance, series and study; the SOP Instance UID must not be there yet. Attributes of
/// study, series and patient are those of the object that was received first and has them, by the
/// SOP Instance UID where several came in the same millisecond: the same whatever the order in
/// which they are entered. Throws Error(kUnsupported) as require_same_patient does.
void insert_instance(Connection& index, const Facts& facts, const Placing& placing,
                     OtherPatient other = OtherPatient::kRefused);

}  // namespace lucerna::store
