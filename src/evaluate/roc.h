#pragma once

#include <span>
#include <vector>

namespace lucerna::evaluate {

/// The 97.5% point of the standard normal: half-width of a 95% interval in standard errors.
inline constexpr double kNormal975 = 1.959963984540054;

struct Interval {
    double low = 0;
    double high = 0;
};

/// A figure with its 95% interval.
struct Estimate {
    double value = 0;
    Interval interval;
};

/// One scored case. Larger scores mean more suspicious.
struct ScoredCase {
    double score = 0;
    bool positive = false;
};

/// Area under the ROC curve: the Mann-Whitney statistic, ties count one half.
/// Throws Error(kInvalidInput) without at least one positive and one negative, or for a NaN.
[[nodiscard]] double roc_auc(std::span<const ScoredCase> cases);

/// AUC with the 95% interval of DeLong, DeLong and Clarke-Pearson (Biometrics 1988), by the
/// midrank algorithm of Sun and Xu (2014): O(n log n). The interval is clamped to [0, 1].
[[nodiscard]] Estimate delong_auc(std::span<const ScoredCase> cases);

/// One point of the ROC curve: reached by calling positive whatever scores >= threshold.
struct RocPoint {
    double threshold = 0;
    double sensitivity = 0;
    double specificity = 0;
};

/// From the strictest threshold to the laxest, one point per distinct score.
[[nodiscard]] std::vector<RocPoint> roc_curve(std::span<const ScoredCase> cases);

}  // namespace lucerna::evaluate
