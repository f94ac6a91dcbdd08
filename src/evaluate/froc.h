#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "evaluate/ranking.h"
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

/// Marks sorted once, so that a sensitivity of a resample is one pass; the images of a cluster
/// count as often as it was drawn. Agrees with froc_sensitivities. Safe from several threads.
class FrocRanking {
  public:
    /// `cluster_of_image` stands beside `images`; clusters are 0 .. clusters-1.
    FrocRanking(std::span<const MatchedImage> images,
                std::span<const std::uint32_t> cluster_of_image, std::uint32_t clusters);

    /// NaN when no target was drawn.
    [[nodiscard]] double sensitivity_at(Draws draws, double false_rate) const;

  private:
    struct Entry {
        std::uint32_t cluster = 0;
        bool found = false;
        bool last_of_score = false;
    };
    std::vector<Entry> entries_;
    /// Images and targets of each cluster.
    std::vector<std::pair<std::uint32_t, std::uint32_t>> sizes_;
};

/// Whose false marks wAFROC counts.
enum class FalseMarks {
    kOfNormals,  ///< wAFROC: the highest false mark of each image without targets
    kOfAll,      ///< wAFROC1: of every image, for sets that have few normal images or none
};

/// The items of which a Ranking is the weighted AFROC analysis (Chakraborty and Zhai 2016): its
/// `auc` is the figure of merit, its `curve` the wAFROC with the straight end to (1, 1). Targets of
/// one image share its weight equally; a target that was not found and an image without false marks
/// rate below every mark. Images may be left out by `counts[i]` = false (empty: all count).
[[nodiscard]] std::vector<RankedItem> wafroc_items(std::span<const MatchedImage> images,
                                                   std::span<const std::uint32_t> cluster_of_image,
                                                   const std::vector<bool>& counts,
                                                   FalseMarks false_marks);

}  // namespace lucerna::evaluate
