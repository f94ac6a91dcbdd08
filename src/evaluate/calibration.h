#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "evaluate/roc.h"

namespace lucerna::evaluate {

/// score = 1 / (1 + exp(-(a * logit(raw) + b))).
struct PlattScaling {
    double a = 1;
    double b = 0;
    /// `raw` is clamped to [1e-6, 1 - 1e-6] first.
    [[nodiscard]] double apply(double raw) const;
};

/// Maximum likelihood fit of a and b on raw probabilities, with Platt's (1999) smoothed targets,
/// by Newton's method (Lin, Lin and Weng 2007). Throws Error(kInvalidInput) unless both classes
/// occur.
[[nodiscard]] PlattScaling fit_platt(std::span<const ScoredCase> cases);

/// Mean squared difference between probability and outcome (Brier 1950).
[[nodiscard]] double brier_score(std::span<const ScoredCase> cases);

/// Expected calibration error over `bins` bins of equal width.
[[nodiscard]] double expected_calibration_error(std::span<const ScoredCase> cases, int bins = 10);

/// How outcomes follow scores (Cox 1958; Van Calster et al. 2019), each with a 95% interval whose
/// variance keeps a patient's cases together (sandwich over clusters).
struct CalibrationFit {
    /// 1 when scores are neither too bold (below 1) nor too timid (above 1).
    Estimate slope;
    /// 0 when scores are right on average, given that slope.
    Estimate intercept;
    /// Calibration in the large: the intercept with the slope held at 1.
    Estimate intercept_at_slope_one;
};

/// Logistic regression of the outcome on the logit of the score. `cluster_of_case` stands beside
/// `cases`. Throws Error(kInvalidInput) unless both classes occur, the score varies, and
/// outcomes are not separated by it (no finite slope fits then).
[[nodiscard]] CalibrationFit fit_calibration(std::span<const ScoredCase> cases,
                                             std::span<const std::uint32_t> cluster_of_case);

/// The probability that a case has where positives are as frequent as `to`, when `probability` is
/// right where they are as frequent as `from` (Saerens et al. 2002): the odds change by the ratio
/// of prior odds. All three in (0, 1); probability may be 0 or 1.
[[nodiscard]] double at_prevalence(double probability, double from, double to);

/// One bin of a reliability diagram.
struct CalibrationBin {
    double mean_score = 0;
    double observed = 0;
    std::size_t cases = 0;
    Interval wilson;
};
/// Bins of equally many cases in rising score, at most `bins`, none empty.
[[nodiscard]] std::vector<CalibrationBin> calibration_bins(std::span<const ScoredCase> cases,
                                                           int bins = 10);

}  // namespace lucerna::evaluate
