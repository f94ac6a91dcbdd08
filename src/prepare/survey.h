#pragma once

#include <cstdint>
#include <vector>

#include "exam/raster.h"
#include "prepare/breast.h"
#include "prepare/pixels.h"

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
    /// `pixels` before they were resampled across (resample_down).
    exam::Raster<float> means;
};

/// Requires pixels, and spacings > 0: the size of one, down and across.
[[nodiscard]] Survey survey_of(const Pixels& pixels, double row_spacing_mm,
                               double column_spacing_mm);

// Both make `survey` what survey_of would make anew, and read fewer pixels than it.

/// After `pixels` were mirrored.
void renew_mirrored(Survey& survey, const Pixels& pixels);
/// After pixels changed that lie within the survey's rows whose entry in `changed` is not 0.
void renew_rows(Survey& survey, const Pixels& pixels, std::vector<std::uint8_t> changed);

}  // namespace lucerna::prepare
