#include "evaluate/bootstrap.h"

#include <algorithm>
#include <unordered_map>

#include "base/error.h"
#include "base/random.h"

namespace lucerna::evaluate {
namespace {

/// Linear interpolation between order statistics (R's type 7). `sorted` is not empty.
double quantile(const std::vector<double>& sorted, double share) {
    const double at = share * static_cast<double>(sorted.size() - 1);
    const auto below = static_cast<std::size_t>(at);
    const std::size_t above = std::min(below + 1, sorted.size() - 1);
    const double rest = at - static_cast<double>(below);
    return sorted[below] + rest * (sorted[above] - sorted[below]);
}

}  // namespace

std::vector<std::vector<std::size_t>> clusters_of(std::span<const std::string> cluster_names) {
    std::vector<std::vector<std::size_t>> clusters;
    std::unordered_map<std::string, std::size_t> known;
    for (std::size_t i = 0; i < cluster_names.size(); ++i) {
        const auto [at, fresh] = known.try_emplace(cluster_names[i], clusters.size());
        if (fresh) clusters.emplace_back();
        clusters[at->second].push_back(i);
    }
    return clusters;
}

Interval cluster_bootstrap(std::span<const std::vector<std::size_t>> clusters,
                           const Statistic& statistic, int rounds, std::uint64_t seed) {
    if (clusters.empty() || rounds < 1)
        throw Error(ErrorCode::kInvalidInput, "a bootstrap needs clusters and rounds");
    std::vector<double> values;
    std::vector<std::size_t> drawn;
    for (int round = 0; round < rounds; ++round) {
        Random random = Random(seed).fork(static_cast<std::uint64_t>(round) + 1);
        drawn.clear();
        for (std::size_t k = 0; k < clusters.size(); ++k) {
            const auto& cluster = clusters[static_cast<std::size_t>(random.below(clusters.size()))];
            drawn.insert(drawn.end(), cluster.begin(), cluster.end());
        }
        if (const auto value = statistic(drawn)) values.push_back(*value);
    }
    if (2 * values.size() < static_cast<std::size_t>(rounds))
        throw Error(ErrorCode::kInvalidInput,
                    "most resamples do not define the figure: too few cases");
    std::sort(values.begin(), values.end());
    return {quantile(values, 0.025), quantile(values, 0.975)};
}

}  // namespace lucerna::evaluate
