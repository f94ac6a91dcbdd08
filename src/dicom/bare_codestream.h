#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "base/encoding.h"
#include "dicom/pixel_layout.h"
#include "dicom/uids.h"

namespace lucerna::dicom {

/// What lay beside the pixels and was left out of them.
struct LeftOut {
    /// "comment", "application-data", "marker-segments", "boxes", "after-the-end", "rle-surplus",
    /// "offset-table", "surplus-bytes".
    std::string_view what;
    std::size_t bytes = 0;
};

/// One frame's codestream with nothing in it but what its decoding takes, in its order: of JPEG
/// (T.81 B) and JPEG-LS (T.87 C) no COM and no APPn but those that decoders go by (JFIF without its
/// thumbnail, Adobe's, the color transform of JPEG-LS) and no DAC without arithmetic coding, of
/// JPEG 2000 (T.800 A) no COM, no boxes and no marker segment that decoders do not go by, of RLE
/// (PS3.5 G) no byte that gives no sample; nothing behind the end. What the entropy-coded data hold
/// is not looked into. Adds to `left_out` what was left out, but for a padding byte.
///
/// A comment in the header of a tile-part is overwritten, so that no length changes that others
/// count by.
///
/// Throws Error: kInvalidInput where it cannot be walked through to its end, kUnsupported for a
/// codec that has no codestream here.
[[nodiscard]] Bytes bare_codestream(ByteView codestream, Codec codec, const StoredLayout& layout,
                                    std::vector<LeftOut>& left_out);

}  // namespace lucerna::dicom
