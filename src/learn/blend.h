#pragma once

#include <span>
#include <vector>

#include "learn/data.h"
#include "learn/prediction.h"

namespace lucerna::learn {

/// How the parts of the network's opinion become the scores that it puts out (all logistic):
///   presence  = s(found * f + looked * l + bias)
///   suspicion = presence * s(malignancy * m + bias)
///   image     = s(top * logit(largest suspicion) + mean * m + context * c + bias),
/// with f, l the logits of finder and judge, m that of malignancy, in the image's score averaged by
/// squared presence, c the logit of the breast as a whole. Few numbers, fitted on out-of-fold
/// predictions; the judge is surer of malignancy than it is right, which the weight of m takes
/// back.
struct Blend {
    double found = 0.5;
    double looked = 0.5;
    double presence_bias = 0;
    double malignancy = 1;
    double malignancy_bias = 0;
    double top = 0.5;
    double mean = 0.5;
    double context = 0.5;
    double image_bias = 0;
};

/// Keeps the logarithms of a blend finite.
inline constexpr double kLeastSuspicion = 1e-4;
inline constexpr double kLeastPresence = 1e-3;

[[nodiscard]] Prediction blended(const RawPrediction& raw, const Blend& blend);

/// Maximum likelihood with a small ridge: presence on every candidate of every image, malignancy on
/// those that lie on a lesion of known pathology, then image on every image. Throws
/// Error(kInvalidInput) where `set` lacks an image.
[[nodiscard]] Blend fit_blend(const TrainingSet& set, const std::vector<RawPrediction>& raw);

/// Each fold's predictions by a blend that was fitted on the other folds.
[[nodiscard]] std::vector<Prediction> blended_across_folds(const TrainingSet& set,
                                                           const std::vector<RawPrediction>& raw);

/// Logistic regression by Newton's method: weights of each feature, the constant last.
/// `rows` of equal length; `ridge` on all but the constant, towards zero.
[[nodiscard]] std::vector<double> fit_logistic(std::span<const std::vector<double>> rows,
                                               const std::vector<bool>& outcomes, double ridge);

}  // namespace lucerna::learn
