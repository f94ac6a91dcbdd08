#pragma once

#include <vector>

#include "exam/geometry.h"
#include "exam/reading.h"

namespace lucerna::compose {

/// Coordinates in results are multiples of this part of a stored pixel, on the image: exact as
/// decimals, as doubles and as the 32-bit floats of Graphic Data (0070,0022), so that every format
/// says the same place.
constexpr double kPlaceStep = 1.0 / 16;

/// Moved onto the image (0..columns, 0..rows) and to the nearest step.
[[nodiscard]] exam::Point placed(exam::Point point, const exam::ViewSource& source);
[[nodiscard]] exam::Box placed_box(const exam::Finding& finding, const exam::ViewSource& source);
/// The finding's contour as a polygon whose last corner is not its first; the box where the finding
/// has no contour of at least three different corners.
[[nodiscard]] std::vector<exam::Point> placed_outline(const exam::Finding& finding,
                                                      const exam::ViewSource& source);
/// Of the box.
[[nodiscard]] exam::Point placed_centre(const exam::Finding& finding,
                                        const exam::ViewSource& source);

}  // namespace lucerna::compose
