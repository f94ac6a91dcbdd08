#pragma once

#include <cstddef>

#include "dicom/data_set.h"

namespace lucerna::dicom {

/// Gives `to` what `from` has under `tag`, its items and all, whatever the VR, and all of its own,
/// be `from` a header that looks into other memory; takes it away where `from` has none. Throws
/// Error(kInternal) for encapsulated pixel data.
void copy_attribute(const DataSet& from, Tag tag, DataSet& to);

/// About how many bytes what `from` has under `tag` takes, its items and all, in explicit VR; 0
/// where it has none.
[[nodiscard]] std::size_t bytes_of_attribute(const DataSet& from, Tag tag);

}  // namespace lucerna::dicom
