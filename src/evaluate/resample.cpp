#include "evaluate/resample.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <unordered_map>

#include "base/random.h"
#include "evaluate/distributions.h"

namespace lucerna::evaluate {
namespace {

__extension__ using Wide = unsigned __int128;

void draw(std::uint32_t clusters, std::uint64_t seed, std::uint64_t round,
          std::vector<std::uint16_t>& draws) {
    Random random = Random(seed).fork(round + 1);
    std::fill(draws.begin(), draws.end(), std::uint16_t{0});
    // The high half of a product is below `clusters` and uniform to 1 in 2^32: far beneath what
    // any number of rounds shows, and free of the divisions of Random::below.
    for (std::uint32_t i = 0; i < clusters; ++i)
        ++draws[static_cast<std::size_t>((Wide{random.next()} * clusters) >> 64)];
}

/// Linear interpolation between order statistics (R's type 7). `sorted` is not empty.
double quantile(const std::vector<double>& sorted, double share) {
    const double at = share * static_cast<double>(sorted.size() - 1);
    const auto below = static_cast<std::size_t>(at);
    const std::size_t above = std::min(below + 1, sorted.size() - 1);
    return std::lerp(sorted[below], sorted[above], at - static_cast<double>(below));
}

}  // namespace

Clusters number_clusters(std::span<const std::string> names) {
    Clusters clusters;
    std::unordered_map<std::string, std::uint32_t> known;
    for (const std::string& name : names) {
        const auto [at, fresh] = known.try_emplace(name, clusters.count);
        if (fresh) ++clusters.count;
        clusters.of_case.push_back(at->second);
    }
    return clusters;
}

std::vector<std::uint16_t> every_cluster_once(std::uint32_t count) {
    return std::vector<std::uint16_t>(count, 1);
}

std::vector<std::vector<double>> resample(std::uint32_t clusters,
                                          std::span<const DrawnFigure> figures, Rounds rounds,
                                          std::uint64_t seed) {
    std::vector<std::vector<double>> values;
    std::vector<std::uint16_t> draws(clusters);
    for (std::uint64_t round = rounds.first; round < rounds.last; ++round) {
        draw(clusters, seed, round, draws);
        std::vector<double>& of_round = values.emplace_back();
        of_round.reserve(figures.size());
        for (const DrawnFigure& figure : figures) of_round.push_back(figure(draws));
    }
    return values;
}

std::optional<Spread> spread_of(std::vector<double> values) {
    const std::size_t rounds = values.size();
    std::erase_if(values, [](double value) { return std::isnan(value); });
    if (values.empty() || 2 * values.size() < rounds) return {};
    std::sort(values.begin(), values.end());
    const auto count = static_cast<double>(values.size());
    const double mean = std::accumulate(values.begin(), values.end(), 0.0) / count;
    double squares = 0;
    for (const double value : values) squares += (value - mean) * (value - mean);
    return Spread{{quantile(values, 0.025), quantile(values, 0.975)},
                  values.size() < 2 ? 0 : std::sqrt(squares / (count - 1))};
}

double p_of_zero(double value, double standard_error) {
    if (standard_error <= 0) return value == 0 ? 1 : 0;
    return 2 * normal_cdf(-std::abs(value) / standard_error);
}

}  // namespace lucerna::evaluate
