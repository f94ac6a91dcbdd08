#pragma once

#include <filesystem>

#include "exam/raster.h"

namespace lucerna::collection {

/// Reads a grey JPEG, PNG (8 or 16 bit) or binary PGM; colour becomes luminance. Values stay as
/// stored (0..255 or 0..65535). Throws Error(kInvalidInput) naming the file.
[[nodiscard]] exam::Raster<float> read_picture_file(const std::filesystem::path& path);

}  // namespace lucerna::collection
