#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/encoding.h"
#include "dicom/data_set.h"
#include "dicom/vr.h"

namespace lucerna::dicom {

/// A DICOM file but for the value of its Pixel Data.
struct AroundPixels {
    /// To the end of that element's header.
    Bytes before;
    /// Where in it the data set begins.
    std::size_t data_set_offset = 0;
    Bytes after;
};

/// What DataSet::to_part10 writes around pixels, in a little endian syntax; encapsulated ones where
/// `native_bytes` is empty. Throws as it does.
[[nodiscard]] AroundPixels around_pixels(const DataSet& data_set,
                                         std::string_view transfer_syntax_uid, Vr vr,
                                         std::optional<std::uint64_t> native_bytes);

/// What all frames take once they are decoded, as the header says. Throws Error(kUnsupported) where
/// that is many times what they are decoded from, as no pictures are; and as stored_layout_of.
[[nodiscard]] std::size_t bytes_of_all_frames(const DataSet& data_set);

}  // namespace lucerna::dicom
