#pragma once

#include <cstdint>
#include <vector>

#include "exam/raster.h"
#include "prepare/pixels.h"

namespace lucerna::prepare {

/// Resamples so that result pixel (i, j) covers source [i*scale_x, (i+1)*scale_x) x
/// [j*scale_y, (j+1)*scale_y): the exact area average along an axis whose scale is >= 1, linear
/// interpolation along one whose scale is smaller. What lies past the source's edge repeats it.
/// Requires a source with pixels, scales > 0, width and height >= 1.
[[nodiscard]] exam::Raster<float> resampled(const Pixels& source, int width, int height,
                                            double scale_x, double scale_y);
[[nodiscard]] exam::Raster<float> resampled(const exam::Raster<float>& source, int width,
                                            int height, double scale_x, double scale_y);

// The same in two steps, for who resamples one picture more than once.

/// Down: row `j` of `means`, which has the source's width, is what covers [j*scale_y,
/// (j+1)*scale_y) of the source, in the order in which the source's rows are stored. Only the rows
/// whose entry in `rows` is not 0 are worked out. Requires an entry for each.
void resample_down(const Pixels& source, double scale_y, const std::vector<std::uint8_t>& rows,
                   exam::Raster<float>& means);
/// Across: `means` to what is seen of them.
[[nodiscard]] exam::Raster<float> resampled_across(const exam::Raster<float>& means, bool mirrored,
                                                   int width, double scale_x);

/// To the `width` x `height` pixels whose top left is at (x, y). Requires that they lie within.
[[nodiscard]] exam::Raster<float> cut(const exam::Raster<float>& raster, int x, int y, int width,
                                      int height);

}  // namespace lucerna::prepare
