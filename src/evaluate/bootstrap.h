#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "evaluate/roc.h"

namespace lucerna::evaluate {

/// Indices of the cases of each cluster (patient), in order of first appearance.
[[nodiscard]] std::vector<std::vector<std::size_t>> clusters_of(
    std::span<const std::string> cluster_names);

/// A figure of a resample, given as indices into the cases (repeats allowed); empty when the
/// resample does not define it (no positive drawn).
using Statistic = std::function<std::optional<double>(std::span<const std::size_t> indices)>;

/// Percentile interval of a bootstrap that draws whole clusters with replacement (Rutter 2000), so
/// that images of one patient stay together. `low` and `high` are the 2.5th and 97.5th percentile.
/// Same seed, same interval. Throws Error(kInvalidInput) when fewer than half of the rounds define
/// the statistic.
[[nodiscard]] Interval cluster_bootstrap(std::span<const std::vector<std::size_t>> clusters,
                                         const Statistic& statistic, int rounds,
                                         std::uint64_t seed);

}  // namespace lucerna::evaluate
