#pragma once

#include <string>

#include "base/encoding.h"
#include "exam/raster.h"

namespace lucerna::collection {

/// Decodes a grey JPEG, PNG or TIFF (8 or 16 bit) or binary PGM; the first bytes say which. Colour
/// becomes luminance, larger is brighter. Values stay as stored (0..255 or 0..65535). Throws
/// Error(kInvalidInput) naming the picture by `name`.
[[nodiscard]] exam::Raster<float> read_picture(ByteView bytes, const std::string& name);

}  // namespace lucerna::collection
