#pragma once

#include "base/random.h"
#include "phantom/anatomy.h"
#include "phantom/texture.h"

namespace lucerna::phantom {

/// The breast as a processed digital mammogram shows it, without noise, from 0 (air, exactly) to
/// about 0.8, `columns` x `rows` pixels of `spacing_mm`: chest wall on the left.
[[nodiscard]] Field draw_tissue(const Breast& breast, const Map& depth_below_skin, int columns,
                                int rows, double spacing_mm, Random random);

/// Adds the noise of a detector to everything above 0, and rounds to stored values of 12 bits.
[[nodiscard]] exam::Raster<std::uint16_t> exposed(const Field& tissue, Random random);

}  // namespace lucerna::phantom
