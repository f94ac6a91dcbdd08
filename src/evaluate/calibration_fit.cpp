#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "base/error.h"
#include "evaluate/calibration.h"

namespace lucerna::evaluate {
namespace {

/// A symmetric 2 x 2 matrix: the information of intercept (a) and slope (b).
struct Matrix {
    double aa = 0;
    double ab = 0;
    double bb = 0;
    [[nodiscard]] double determinant() const { return aa * bb - ab * ab; }
    [[nodiscard]] Matrix inverse() const {
        const double size = determinant();
        return {bb / size, -ab / size, aa / size};
    }
    /// inverse * middle * inverse, where this is the inverse.
    [[nodiscard]] Matrix around(const Matrix& middle) const {
        const double r0a = aa * middle.aa + ab * middle.ab;
        const double r0b = aa * middle.ab + ab * middle.bb;
        const double r1a = ab * middle.aa + bb * middle.ab;
        const double r1b = ab * middle.ab + bb * middle.bb;
        return {r0a * aa + r0b * ab, r0a * ab + r0b * bb, r1a * ab + r1b * bb};
    }
};

struct Problem {
    std::vector<double> logits;
    std::vector<double> outcomes;
    std::span<const std::uint32_t> clusters;
};

double probability(double logit) {
    return 1 / (1 + std::exp(-logit));
}

/// Gradient and information of the log likelihood at (intercept, slope).
struct Slopes {
    double a = 0;
    double b = 0;
    Matrix information;
};

Slopes slopes_at(const Problem& problem, double intercept, double slope) {
    Slopes sum;
    for (std::size_t i = 0; i < problem.logits.size(); ++i) {
        const double x = problem.logits[i];
        const double p = probability(intercept + slope * x);
        const double weight = p * (1 - p);
        sum.a += problem.outcomes[i] - p;
        sum.b += (problem.outcomes[i] - p) * x;
        sum.information.aa += weight;
        sum.information.ab += weight * x;
        sum.information.bb += weight * x * x;
    }
    return sum;
}

/// What a patient's cases add to the gradient, squared and summed: the middle of the sandwich.
Matrix spread_of_gradients(const Problem& problem, double intercept, double slope) {
    const std::uint32_t count =
        *std::max_element(problem.clusters.begin(), problem.clusters.end()) + 1;
    std::vector<std::array<double, 2>> of_cluster(count, {0, 0});
    for (std::size_t i = 0; i < problem.logits.size(); ++i) {
        const double x = problem.logits[i];
        const double off = problem.outcomes[i] - probability(intercept + slope * x);
        of_cluster[problem.clusters[i]][0] += off;
        of_cluster[problem.clusters[i]][1] += off * x;
    }
    Matrix sum;
    for (const auto& [a, b] : of_cluster) {
        sum.aa += a * a;
        sum.ab += a * b;
        sum.bb += b * b;
    }
    return sum;
}

Estimate with_interval(double value, double variance) {
    const double half = kNormal975 * std::sqrt(std::max(variance, 0.0));
    return {value, {value - half, value + half}};
}

[[noreturn]] void refuse(const char* why) {
    throw Error(ErrorCode::kInvalidInput, std::string("no calibration line can be fitted: ") + why);
}

Problem problem_of(std::span<const ScoredCase> cases,
                   std::span<const std::uint32_t> cluster_of_case) {
    Problem problem;
    problem.clusters = cluster_of_case;
    for (const ScoredCase& one : cases) {
        if (!(one.score >= 0 && one.score <= 1)) refuse("scores are not probabilities");
        const double p = std::clamp(one.score, 1e-6, 1 - 1e-6);
        problem.logits.push_back(std::log(p / (1 - p)));
        problem.outcomes.push_back(one.positive ? 1 : 0);
    }
    const auto positives = std::count(problem.outcomes.begin(), problem.outcomes.end(), 1.0);
    if (positives == 0 || positives == static_cast<std::ptrdiff_t>(cases.size()))
        refuse("there is one class only");
    const auto [low, high] = std::minmax_element(problem.logits.begin(), problem.logits.end());
    if (*low == *high) refuse("every score is the same");
    return problem;
}

}  // namespace

CalibrationFit fit_calibration(std::span<const ScoredCase> cases,
                               std::span<const std::uint32_t> cluster_of_case) {
    const Problem problem = problem_of(cases, cluster_of_case);
    double intercept = 0;
    double slope = 1;
    bool settled = false;
    for (int round = 0; round < 200 && !settled; ++round) {
        const Slopes at = slopes_at(problem, intercept, slope);
        if (!(at.information.determinant() > 1e-12)) refuse("the score separates the classes");
        const Matrix inverse = at.information.inverse();
        double step_a = inverse.aa * at.a + inverse.ab * at.b;
        double step_b = inverse.ab * at.a + inverse.bb * at.b;
        // Newton's first steps may overshoot where scores are far off.
        const double size = std::max(std::abs(step_a), std::abs(step_b));
        if (size > 1) step_a /= size, step_b /= size;
        intercept += step_a;
        slope += step_b;
        settled = size < 1e-10;
    }
    if (!settled || std::abs(slope) > 100) refuse("the score separates the classes");
    const Matrix bread = slopes_at(problem, intercept, slope).information.inverse();
    const Matrix variance = bread.around(spread_of_gradients(problem, intercept, slope));

    double large = 0;
    Slopes at;
    for (int round = 0; round < 200; ++round) {
        at = slopes_at(problem, large, 1);
        const double step = std::clamp(at.a / at.information.aa, -1.0, 1.0);
        large += step;
        if (std::abs(step) < 1e-12) break;
    }
    const double large_variance =
        spread_of_gradients(problem, large, 1).aa / (at.information.aa * at.information.aa);
    return {with_interval(slope, variance.bb), with_interval(intercept, variance.aa),
            with_interval(large, large_variance)};
}

}  // namespace lucerna::evaluate
