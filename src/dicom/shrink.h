#pragma once

#include <functional>
#include <span>

#include "dicom/render.h"

namespace lucerna::dicom {

struct RowsOf {
    int width = 0;
    int height = 0;
    int channels = 1;
};

/// Writes row `y` of the source, channels side by side, 0 to 255.
using SourceRow = std::function<void(int y, std::span<float> row)>;

/// A smaller picture, each of whose pixels is the exact average of the source that it covers.
/// Requires 1 <= width <= source.width and the same of the height. Rows are asked for once each,
/// from the top down.
[[nodiscard]] Picture8 shrunk_rows(const RowsOf& source, int width, int height,
                                   const SourceRow& source_row);

}  // namespace lucerna::dicom
