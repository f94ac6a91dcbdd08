#include "evaluate/calibration.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/error.h"
#include "evaluate/proportion.h"

namespace lucerna::evaluate {
namespace {

double logit(double raw) {
    const double p = std::clamp(raw, 1e-6, 1 - 1e-6);
    return std::log(p / (1 - p));
}

/// Negative log likelihood of target t for the logit f, without overflow.
double cost(double f, double t) {
    return f >= 0 ? (1 - t) * f + std::log1p(std::exp(-f)) : -t * f + std::log1p(std::exp(f));
}

struct Data {
    std::vector<double> logits;
    std::vector<double> targets;

    [[nodiscard]] double cost_of(double a, double b) const {
        double sum = 0;
        for (std::size_t i = 0; i < logits.size(); ++i) sum += cost(a * logits[i] + b, targets[i]);
        return sum;
    }
};

Data smoothed(std::span<const ScoredCase> cases) {
    const auto positives = static_cast<double>(
        std::count_if(cases.begin(), cases.end(), [](const auto& one) { return one.positive; }));
    const double negatives = static_cast<double>(cases.size()) - positives;
    if (positives < 1 || negatives < 1)
        throw Error(ErrorCode::kInvalidInput, "calibration needs positive and negative cases");
    Data data;
    for (const ScoredCase& one : cases) {
        data.logits.push_back(logit(one.score));
        data.targets.push_back(one.positive ? (positives + 1) / (positives + 2)
                                            : 1 / (negatives + 2));
    }
    return data;
}

}  // namespace

double PlattScaling::apply(double raw) const {
    return 1 / (1 + std::exp(-(a * logit(raw) + b)));
}

PlattScaling fit_platt(std::span<const ScoredCase> cases) {
    const Data data = smoothed(cases);
    PlattScaling fit;
    double now = data.cost_of(fit.a, fit.b);
    for (int round = 0; round < 100; ++round) {
        double ga = 0, gb = 0, haa = 1e-12, hab = 0, hbb = 1e-12;
        for (std::size_t i = 0; i < data.logits.size(); ++i) {
            const double x = data.logits[i];
            const double p = 1 / (1 + std::exp(-(fit.a * x + fit.b)));
            const double off = p - data.targets[i];
            const double weight = p * (1 - p);
            ga += off * x;
            gb += off;
            haa += weight * x * x;
            hab += weight * x;
            hbb += weight;
        }
        if (std::abs(ga) < 1e-9 && std::abs(gb) < 1e-9) break;
        const double determinant = haa * hbb - hab * hab;
        const double da = -(hbb * ga - hab * gb) / determinant;
        const double db = -(haa * gb - hab * ga) / determinant;
        // Halve the step until it helps.
        double size = 1;
        double next = data.cost_of(fit.a + da, fit.b + db);
        while (next > now && size > 1e-10) {
            size /= 2;
            next = data.cost_of(fit.a + size * da, fit.b + size * db);
        }
        if (next >= now) break;
        fit = {fit.a + size * da, fit.b + size * db};
        now = next;
    }
    return fit;
}

double brier_score(std::span<const ScoredCase> cases) {
    if (cases.empty()) throw Error(ErrorCode::kInvalidInput, "no cases to score");
    double sum = 0;
    for (const ScoredCase& one : cases) {
        const double off = one.score - (one.positive ? 1.0 : 0.0);
        sum += off * off;
    }
    return sum / static_cast<double>(cases.size());
}

double expected_calibration_error(std::span<const ScoredCase> cases, int bins) {
    if (cases.empty() || bins < 1) throw Error(ErrorCode::kInvalidInput, "no cases to bin");
    std::vector<double> scores(static_cast<std::size_t>(bins));
    std::vector<double> hits(scores.size());
    for (const ScoredCase& one : cases) {
        const auto bin = std::min(static_cast<std::size_t>(std::clamp(one.score, 0.0, 1.0) * bins),
                                  scores.size() - 1);
        scores[bin] += one.score;
        hits[bin] += one.positive ? 1 : 0;
    }
    double sum = 0;
    for (std::size_t i = 0; i < scores.size(); ++i) sum += std::abs(scores[i] - hits[i]);
    return sum / static_cast<double>(cases.size());
}

double at_prevalence(double probability, double from, double to) {
    const double positive = probability * to / from;
    const double negative = (1 - probability) * (1 - to) / (1 - from);
    return positive / (positive + negative);
}

std::vector<CalibrationBin> calibration_bins(std::span<const ScoredCase> cases, int bins) {
    std::vector<ScoredCase> sorted(cases.begin(), cases.end());
    std::stable_sort(sorted.begin(), sorted.end(),
                     [](const ScoredCase& a, const ScoredCase& b) { return a.score < b.score; });
    std::vector<CalibrationBin> out;
    const auto count = static_cast<std::size_t>(bins);
    for (std::size_t bin = 0; bin < count; ++bin) {
        const std::size_t first = bin * sorted.size() / count;
        const std::size_t last = (bin + 1) * sorted.size() / count;
        if (first == last) continue;
        CalibrationBin one;
        one.cases = last - first;
        std::size_t hits = 0;
        for (std::size_t i = first; i < last; ++i) {
            one.mean_score += sorted[i].score / static_cast<double>(one.cases);
            hits += sorted[i].positive ? 1 : 0;
        }
        const Proportion share{hits, one.cases};
        one.observed = share.value();
        one.wilson = wilson_interval(share);
        out.push_back(one);
    }
    return out;
}

}  // namespace lucerna::evaluate
