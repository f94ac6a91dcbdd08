#include "evaluate/two_sample.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/error.h"
#include "evaluate/distributions.h"

namespace lucerna::evaluate {
namespace {

double mean(std::span<const double> values) {
    return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

/// Sample covariance; 0 for a single pair.
double covariance(std::span<const double> a, std::span<const double> b) {
    if (a.size() < 2) return 0;
    const double middle_a = mean(a);
    const double middle_b = mean(b);
    double sum = 0;
    for (std::size_t i = 0; i < a.size(); ++i) sum += (a[i] - middle_a) * (b[i] - middle_b);
    return sum / static_cast<double>(a.size() - 1);
}

/// Of weighted values: the weight below a value plus half the weight at it.
class WeightBelow {
  public:
    explicit WeightBelow(std::vector<std::pair<double, double>> weighted)
        : sorted_(std::move(weighted)), sums_(sorted_.size() + 1) {
        std::sort(sorted_.begin(), sorted_.end());
        for (std::size_t i = 0; i < sorted_.size(); ++i)
            sums_[i + 1] = sums_[i] + sorted_[i].second;
    }

    [[nodiscard]] double below(double value) const {
        const auto by_value = [](const auto& entry, double v) { return entry.first < v; };
        const auto by_entry = [](double v, const auto& entry) { return v < entry.first; };
        const auto low = std::lower_bound(sorted_.begin(), sorted_.end(), value, by_value);
        const auto high = std::upper_bound(low, sorted_.end(), value, by_entry);
        return (sums_[static_cast<std::size_t>(low - sorted_.begin())] +
                sums_[static_cast<std::size_t>(high - sorted_.begin())]) /
               2;
    }
    [[nodiscard]] double total() const { return sums_.back(); }

  private:
    std::vector<std::pair<double, double>> sorted_;
    std::vector<double> sums_;
};

void require_number(double score) {
    if (std::isnan(score))
        throw Error(ErrorCode::kInvalidInput, "a score to evaluate is not a number");
}

Estimate clamped(double value, double error, double lowest) {
    return {
        value,
        {std::max(value - kNormal975 * error, lowest), std::min(value + kNormal975 * error, 1.0)}};
}

}  // namespace

TwoSample two_sample(std::size_t diseased_cases, std::span<const DiseasedRating> diseased,
                     std::span<const double> normal) {
    if (diseased_cases == 0 || normal.empty())
        throw Error(ErrorCode::kInvalidInput,
                    "ROC analysis needs at least one positive and one negative case");
    std::vector<std::pair<double, double>> ratings;
    std::vector<std::pair<double, double>> falses;
    ratings.reserve(diseased.size());
    falses.reserve(normal.size());
    for (const DiseasedRating& one : diseased) {
        require_number(one.rating);
        ratings.emplace_back(one.rating, one.weight);
    }
    for (const double rating : normal) {
        require_number(rating);
        falses.emplace_back(rating, 1.0);
    }
    const WeightBelow of_normals(std::move(falses));
    const WeightBelow of_diseased(std::move(ratings));
    TwoSample figure;
    figure.of_diseased.assign(diseased_cases, 0.0);
    for (const DiseasedRating& one : diseased)
        figure.of_diseased[one.position] +=
            one.weight * of_normals.below(one.rating) / of_normals.total();
    figure.of_normal.reserve(normal.size());
    for (const double rating : normal)
        figure.of_normal.push_back((of_diseased.total() - of_diseased.below(rating)) /
                                   static_cast<double>(diseased_cases));
    figure.value = mean(figure.of_diseased);
    return figure;
}

TwoSample two_sample(std::span<const ScoredCase> cases) {
    std::vector<DiseasedRating> diseased;
    std::vector<double> normal;
    for (const ScoredCase& one : cases) {
        if (one.positive)
            diseased.push_back({diseased.size(), one.score, 1});
        else
            normal.push_back(one.score);
    }
    return two_sample(diseased.size(), diseased, normal);
}

double delong_covariance(const TwoSample& a, const TwoSample& b) {
    return covariance(a.of_diseased, b.of_diseased) / static_cast<double>(a.of_diseased.size()) +
           covariance(a.of_normal, b.of_normal) / static_cast<double>(a.of_normal.size());
}

std::vector<double> pseudovalues(const TwoSample& figure) {
    const auto diseased = static_cast<double>(figure.of_diseased.size());
    const auto normal = static_cast<double>(figure.of_normal.size());
    if (diseased < 2 || normal < 2)
        throw Error(ErrorCode::kInvalidInput, "a jackknife needs two cases of each class");
    const double all = diseased + normal;
    std::vector<double> values;
    values.reserve(figure.of_diseased.size() + figure.of_normal.size());
    const auto add = [&](const std::vector<double>& components, double size) {
        for (const double component : components) {
            const double without = (size * figure.value - component) / (size - 1);
            values.push_back(all * figure.value - (all - 1) * without);
        }
    };
    add(figure.of_diseased, diseased);
    add(figure.of_normal, normal);
    return values;
}

double jackknife_covariance(std::span<const double> a, std::span<const double> b) {
    return covariance(a, b) / static_cast<double>(a.size());
}

PairedComparison paired_delong(std::span<const ScoredCase> first,
                               std::span<const ScoredCase> second) {
    if (first.size() != second.size() ||
        !std::equal(first.begin(), first.end(), second.begin(),
                    [](const auto& a, const auto& b) { return a.positive == b.positive; }))
        throw Error(ErrorCode::kInvalidInput, "a paired test needs the same cases twice");
    const TwoSample a = two_sample(first);
    const TwoSample b = two_sample(second);
    const double variance_a = delong_covariance(a, a);
    const double variance_b = delong_covariance(b, b);
    const double variance = variance_a + variance_b - 2 * delong_covariance(a, b);
    PairedComparison result;
    result.first = clamped(a.value, std::sqrt(variance_a), 0);
    result.second = clamped(b.value, std::sqrt(variance_b), 0);
    // Rounding leaves a hair of variance where the two agree everywhere.
    result.standard_error = std::sqrt(std::max(variance, 0.0));
    if (result.standard_error < 1e-12) result.standard_error = 0;
    result.difference = clamped(a.value - b.value, result.standard_error, -1);
    if (result.standard_error > 0) {
        result.z = result.difference.value / result.standard_error;
        result.p = 2 * normal_cdf(-std::abs(result.z));
    } else if (std::abs(result.difference.value) > 1e-12) {
        result.p = 0;
    }
    return result;
}

}  // namespace lucerna::evaluate
