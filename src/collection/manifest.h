#pragma once

#include <filesystem>
#include <string_view>
#include <vector>

#include "collection/record.h"

namespace lucerna::collection {

/// Reads a data-set manifest (docs/formats/training-manifest.md): CSV, one row a lesion, one row
/// with an empty box for an image without lesion; rows of one image may lie apart. Order of first
/// appearance is kept. Throws Error(kInvalidInput) that names the line: a missing column, a row
/// with another number of fields, an unknown laterality, view or label, a box without size or left
/// of the image, rows of one image that disagree, a patient in two splits.
[[nodiscard]] std::vector<ImageRecord> parse_manifest(std::string_view csv);

/// As above from a file, and each image must exist beside it (Error(kInvalidInput), the line).
[[nodiscard]] std::vector<ImageRecord> read_manifest(const std::filesystem::path& path);

/// Throws Error(kInvalidInput) naming the line when a lesion's box leaves a width x height image
/// by more than `tolerance` pixels (annotations are rounded).
void check_boxes(const ImageRecord& record, int width, int height, double tolerance = 2);

}  // namespace lucerna::collection
