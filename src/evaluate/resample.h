#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "evaluate/roc.h"

namespace lucerna::evaluate {

/// Which cluster (patient) each case belongs to, as numbers from 0 in order of first appearance.
struct Clusters {
    std::vector<std::uint32_t> of_case;
    std::uint32_t count = 0;
};
[[nodiscard]] Clusters number_clusters(std::span<const std::string> names);

/// How often each cluster was drawn in one round of a bootstrap.
using Draws = std::span<const std::uint16_t>;

/// Every cluster once: what a figure of the data themselves is computed with.
[[nodiscard]] std::vector<std::uint16_t> every_cluster_once(std::uint32_t count);

/// A figure of a resample; NaN where the resample does not define it (no positive drawn).
using DrawnFigure = std::function<double(Draws)>;

/// A part of a bootstrap's rounds. Rounds are independent and known by their number, so that a
/// caller may split them among threads; the values are the same however they are split.
struct Rounds {
    std::uint64_t first = 0;
    std::uint64_t last = 0;  ///< one past
};

/// Draws `clusters` clusters with replacement (Rutter 2000) in each of `rounds` and computes all
/// `figures` of that one draw, so that differences between them are differences of one resample.
/// Returns values[round - first][figure]. Safe from several threads if the figures are.
[[nodiscard]] std::vector<std::vector<double>> resample(std::uint32_t clusters,
                                                        std::span<const DrawnFigure> figures,
                                                        Rounds rounds, std::uint64_t seed);

/// What the rounds say of one figure.
struct Spread {
    Interval interval;  ///< 2.5th and 97.5th percentile
    double standard_error = 0;
};
/// Empty when fewer than half of `values` are numbers: too few cases to say.
[[nodiscard]] std::optional<Spread> spread_of(std::vector<double> values);

/// Two-sided p of "the figure is 0" by the normal approximation with the bootstrap's standard
/// error; 1 when value and error are 0.
[[nodiscard]] double p_of_zero(double value, double standard_error);

}  // namespace lucerna::evaluate
