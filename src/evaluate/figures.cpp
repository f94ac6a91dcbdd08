#include "evaluate/figures.h"

#include <algorithm>
#include <cmath>
#include <iterator>

namespace lucerna::evaluate {

void run_one_by_one(std::size_t parts, const std::function<void(std::size_t)>& part) {
    for (std::size_t i = 0; i < parts; ++i) part(i);
}

std::size_t Figures::add(DrawnFigure figure) {
    direct_.push_back(std::move(figure));
    sources_.push_back({direct_.size() - 1, {}});
    return sources_.size() - 1;
}

std::size_t Figures::add_difference(std::size_t first, std::size_t second) {
    sources_.push_back({0, Difference{first, second}});
    return sources_.size() - 1;
}

void Figures::run(std::uint64_t rounds, std::uint64_t seed, const RunParts& run) {
    constexpr std::uint64_t kRoundsAPart = 25;
    const auto once = every_cluster_once(clusters_);
    of_data_.clear();
    for (const DrawnFigure& figure : direct_) of_data_.push_back(figure(once));
    const auto parts = static_cast<std::size_t>((rounds + kRoundsAPart - 1) / kRoundsAPart);
    std::vector<std::vector<std::vector<double>>> by_part(parts);
    run(parts, [&](std::size_t part) {
        const std::uint64_t first = part * kRoundsAPart;
        by_part[part] =
            resample(clusters_, direct_, {first, std::min(first + kRoundsAPart, rounds)}, seed);
    });
    of_rounds_.clear();
    for (auto& rows : by_part)
        of_rounds_.insert(of_rounds_.end(), std::make_move_iterator(rows.begin()),
                          std::make_move_iterator(rows.end()));
}

double Figures::value_in(const std::vector<double>& row, const Source& source) const {
    if (!source.difference) return row[source.direct];
    return value_in(row, sources_[source.difference->first]) -
           value_in(row, sources_[source.difference->second]);
}

std::optional<BootstrapEstimate> Figures::estimate(std::size_t figure) const {
    const Source& source = sources_.at(figure);
    BootstrapEstimate estimate;
    estimate.value = value_in(of_data_, source);
    if (std::isnan(estimate.value)) return {};
    std::vector<double> values;
    values.reserve(of_rounds_.size());
    for (const auto& row : of_rounds_) values.push_back(value_in(row, source));
    estimate.spread = spread_of(std::move(values));
    return estimate;
}

}  // namespace lucerna::evaluate
