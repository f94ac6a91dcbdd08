#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "collection/record.h"

namespace lucerna::collection {

/// Reads a data-set manifest (docs/formats/training-manifest.md): CSV, one row a lesion, one row
/// with an empty box for an image without lesion; rows of one image may lie apart. Order of first
/// appearance is kept. Throws Error(kInvalidInput) that names `name`, the line and what is wrong: a
/// missing column, a row with another number of fields, an unknown laterality, view or label, a
/// number that is none, a box without size or beyond the image's left or upper edge, rows of one
/// image that disagree, labels that contradict each other, a patient in two splits.
[[nodiscard]] std::vector<ImageRecord> parse_manifest(std::string_view csv,
                                                      const std::string& name = "manifest");

/// As above from a file, and each image must be a file beside it (Error(kInvalidInput), the line).
[[nodiscard]] std::vector<ImageRecord> read_manifest(const std::filesystem::path& path);

/// One collection of several. Throws Error(kInvalidInput) naming both rows when two manifests name
/// an image alike or put one patient into different splits.
[[nodiscard]] std::vector<ImageRecord> joined(std::vector<std::vector<ImageRecord>> parts);

/// Throws Error(kInvalidInput) naming the line when a lesion's box leaves a width x height image
/// by more than `tolerance` pixels (annotations are rounded).
void check_boxes(const ImageRecord& record, int width, int height, double tolerance = 2);

/// "manifest.csv, line 12: " and `what`, as Error(kInvalidInput).
[[noreturn]] void refuse_row(const ImageRecord& record, const std::string& what);

}  // namespace lucerna::collection
