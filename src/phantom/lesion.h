#pragma once

#include "base/random.h"
#include "exam/geometry.h"
#include "phantom/phantom.h"
#include "phantom/texture.h"

namespace lucerna::phantom {

/// A lesion as it is in the breast, before any view of it.
struct Lesion {
    FindingKind kind = FindingKind::kLobulatedMass;
    double diameter_mm = 0;
    /// Brightness that it adds at its middle, in parts of the full range.
    double contrast = 0;
    /// Draws its shape: the same lesion has the same parts in both views.
    std::uint64_t shape_seed = 0;
};

[[nodiscard]] Lesion draw_lesion(Random random);

/// What a lesion adds to a picture.
struct Patch {
    Field values;
    /// Middle of the lesion, in pixels of `values`.
    exam::Point middle;
    /// Around the values of at least a quarter of the greatest, in pixels of `values`.
    exam::Box box;
};

/// The lesion projected along the axis that a view looks along: 0 for cranio-caudal, 1 for oblique.
[[nodiscard]] Patch project(const Lesion& lesion, int axis, double spacing_mm);

}  // namespace lucerna::phantom
