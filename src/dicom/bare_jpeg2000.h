#pragma once

#include <vector>

#include "base/encoding.h"
#include "dicom/bare_codestream.h"

namespace lucerna::dicom {

/// bare_codestream() of JPEG 2000 and HTJ2K (T.800 A, T.814 A), whatever boxes are around it.
/// Marker segments that decoders do not go by are left out (TLM and PLT only where they are not
/// what the tile-parts are), so that Psot and TLM may change; those that they do hold what theirs
/// is to hold. Packed packet headers and what Part 2 adds are refused.
[[nodiscard]] Bytes bare_jpeg2000(ByteView codestream, std::vector<LeftOut>& left_out);

}  // namespace lucerna::dicom
