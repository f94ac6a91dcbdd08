#pragma once

#include "base/encoding.h"
#include "dicom/byte_budget.h"
#include "dicom/data_set.h"

namespace lucerna::dicom {

/// As DataSet::outline_in, of a file that is not kept yet: what is inflated of a deflated one is
/// held by `memory`, which must outlive what is returned. Also throws Error(kUnavailable): no room.
[[nodiscard]] DataSet header_of_arriving(ByteView part10, ByteBudget& memory = intake_memory());

}  // namespace lucerna::dicom
