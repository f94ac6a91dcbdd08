#pragma once

#include <optional>
#include <vector>

#include "base/random.h"
#include "exam/geometry.h"
#include "exam/view.h"
#include "phantom/texture.h"

namespace lucerna::phantom {

// Millimetres, seen with the chest wall on the left edge (x = 0) and head or lateral side on top.

/// What both breasts of a woman have in common.
struct Woman {
    double depth_mm = 0;        ///< chest wall to nipple
    double half_height_mm = 0;  ///< of the breast at the chest wall, cranio-caudal view
    double density = 0;         ///< part of the breast that is glandular, 0.1 to 0.8
};

[[nodiscard]] Woman draw_woman(Random random, double width_mm, double height_mm);

/// One breast as it is squeezed for one view.
struct Breast {
    exam::ViewPosition position = exam::ViewPosition::kCc;
    double width_mm = 0;
    double height_mm = 0;
    exam::Point nipple;
    double density = 0;
    /// The skin from the upper to the lower edge of the picture.
    std::vector<exam::Point> skin;
    /// Where the edge of the chest muscle meets the top edge (x) and the chest wall (y); 0 if the
    /// view shows none.
    exam::Point muscle;
};

[[nodiscard]] Breast draw_breast(const Woman& woman, exam::ViewPosition position, double width_mm,
                                 double height_mm, Random random);

/// A value for each square millimetre, read in between by linear interpolation.
class Map {
  public:
    Map(double width_mm, double height_mm);
    [[nodiscard]] float at(double x_mm, double y_mm) const;
    [[nodiscard]] exam::Raster<float>& values() { return values_; }
    /// Where value (column, row) stands.
    [[nodiscard]] static exam::Point place(int column, int row) {
        return {column - 1.0, row - 1.0};
    }

  private:
    exam::Raster<float> values_;
};

/// Distance to the skin, negative outside the breast.
[[nodiscard]] Map depth_below_skin(const Breast& breast);

/// Distance into the chest muscle from its edge, negative outside it; empty if there is none.
[[nodiscard]] double depth_in_muscle(const Breast& breast, double x_mm, double y_mm);

}  // namespace lucerna::phantom
