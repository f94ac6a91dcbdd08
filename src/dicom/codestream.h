#pragma once

#include <cstddef>

#include "base/encoding.h"
#include "dicom/pixel_layout.h"
#include "dicom/uids.h"

namespace lucerna::dicom {

/// What the header of a compressed frame says of itself.
struct CodestreamHeader {
    int rows = 0;
    int columns = 0;
    int components = 0;
    /// Bits of a sample.
    int precision = 0;
    bool is_signed = false;
    /// How often it can be had at half the size (JPEG 2000).
    int halvings = 0;
    /// What decoders need beside the frame: so much for each sample that is decoded, and for all.
    std::size_t working_bytes_a_sample = 0;
    std::size_t working_bytes = 0;
};

/// Reads it without decoding: SOF of JPEG (ITU-T T.81 B.2.2) and JPEG-LS (T.87 C.2.2), SIZ of
/// JPEG 2000 (T.800 A.5.1), or checks the header of RLE (PS3.5 G.5) against `layout`. Throws
/// Error(kInvalidInput) where there is none or it asks for more tiles than is sane.
[[nodiscard]] CodestreamHeader codestream_header(ByteView codestream, Codec codec,
                                                 const StoredLayout& layout);

/// Throws Error(kInvalidInput) where Rows, Columns, Samples per Pixel or Bits Allocated contradict
/// the codestream.
void require_agreement(const CodestreamHeader& header, const StoredLayout& layout);

/// A JPEG 2000 codestream without the boxes of JP2 (T.800 Annex I) that some writers put around it.
[[nodiscard]] ByteView without_boxes(ByteView jpeg2000);

/// Begins as a codestream of `codec` does.
[[nodiscard]] bool begins_codestream(ByteView fragment, Codec codec);

}  // namespace lucerna::dicom
