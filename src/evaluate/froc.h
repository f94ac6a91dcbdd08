#pragma once

#include <span>
#include <vector>

#include "exam/geometry.h"

namespace lucerna::evaluate {

/// When a mark counts as finding a lesion.
enum class HitRule {
    kCentre,   ///< the mark's centre lies inside the lesion's box
    kOverlap,  ///< intersection over union >= 0.2
};

struct Mark {
    exam::Box box;
    double score = 0;
};

struct MarkedImage {
    std::vector<Mark> marks;
    /// The lesions that are to be found.
    std::vector<exam::Box> targets;
    /// Lesions that are there but not asked for (benign ones when malignant ones are counted):
    /// marks on them count neither as found nor as false.
    std::vector<exam::Box> ignored;
};

/// What each mark of an image is worth once: the marks that found a target first (highest score
/// first; a target is found once, further hits on it are dropped) and the false ones.
struct MatchedImage {
    /// The score at which each target is found; a target that is never found has none.
    std::vector<double> found;
    std::vector<double> falses;
    std::size_t targets = 0;
};

[[nodiscard]] MatchedImage match_marks(const MarkedImage& image, HitRule rule);

/// Free-response ROC (Chakraborty): the highest sensitivity over all thresholds at which the mean
/// number of false marks per image stays at or below each of `false_rates`. Empty targets
/// altogether throw Error(kInvalidInput).
[[nodiscard]] std::vector<double> froc_sensitivities(std::span<const MatchedImage> images,
                                                     std::span<const double> false_rates);

/// As above for the images of these indices (repeats allowed), for a bootstrap.
[[nodiscard]] std::vector<double> froc_sensitivities(std::span<const MatchedImage> images,
                                                     std::span<const std::size_t> indices,
                                                     std::span<const double> false_rates);

struct FrocPoint {
    double threshold = 0;
    double false_marks_per_image = 0;
    double sensitivity = 0;
};
[[nodiscard]] std::vector<FrocPoint> froc_curve(std::span<const MatchedImage> images);

}  // namespace lucerna::evaluate
