#pragma once

#include "exam/raster.h"

namespace lucerna::prepare {

/// Resamples so that result pixel (i, j) covers source [i*scale_x, (i+1)*scale_x) x
/// [j*scale_y, (j+1)*scale_y): the exact area average along an axis whose scale is >= 1, linear
/// interpolation along one whose scale is smaller. What lies past the source's edge repeats it.
/// Requires a source with pixels, scales > 0, width and height >= 1.
[[nodiscard]] exam::Raster<float> resampled(const exam::Raster<float>& source, int width,
                                            int height, double scale_x, double scale_y);

/// Left to right, in place.
void mirror(exam::Raster<float>& raster);
/// Top to bottom, in place.
void turn_over(exam::Raster<float>& raster);

}  // namespace lucerna::prepare
