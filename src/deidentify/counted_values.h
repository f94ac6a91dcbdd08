#pragma once

#include <cstddef>
#include <optional>

#include "dicom/data_set.h"

namespace lucerna::deidentify {

/// Of a value whose numbers another attribute of its level counts, how many bytes those are; none
/// where the count is missing that the standard asks for. Nothing for all other attributes, and
/// where the count may be missing and is.
[[nodiscard]] std::optional<std::size_t> counted_bytes(const dicom::DataSet& level, dicom::Tag tag);

}  // namespace lucerna::deidentify
