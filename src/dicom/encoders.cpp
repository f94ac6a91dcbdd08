#include "dicom/encoders.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "base/error.h"
#include "dicom/pixel_layout.h"

namespace lucerna::dicom {
namespace {

namespace ts = transfer_syntax;

constexpr auto kEncoders = std::to_array<Encoder>({
    {ts::kJpegLsLossless, encode_jpeg_ls, false},
    {ts::kHtj2kLossless, encode_htj2k, true},
    {ts::kJpeg2000Lossless, encode_jpeg2000, true},
    {ts::kJpegLosslessSv1, encode_jpeg_lossless, false},
    {ts::kRleLossless, encode_rle, false},
});

/// What every syntax above allows (PS3.5 Tables 8.2.1-1, 8.2.2-1, 8.2.3-1, 8.2.4-1), as it is once
/// decoded.
bool is_allowed(std::string_view interpretation, int samples_per_pixel) {
    if (samples_per_pixel == 3) return interpretation == "RGB" || interpretation == "YBR_FULL";
    return samples_per_pixel == 1 &&
           (interpretation == "MONOCHROME1" || interpretation == "MONOCHROME2" ||
            interpretation == "PALETTE COLOR");
}

/// Decoded they are one of those above.
bool is_allowed_once_decoded(const StoredLayout& layout) {
    const std::string& stored = layout.photometric_interpretation;
    constexpr std::array kOthers = {"YBR_FULL_422", "YBR_PARTIAL_420", "YBR_RCT", "YBR_ICT"};
    return is_allowed(stored, layout.samples_per_pixel) ||
           (layout.samples_per_pixel == 3 &&
            std::find(kOthers.begin(), kOthers.end(), stored) != kOthers.end());
}

}  // namespace

DecodedFrame frame_to_encode(const DataSet& data_set, int frame) {
    if (!has_encodable_pixels(data_set)) {
        throw Error(
            ErrorCode::kUnsupported,
            "pixels of this layout are not compressed here; 8 or 16 bits are, of one sample "
            "or of RGB and YBR_FULL");
    }
    DecodedFrame decoded = decode_cells(data_set, frame);
    if (!is_allowed(decoded.photometric_interpretation, decoded.samples_per_pixel)) {
        throw Error(ErrorCode::kUnsupported, "pixels that decode to " +
                                                 decoded.photometric_interpretation +
                                                 " are not compressed here");
    }
    return decoded;
}

PixelLayout layout_of(const DecodedFrame& frame, int frames) {
    return {frame.rows,
            frame.columns,
            frame.samples_per_pixel,
            frame.photometric_interpretation,
            frame.bits_allocated,
            frame.bits_stored,
            frame.is_signed,
            frames};
}

void copy_value_bits(const DataSet& object, DataSet& copy) {
    const StoredLayout layout = stored_layout_of(object);
    copy.set_integer(tags::kBitsStored, layout.bits_stored);
    copy.set_integer(tags::kHighBit, layout.high_bit);
}

std::span<const Encoder> encoders() {
    return kEncoders;
}

const Encoder* find_encoder(std::string_view transfer_syntax_uid) {
    const auto* const found = std::find_if(
        kEncoders.begin(), kEncoders.end(),
        [&](const Encoder& encoder) { return encoder.transfer_syntax_uid == transfer_syntax_uid; });
    return found == kEncoders.end() ? nullptr : found;
}

bool has_encodable_pixels(const DataSet& header) {
    try {
        const StoredLayout layout = stored_layout_of(header);
        return (layout.bits_allocated == 8 || layout.bits_allocated == 16) &&
               is_allowed_once_decoded(layout);
    } catch (const Error&) {
        return false;
    }
}

Bytes encoded_frame(const DataSet& data_set, int frame, const Encoder& encoder) {
    return encoder.encode(frame_to_encode(data_set, frame));
}

DataSet encoded(const DataSet& data_set, const Encoder& encoder) {
    const int frames = frame_count(data_set);
    if (frames == 0) {
        throw Error(ErrorCode::kUnsupported, "an object without pixels cannot be written in " +
                                                 std::string(encoder.transfer_syntax_uid));
    }
    PixelLayout layout;
    bool has_more_than_values = false;
    std::vector<Bytes> codestreams;
    for (int i = 0; i < frames; ++i) {
        const DecodedFrame frame = frame_to_encode(data_set, i);
        if (i == 0) layout = layout_of(frame, frames);
        layout.bits_stored = std::max(layout.bits_stored, frame.bits_stored);
        has_more_than_values |= frame.has_more_than_values;
        codestreams.push_back(encoder.encode(frame));
    }
    if (encoder.transforms_rgb && layout.photometric_interpretation == "RGB")
        layout.photometric_interpretation = "YBR_RCT";
    DataSet copy = data_set.clone();
    copy.set_encapsulated_pixels(layout, std::move(codestreams), encoder.transfer_syntax_uid);
    if (has_more_than_values) copy_value_bits(data_set, copy);
    return copy;
}

}  // namespace lucerna::dicom
