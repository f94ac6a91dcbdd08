#pragma once

#include "dicom/data_set.h"

namespace lucerna::dicom {

/// The first item of the functional group macro `group` that holds for `frame` (from 0): the
/// frame's own, else the one that all share, else none (PS3.3 C.7.6.16). Valid as DataSet::items.
[[nodiscard]] const DataSet* functional_group(const DataSet& data_set, int frame, Tag group);

}  // namespace lucerna::dicom
