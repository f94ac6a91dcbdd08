#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "dicom/data_set.h"
#include "dicom/frames.h"

namespace lucerna::deidentify {

/// A picture of 8-bit gray values, row by row from the top left.
struct Gray {
    int width = 0;
    int height = 0;
    std::vector<std::uint8_t> values;
    /// Of gray frames: what it shows.
    const dicom::DecodedFrame* of = nullptr;
    /// A part of the range of that over all of it: anatomy has edges as sharp as those of letters
    /// then.
    bool is_stretched = false;
    /// How many of that one's pixels, each way, one of these is.
    int scale = 1;
    [[nodiscard]] std::uint8_t at(int x, int y) const {
        return values[static_cast<std::size_t>(y) * static_cast<std::size_t>(width) +
                      static_cast<std::size_t>(x)];
    }
    /// As it was before it was made gray.
    [[nodiscard]] std::int64_t original(int x, int y) const {
        if (of == nullptr) return at(x, y);
        return of->value(static_cast<std::size_t>(y * scale) *
                             static_cast<std::size_t>(of->columns) +
                         static_cast<std::size_t>(x * scale));
    }
};

/// Calls `look` with frame `number` of `object`, which is `frame` decoded, in each of the ways in
/// which what is drawn into it may stand out, one after the other:
///
/// - gray: all values from the least to the greatest; the same with the gaps between them closed,
///   for a few pixels of another kind (padding, metal, a defect) take the range from all others; as
///   they are shown by the Modality and Presentation LUT without a VOI (PS3.3 C.11.1, C.11.6); and
///   as each of up to 16 VOIs of the header shows it (C.11.2). Not twice what looks the same.
/// - color, palettes among it: red, green and blue, each by itself. Two colors that differ do so in
///   one of them, and not always in how bright they are.
///   Of a gray frame with a supplemental palette, besides.
/// - anything else that can be decoded: each of its samples.
///
/// Of one value alone there is no view. Throws Error as palette_picture and presentation_map.
void for_each_view(const dicom::DataSet& object, int number, const dicom::DecodedFrame& frame,
                   const std::function<void(const Gray&)>& look);

}  // namespace lucerna::deidentify
