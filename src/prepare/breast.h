#pragma once

#include <cstdint>

#include "exam/raster.h"
#include "prepare/picture.h"

namespace lucerna::prepare {

/// 1 inside, 0 outside.
using Mask = exam::Raster<std::uint8_t>;

/// How many lines at each edge are the bright frame of a film (or of its scanner).
struct Frame {
    int left = 0;
    int top = 0;
    int right = 0;
    int bottom = 0;
};

/// Works on a survey: the picture at about 1 mm a pixel, with larger values brighter.
[[nodiscard]] Frame bright_frame(const exam::Raster<float>& survey);

/// What is brighter than the background (minimum cross-entropy threshold, Li and Lee 1993, above
/// the background's own level), outside `frame`.
[[nodiscard]] Mask foreground(const exam::Raster<float>& survey, const Frame& frame);

/// The breast in a foreground: its largest connected part after thin bridges are cut, with its
/// holes filled. All zero when there is none.
[[nodiscard]] Mask breast_among(const Mask& bright);

/// The breast among the foreground of a survey.
[[nodiscard]] inline Mask find_breast(const exam::Raster<float>& survey, const Frame& frame) {
    return breast_among(foreground(survey, frame));
}

/// The side of the chest wall, and how much more breast touches it than touches the other side:
/// 1 is undecided, large is sure.
struct ChestWallEvidence {
    ChestWall side = ChestWall::kLeft;
    double ratio = 1;
};
[[nodiscard]] ChestWallEvidence chest_wall_in(const Mask& breast);

/// How much more of its width the breast takes at its top or bottom than of its height at its left
/// or right: the chest wall is the edge where it takes most. 1 is undecided, small is upright; it
/// is not more than 1 where the breast is not wider than high.
[[nodiscard]] double lying_in(const Mask& breast);

}  // namespace lucerna::prepare
