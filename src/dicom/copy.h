#pragma once

#include "dicom/data_set.h"

namespace lucerna::dicom {

/// Gives `to` what `from` has under `tag`, its items and all, whatever the VR; takes it away where
/// `from` has none. Throws Error(kInternal) for encapsulated pixel data.
void copy_attribute(const DataSet& from, Tag tag, DataSet& to);

}  // namespace lucerna::dicom
