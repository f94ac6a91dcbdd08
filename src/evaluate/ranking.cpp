#include "evaluate/ranking.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.h"

namespace lucerna::evaluate {
namespace {

constexpr std::uint32_t kPositive = std::uint32_t{1} << 31;
constexpr std::uint32_t kLastOfScore = std::uint32_t{1} << 30;
constexpr std::uint32_t kCluster = kLastOfScore - 1;
constexpr double kUndefined = std::numeric_limits<double>::quiet_NaN();
/// Shares are sums of the same numbers in another order: equal ones may differ by rounding.
constexpr double kRounding = 1e-12;

}  // namespace

Ranking::Ranking(std::vector<RankedItem> items) {
    if (std::any_of(items.begin(), items.end(),
                    [](const RankedItem& item) { return std::isnan(item.score); }))
        throw Error(ErrorCode::kInvalidInput, "a score to evaluate is not a number");
    std::stable_sort(items.begin(), items.end(),
                     [](const RankedItem& a, const RankedItem& b) { return a.score > b.score; });
    const bool weighted = std::any_of(items.begin(), items.end(),
                                      [](const RankedItem& item) { return item.weight != 1; });
    entries_.reserve(items.size());
    scores_.reserve(items.size());
    for (std::size_t i = 0; i < items.size(); ++i) {
        const bool last = i + 1 == items.size() || items[i + 1].score != items[i].score;
        entries_.push_back((items[i].cluster & kCluster) | (items[i].positive ? kPositive : 0) |
                           (last ? kLastOfScore : 0));
        scores_.push_back(items[i].score);
        if (weighted) weights_.push_back(items[i].weight);
    }
}

template <typename Visit>
void Ranking::sweep(Draws draws, const Visit& visit) const {
    double positives = 0;
    double negatives = 0;
    for (std::size_t i = 0; i < entries_.size(); ++i) {
        const std::uint32_t entry = entries_[i];
        double amount = draws[entry & kCluster];
        if (!weights_.empty()) amount *= weights_[i];
        ((entry & kPositive) != 0 ? positives : negatives) += amount;
        if ((entry & kLastOfScore) != 0 && !visit(i, positives, negatives)) return;
    }
}

Ranking::Counts Ranking::totals(Draws draws) const {
    Counts counts;
    for (std::size_t i = 0; i < entries_.size(); ++i) {
        double amount = draws[entries_[i] & kCluster];
        if (!weights_.empty()) amount *= weights_[i];
        ((entries_[i] & kPositive) != 0 ? counts.positives : counts.negatives) += amount;
    }
    return counts;
}

double Ranking::auc_of_counts(Draws draws) const {
    // Whole numbers and no branch on the class: this loop is what a bootstrap spends its time in.
    std::uint64_t positives = 0;
    std::uint64_t negatives = 0;
    std::uint64_t twice = 0;
    std::uint64_t at_score[2] = {0, 0};
    for (const std::uint32_t entry : entries_) {
        at_score[entry >> 31] += draws[entry & kCluster];
        if ((entry & kLastOfScore) == 0) continue;
        twice += at_score[0] * (2 * positives + at_score[1]);
        positives += at_score[1];
        negatives += at_score[0];
        at_score[0] = at_score[1] = 0;
    }
    if (positives == 0 || negatives == 0) return kUndefined;
    return static_cast<double>(twice) /
           (2 * static_cast<double>(positives) * static_cast<double>(negatives));
}

double Ranking::auc(Draws draws) const {
    if (weights_.empty()) return auc_of_counts(draws);
    double area = 0;
    double last_positives = 0;
    double last_negatives = 0;
    sweep(draws, [&](std::size_t, double positives, double negatives) {
        area += (negatives - last_negatives) * (positives + last_positives) / 2;
        last_positives = positives;
        last_negatives = negatives;
        return true;
    });
    if (last_positives <= 0 || last_negatives <= 0) return kUndefined;
    return area / (last_positives * last_negatives);
}

double Ranking::sensitivity_at(Draws draws, double specificity) const {
    const Counts all = totals(draws);
    if (all.positives <= 0 || all.negatives <= 0) return kUndefined;
    double best = 0;
    sweep(draws, [&](std::size_t, double positives, double negatives) {
        if (1 - negatives / all.negatives < specificity - kRounding) return false;
        best = positives / all.positives;
        return true;
    });
    return best;
}

double Ranking::specificity_at(Draws draws, double sensitivity) const {
    const Counts all = totals(draws);
    if (all.positives <= 0 || all.negatives <= 0) return kUndefined;
    double best = 0;
    sweep(draws, [&](std::size_t, double positives, double negatives) {
        if (positives / all.positives < sensitivity - kRounding) return true;
        best = 1 - negatives / all.negatives;
        return false;
    });
    return best;
}

double Ranking::average_precision(Draws draws) const {
    double sum = 0;
    double last = 0;
    sweep(draws, [&](std::size_t, double positives, double negatives) {
        if (positives > last) sum += (positives - last) * positives / (positives + negatives);
        last = positives;
        return true;
    });
    return last > 0 ? sum / last : kUndefined;
}

Ranking::Counts Ranking::counts(Draws draws, double threshold) const {
    Counts counts = totals(draws);
    sweep(draws, [&](std::size_t i, double positives, double negatives) {
        if (scores_[i] < threshold) return false;
        counts.positives_above = positives;
        counts.negatives_above = negatives;
        return true;
    });
    return counts;
}

double Ranking::sensitivity_from(Draws draws, double threshold) const {
    const Counts found = counts(draws, threshold);
    return found.positives > 0 ? found.positives_above / found.positives : kUndefined;
}

double Ranking::specificity_from(Draws draws, double threshold) const {
    const Counts found = counts(draws, threshold);
    return found.negatives > 0 ? 1 - found.negatives_above / found.negatives : kUndefined;
}

std::vector<Ranking::Point> Ranking::curve(Draws draws) const {
    const Counts all = totals(draws);
    std::vector<Point> points;
    sweep(draws, [&](std::size_t i, double positives, double negatives) {
        points.push_back({scores_[i], all.positives > 0 ? positives / all.positives : kUndefined,
                          all.negatives > 0 ? negatives / all.negatives : kUndefined});
        return true;
    });
    return points;
}

}  // namespace lucerna::evaluate
