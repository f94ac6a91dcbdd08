#pragma once

#include <cstdint>
#include <vector>

#include "exam/raster.h"
#include "prepare/breast.h"
#include "prepare/picture.h"

namespace lucerna::prepare {

/// A picture at about 1 mm a pixel, and what is seen in it.
struct Survey {
    exam::Raster<float> pixels;
    /// One survey pixel is `scale_x` x `scale_y` picture pixels; both >= 1.
    double scale_x = 1;
    double scale_y = 1;
    Frame frame;
    /// What is brighter than the background, and the breast among it: of the survey's size.
    Mask bright;
    Mask breast;
};

/// Requires a picture with pixels and spacings.
[[nodiscard]] Survey survey_of(const Picture& picture);

/// `survey` was of `picture` before pixels changed that lie within the survey's rows whose entry in
/// `changed` is not 0; it becomes what survey_of would make anew.
void renew(Survey& survey, const Picture& picture, std::vector<std::uint8_t> changed);

}  // namespace lucerna::prepare
