#pragma once

#include <cstddef>
#include <limits>
#include <span>
#include <vector>

#include "evaluate/roc.h"

namespace lucerna::evaluate {

/// Below every score: a lesion that nobody marked, a case without false marks.
inline constexpr double kNever = -std::numeric_limits<double>::infinity();

/// One rating of a diseased case. A case's ratings have weights that add up to 1: one rating for
/// ROC, one a lesion for wAFROC.
struct DiseasedRating {
    /// Counted from 0 among the diseased cases.
    std::size_t position = 0;
    double rating = 0;
    double weight = 1;
};

/// The figures of merit that Lucerna reports are two-sample U statistics: the mean, over each
/// diseased case and each normal case, of the weight of the diseased case's ratings above the
/// normal case's (half for equal ones). With its structural components (DeLong et al. 1988) every
/// variance below follows in closed form.
struct TwoSample {
    double value = 0;
    /// V10: what each diseased case contributes; their mean is `value`.
    std::vector<double> of_diseased;
    /// V01: what each normal case contributes; their mean is `value`.
    std::vector<double> of_normal;
};

/// O(n log n). Throws Error(kInvalidInput) without a diseased and a normal case, or for a NaN.
[[nodiscard]] TwoSample two_sample(std::size_t diseased_cases,
                                   std::span<const DiseasedRating> diseased,
                                   std::span<const double> normal);
/// The same of an ROC data set; components stand in the order of the cases of their class.
[[nodiscard]] TwoSample two_sample(std::span<const ScoredCase> cases);

/// Covariance of two figures of the same cases by DeLong et al. (1988); of one with itself its
/// variance. A class of one case contributes 0.
[[nodiscard]] double delong_covariance(const TwoSample& a, const TwoSample& b);

/// Pseudovalues of the jackknife over all cases, diseased ones first: K value - (K - 1) value
/// without the case. Their mean is `value`. Requires two cases of each class, else
/// Error(kInvalidInput).
[[nodiscard]] std::vector<double> pseudovalues(const TwoSample& figure);

/// Covariance of two figures by the jackknife over all cases.
[[nodiscard]] double jackknife_covariance(std::span<const double> pseudovalues_a,
                                          std::span<const double> pseudovalues_b);

/// Two markers read on the same cases.
struct PairedComparison {
    Estimate first;
    Estimate second;
    /// first - second.
    Estimate difference;
    double standard_error = 0;
    double z = 0;
    /// Two-sided. 1 when the two markers order all cases alike.
    double p = 1;
};

/// DeLong's test of two correlated AUCs. Scores beside each other belong to one case; throws
/// Error(kInvalidInput) when sizes or classes differ.
[[nodiscard]] PairedComparison paired_delong(std::span<const ScoredCase> first,
                                             std::span<const ScoredCase> second);

}  // namespace lucerna::evaluate
