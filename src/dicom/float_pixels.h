#pragma once

#include <optional>

#include "dicom/data_set.h"

namespace lucerna::dicom {

/// Frame `frame` (from 0) of Float or Double Float Pixel Data (PS3.3 C.7.6.24, C.7.6.25) where it
/// lies in `data_set`: one sample of 32 or 64 bits a pixel, row by row, little endian. Nothing
/// where there is none of the two. Throws Error: kNotFound if there is no such frame, kInvalidInput
/// where they have less bytes than the header's frames take.
[[nodiscard]] std::optional<ByteView> float_frame(const DataSet& data_set, int frame);

}  // namespace lucerna::dicom
