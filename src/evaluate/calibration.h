#pragma once

#include <span>

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

}  // namespace lucerna::evaluate
