#pragma once

#include "dicom/data_set.h"
#include "dicom/frames.h"
#include "dicom/pixel_layout.h"

namespace lucerna::dicom {

/// Which bits of a sample are its value (PS3.5 8.1.1): `count` of them from `low` up.
struct ValueBits {
    int low = 0;
    int count = 16;
    bool is_signed = false;
};

/// Overlay planes lie in the bits beside the values, as before 2004 (PS3.3 C.9.2): a group that has
/// an Overlay Bit Position there and no Overlay Data.
[[nodiscard]] bool has_embedded_overlay(const DataSet& data_set, const StoredLayout& layout);

/// Beside the value of some sample lies something: what is neither zero nor, above a negative one,
/// its sign.
[[nodiscard]] bool has_bits_beside(const DecodedFrame& frame, const ValueBits& value);

/// Every sample is its value and nothing else: in the lowest bits, its sign in all above. Throws as
/// decode_frame.
[[nodiscard]] bool are_values_alone(const DataSet& data_set, int frame);

/// Moves each value to the lowest bits, clears what is beside it and extends its sign.
void keep_values(DecodedFrame& frame, const ValueBits& value);

}  // namespace lucerna::dicom
