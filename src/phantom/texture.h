#pragma once

#include <utility>

#include "base/random.h"
#include "exam/raster.h"

namespace lucerna::phantom {

using Field = exam::Raster<float>;

/// Two independent random fields, `size` x `size`, that repeat at their edges, of mean 0 and
/// variance 1, whose power spectrum falls as 1 / f^beta up from `lowest_cycles` per side.
/// Mammograms have beta about 3 (Burgess et al., Med Phys 28:419, 2001).
/// Requires a power of two.
[[nodiscard]] std::pair<Field, Field> power_law_fields(int size, double beta, double lowest_cycles,
                                                       Random random);

/// Linear interpolation at (x, y) in pixels of a field that repeats at its edges.
[[nodiscard]] inline float sampled(const Field& field, double x, double y) {
    const int mask = field.width - 1;
    const auto left = static_cast<int>(x);
    const auto top = static_cast<int>(y);
    const auto right_part = static_cast<float>(x - left);
    const auto lower_part = static_cast<float>(y - top);
    const float a = field.at(left & mask, top & mask);
    const float b = field.at((left + 1) & mask, top & mask);
    const float c = field.at(left & mask, (top + 1) & mask);
    const float d = field.at((left + 1) & mask, (top + 1) & mask);
    const float upper = a + right_part * (b - a);
    const float lower = c + right_part * (d - c);
    return upper + lower_part * (lower - upper);
}

}  // namespace lucerna::phantom
