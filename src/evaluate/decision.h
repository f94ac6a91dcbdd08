#pragma once

#include <span>
#include <vector>

namespace lucerna::evaluate {

/// Share of positive calls that are right, where positives are as frequent as `prevalence` (Bayes).
/// NaN when nothing is called positive.
[[nodiscard]] double positive_predictive_value(double sensitivity, double specificity,
                                               double prevalence);
/// Share of negative calls that are right; NaN when nothing is called negative.
[[nodiscard]] double negative_predictive_value(double sensitivity, double specificity,
                                               double prevalence);

/// Net benefit of acting on what scores at or above the threshold probability (Vickers and Elkin
/// 2006): true positives less false ones at the odds of the threshold, a person examined.
/// Requires 0 < threshold < 1.
[[nodiscard]] double net_benefit(double sensitivity, double specificity, double prevalence,
                                 double threshold);

/// Adjusts p-values so that the chance of any false claim among them stays below the level at
/// which one is read (Holm 1979). In the order given; never below its own p, at most 1.
[[nodiscard]] std::vector<double> holm(std::span<const double> p_values);

}  // namespace lucerna::evaluate
