#pragma once

#include "dicom/data_set.h"

namespace lucerna::dicom {

/// The items of a sequence of whatever tag, private ones too, to be changed or taken out; null
/// where `data_set` has no such attribute, it is no sequence, or there is no item. Valid until the
/// attribute is set again.
[[nodiscard]] Items* editable_items(DataSet& data_set, Tag sequence);

}  // namespace lucerna::dicom
