#pragma once

#include <vector>

#include "exam/geometry.h"
#include "learn/network.h"

namespace lucerna::learn {

/// Where the finder thinks that a mass may be.
struct Place {
    /// In pixels of the picture.
    exam::Box box;
    /// The finder's logit.
    double found = 0;
};

/// The highest peaks of each picture's presence map (equal to the maximum of their kPeakWindow
/// neighbourhood), at most `most`, highest first.
[[nodiscard]] std::vector<std::vector<Place>> places_of(const FinderMaps& maps, int most);

}  // namespace lucerna::learn
