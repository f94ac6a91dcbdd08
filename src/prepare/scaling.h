#pragma once

#include <cstdint>
#include <vector>

#include "exam/raster.h"

namespace lucerna::prepare {

/// Resamples so that result pixel (i, j) covers source [i*scale_x, (i+1)*scale_x) x
/// [j*scale_y, (j+1)*scale_y): the exact area average along an axis whose scale is >= 1, linear
/// interpolation along one whose scale is smaller. What lies past the source's edge repeats it.
/// Requires a source with pixels, scales > 0, width and height >= 1.
[[nodiscard]] exam::Raster<float> resampled(const exam::Raster<float>& source, int width,
                                            int height, double scale_x, double scale_y);

/// The same for those rows of `result` alone whose entry in `rows` is not 0. Requires an entry for
/// each row.
void resample_rows(const exam::Raster<float>& source, double scale_x, double scale_y,
                   const std::vector<std::uint8_t>& rows, exam::Raster<float>& result);

/// Left to right, in place.
void mirror(exam::Raster<float>& raster);
/// Top to bottom, in place.
void turn_over(exam::Raster<float>& raster);
/// To the `width` x `height` pixels whose top left is at (x, y), in place: a large picture stays
/// where it is in memory. Requires that they lie within.
void cut(exam::Raster<float>& raster, int x, int y, int width, int height);

}  // namespace lucerna::prepare
