#pragma once

#include <vector>

#include "dicom/frames.h"

namespace lucerna::deidentify {

/// In pixels, from the top left.
struct Box {
    int x = 0;
    int y = 0;
    int width = 0;
    int height = 0;
    friend bool operator==(const Box&, const Box&) = default;
};

/// Lines of text that were drawn into a picture, by their looks and without reading them: three or
/// more separate strokes of one level, brighter or darker than what is around them, of one height,
/// in a row, in one of the views of the frame (gray_views.h). A box of each line with a margin of
/// half its height.
///
/// It finds horizontal printed lines from 7 pixels to a third of the picture in height that stand
/// out from what they stand on; large ones where they are of one value, those of a stretched view
/// where they are of nearly one. Not handwriting, rotated lines, one or two letters alone, letters
/// that touch, or faint ones. How many of our own: bench/burned_in_text.py, figures in
/// docs/deidentification.md.
[[nodiscard]] std::vector<Box> detect_text(const dicom::DataSet& object, int number,
                                           const dicom::DecodedFrame& frame);

}  // namespace lucerna::deidentify
