#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "exam/geometry.h"

namespace lucerna::compose {

/// A text as lines to draw: no font file, no library, the same on every machine.
struct StrokedText {
    std::vector<std::vector<exam::Point>> strokes;
    /// From the left edge of the first letter to the right edge of the last.
    double width = 0;
};

/// Capitals are `cap_height` high, on a base line at y = `cap_height`; descenders reach a quarter
/// below it. ASCII; every other character of UTF-8 is drawn as "?".
[[nodiscard]] StrokedText stroked(std::string_view text, double cap_height);

/// Breaks at blanks so that no line is wider than `width`; a longer word stands alone.
[[nodiscard]] std::vector<std::string> wrapped(std::string_view text, double cap_height,
                                               double width);

}  // namespace lucerna::compose
