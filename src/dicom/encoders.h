#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/encoding.h"
#include "dicom/data_set.h"
#include "dicom/frames.h"

namespace lucerna::dicom {

/// How frames come into one transfer syntax. Every one here is lossless.
struct Encoder {
    std::string_view transfer_syntax_uid;
    /// One frame as a codestream. Throws Error(kInternal) where the library fails.
    Bytes (*encode)(const DecodedFrame& frame);
    /// Takes RGB through the reversible color transform of JPEG 2000 (PS3.5 8.2.4): its pixels are
    /// then called YBR_RCT.
    bool transforms_rgb;
};

/// All of them, the one to prefer first: the fastest of those that shrink well.
[[nodiscard]] std::span<const Encoder> encoders();
/// Null where frames are not encoded in that syntax here.
[[nodiscard]] const Encoder* find_encoder(std::string_view transfer_syntax_uid);

/// An object with this header can be written in a syntax of `encoders()` as far as its pixels go
/// (PS3.5 8.2): 8 or 16 bits allocated, one sample or three of a kind that each syntax allows.
/// False for what is no image. Never throws.
[[nodiscard]] bool has_encodable_pixels(const DataSet& header);

/// Frame `frame` (from 0), decoded and encoded anew. Throws Error: as decode_frame; kUnsupported
/// where has_encodable_pixels would say no.
[[nodiscard]] Bytes encoded_frame(const DataSet& data_set, int frame, const Encoder& encoder);
/// A frame as Encoder::encode takes it. Throws as encoded_frame.
[[nodiscard]] DecodedFrame frame_to_encode(const DataSet& data_set, int frame);
/// What the header of an image of `frames` such frames says of them.
[[nodiscard]] PixelLayout layout_of(const DecodedFrame& frame, int frames);
/// In the header, where the pixels are put elsewhere; what those before had lost stays said
/// (keep_loss).
void set_layout(DataSet& data_set, const PixelLayout& layout);
/// To a copy whose pixels hold more than values (decode_cells): where in them the values are.
void copy_value_bits(const DataSet& object, DataSet& copy);
/// A copy with all of its frames encoded: one fragment each, behind a Basic Offset Table.
[[nodiscard]] DataSet encoded(const DataSet& data_set, const Encoder& encoder);

// The libraries. Each is included by one file alone.

[[nodiscard]] Bytes encode_jpeg_ls(const DecodedFrame& frame);
[[nodiscard]] Bytes encode_jpeg2000(const DecodedFrame& frame);
[[nodiscard]] Bytes encode_htj2k(const DecodedFrame& frame);
[[nodiscard]] Bytes encode_jpeg_lossless(const DecodedFrame& frame);
[[nodiscard]] Bytes encode_rle(const DecodedFrame& frame);

}  // namespace lucerna::dicom
