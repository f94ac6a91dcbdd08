#pragma once

#include <span>

#include "dicom/data_set.h"

namespace lucerna::dicom {

/// The items of a sequence of whatever tag, private ones too, to be changed or taken out; null
/// where `data_set` has no such attribute, it is no sequence, or there is no item. Valid until the
/// attribute is set again.
[[nodiscard]] Items* editable_items(DataSet& data_set, Tag sequence);

/// DataSet::remove for many: `tags` are in their order. In one pass, however many.
void remove_all(DataSet& data_set, std::span<const Tag> tags);

}  // namespace lucerna::dicom
