#pragma once

#include "dicom/data_set.h"
#include "retrieve/workitem.h"

namespace lucerna::retrieve {

/// What the index can narrow a search for work items down by; the keys are all looked at
/// afterwards, too.
[[nodiscard]] store::WorkitemFilter narrowed_by(const dicom::DataSet& keys);

/// Whether a work item meets `keys` (match_keys). An attribute that cannot be read, as an earlier
/// program took it, is as if it were not there. Throws Error(kInvalidInput) for a value that its
/// key cannot have.
[[nodiscard]] bool meets(const Json& set, const dicom::DataSet& keys);

}  // namespace lucerna::retrieve
