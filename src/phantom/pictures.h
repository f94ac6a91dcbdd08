#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "exam/raster.h"
#include "exam/view.h"
#include "phantom/anatomy.h"
#include "phantom/phantom.h"

namespace lucerna::phantom {

/// One view as the detector gives it: right breasts have the chest wall on the right.
struct DrawnView {
    exam::ViewName name;
    exam::Raster<std::uint16_t> pixels;
    /// Without SOP Instance UID.
    std::vector<Truth> truth;
    Breast breast;
};

/// Draws R-CC, L-CC, R-MLO and L-MLO and hands each over before the next is drawn, so that one
/// picture is held at once. Throws Error(kInvalidInput) for options out of range.
void draw_views(const PhantomOptions& options, const std::function<void(DrawnView)>& take);

}  // namespace lucerna::phantom
