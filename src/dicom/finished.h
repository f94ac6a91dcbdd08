#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "dicom/data_set.h"
#include "dicom/limits.h"
#include "dicom/node.h"

namespace lucerna::dicom {

/// What was read as a data set, its text in UTF-8. `backing` is what its views look into, where
/// that is not left to whoever gave it. Throws as DataSet::parse.
[[nodiscard]] DataSet finished(std::unique_ptr<Node> node, std::shared_ptr<const void> backing,
                               const std::string& transfer_syntax_uid);
/// Throws Error(kInvalidInput).
void refuse_larger(std::size_t file_bytes, const Limits& limits);

}  // namespace lucerna::dicom
