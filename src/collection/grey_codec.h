#pragma once

#include <cstdint>

#include "base/encoding.h"
#include "exam/raster.h"

namespace lucerna::collection {

/// Compresses an 8-bit picture (docs/formats/training-cache.md, "Pictures"): several predictors
/// weighted by how they did beside the pixel, as in JPEG XL's (ISO/IEC 18181-1), and an adaptive
/// binary range coder. With `loss` n every pixel comes back within n of what it was, with 0 exactly
/// (as NEAR in JPEG-LS, ITU-T T.87). `loss` is 0 to 15. Integers only: every machine decodes alike.
[[nodiscard]] Bytes encode_grey(const exam::Raster<std::uint8_t>& picture, int loss = 0);

/// Back into `picture`, whose size says how many pixels there are. Bytes that were not written for
/// that size and loss give some picture: whoever keeps them has to keep a hash too.
void decode_grey(ByteView packed, int loss, exam::Raster<std::uint8_t>& picture);

}  // namespace lucerna::collection
