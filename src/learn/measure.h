#pragma once

#include <string>
#include <vector>

#include "evaluate/froc.h"
#include "evaluate/roc.h"
#include "learn/data.h"
#include "learn/prediction.h"

namespace lucerna::learn {

/// How candidates become findings; goes into the manifest, and holds for every figure.
inline constexpr double kMinPresence = 0.02;
inline constexpr double kMaxOverlap = 0.3;
inline constexpr std::size_t kMostFindings = 20;
/// What serving shows at most, and from which presence figures count a mark at all.
inline constexpr std::size_t kShownFindings = 5;

/// What is asked of the marks.
enum class Asked {
    kMasses,     ///< any mass, by presence
    kMalignant,  ///< malignant masses, by suspicion; marks on others do not count
};

/// The predictions beside the truth, in the order of `predictions`; images whose file the set does
/// not know throw Error(kInvalidInput).
[[nodiscard]] std::vector<evaluate::MarkedImage> marked_images(
    const TrainingSet& set, const std::vector<Prediction>& predictions, Asked asked);
[[nodiscard]] std::vector<evaluate::ScoredCase> scored_images(
    const TrainingSet& set, const std::vector<Prediction>& predictions);

/// The same with each image score replaced by the mean, on the logit scale, of those of the views
/// of its breast in its exam.
[[nodiscard]] std::vector<Prediction> read_together(const TrainingSet& set,
                                                    std::vector<Prediction> predictions);

/// One line: image AUC and sensitivities.
[[nodiscard]] std::string summary_of(const TrainingSet& set,
                                     const std::vector<Prediction>& predictions);

}  // namespace lucerna::learn
