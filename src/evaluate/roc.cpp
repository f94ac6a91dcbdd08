#include "evaluate/roc.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/error.h"

namespace lucerna::evaluate {
namespace {

/// Sorted score of each class. Throws unless both are there and every score is a number.
struct Classes {
    std::vector<double> positives;
    std::vector<double> negatives;
};

Classes split(std::span<const ScoredCase> cases) {
    Classes classes;
    for (const ScoredCase& one : cases) {
        if (std::isnan(one.score))
            throw Error(ErrorCode::kInvalidInput, "a score to evaluate is not a number");
        (one.positive ? classes.positives : classes.negatives).push_back(one.score);
    }
    if (classes.positives.empty() || classes.negatives.empty())
        throw Error(ErrorCode::kInvalidInput,
                    "ROC analysis needs at least one positive and one negative case");
    std::sort(classes.positives.begin(), classes.positives.end());
    std::sort(classes.negatives.begin(), classes.negatives.end());
    return classes;
}

/// For each of `own`, the share of `others` below it, ties half: DeLong's structural components.
/// Both sorted; returned in the order of `own`.
std::vector<double> placements(const std::vector<double>& own, const std::vector<double>& others) {
    std::vector<double> shares;
    shares.reserve(own.size());
    std::size_t below = 0;
    std::size_t up_to = 0;
    for (const double score : own) {
        while (below < others.size() && others[below] < score) ++below;
        up_to = std::max(up_to, below);
        while (up_to < others.size() && others[up_to] <= score) ++up_to;
        shares.push_back(static_cast<double>(below + up_to) /
                         (2 * static_cast<double>(others.size())));
    }
    return shares;
}

double mean(const std::vector<double>& values) {
    return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

/// Sample variance; 0 for a single value.
double variance(const std::vector<double>& values) {
    if (values.size() < 2) return 0;
    const double middle = mean(values);
    double sum = 0;
    for (const double value : values) sum += (value - middle) * (value - middle);
    return sum / static_cast<double>(values.size() - 1);
}

}  // namespace

double roc_auc(std::span<const ScoredCase> cases) {
    const Classes classes = split(cases);
    return mean(placements(classes.positives, classes.negatives));
}

Estimate delong_auc(std::span<const ScoredCase> cases) {
    const Classes classes = split(cases);
    const std::vector<double> of_positives = placements(classes.positives, classes.negatives);
    const std::vector<double> of_negatives = placements(classes.negatives, classes.positives);
    const double error =
        std::sqrt(variance(of_positives) / static_cast<double>(of_positives.size()) +
                  variance(of_negatives) / static_cast<double>(of_negatives.size()));
    const double auc = mean(of_positives);
    return {auc,
            {std::max(auc - kNormal975 * error, 0.0), std::min(auc + kNormal975 * error, 1.0)}};
}

std::vector<RocPoint> roc_curve(std::span<const ScoredCase> cases) {
    const Classes classes = split(cases);
    std::vector<ScoredCase> sorted(cases.begin(), cases.end());
    std::sort(sorted.begin(), sorted.end(),
              [](const ScoredCase& a, const ScoredCase& b) { return a.score > b.score; });
    std::vector<RocPoint> curve;
    double hits = 0;
    double alarms = 0;
    for (std::size_t i = 0; i < sorted.size(); ++i) {
        (sorted[i].positive ? hits : alarms) += 1;
        if (i + 1 < sorted.size() && sorted[i + 1].score == sorted[i].score) continue;
        curve.push_back({sorted[i].score, hits / static_cast<double>(classes.positives.size()),
                         1 - alarms / static_cast<double>(classes.negatives.size())});
    }
    return curve;
}

}  // namespace lucerna::evaluate
