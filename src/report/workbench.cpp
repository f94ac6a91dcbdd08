#include "report/workbench.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace lucerna::report {

std::size_t Workbench::fill(Figure& target, evaluate::DrawnFigure figure) {
    const std::size_t number = figures_.add(std::move(figure));
    waiting_.push_back({&target, number, false});
    return number;
}

void Workbench::fill_difference(Figure& target, std::size_t first, std::size_t second) {
    waiting_.push_back({&target, figures_.add_difference(first, second), true});
}

void Workbench::run(std::uint64_t rounds, std::uint64_t seed, const evaluate::RunParts& run) {
    figures_.run(rounds, seed, run);
    for (const Waiting& one : waiting_) {
        const auto estimate = figures_.estimate(one.number);
        if (!estimate) {
            if (one.target->undefined_because.empty())
                one.target->undefined_because = "the data do not define it";
            continue;
        }
        one.target->undefined_because.clear();
        one.target->value = estimate->value;
        if (!estimate->spread) continue;
        one.target->intervals["patient_bootstrap"] = estimate->spread->interval;
        if (one.with_p)
            one.target->p = evaluate::p_of_zero(estimate->value, estimate->spread->standard_error);
    }
}

std::string why_not_both(std::size_t positives, std::size_t negatives, const std::string& of_what) {
    if (positives == 0) return "there are no malignant " + of_what;
    if (negatives == 0) return "all " + of_what + " are malignant";
    return {};
}

std::size_t positives_among(const std::vector<evaluate::ScoredCase>& cases) {
    return static_cast<std::size_t>(
        std::count_if(cases.begin(), cases.end(), [](const auto& one) { return one.positive; }));
}

evaluate::Ranking ranking_of(const std::vector<evaluate::ScoredCase>& cases,
                             const std::vector<std::uint32_t>& patient_of) {
    std::vector<evaluate::RankedItem> items;
    items.reserve(cases.size());
    for (std::size_t i = 0; i < cases.size(); ++i)
        items.push_back({cases[i].score, cases[i].positive, patient_of[i], 1});
    return evaluate::Ranking(std::move(items));
}

NamedThreshold group_threshold(const Report& report, const Level& images) {
    if (!report.options.thresholds.empty()) return report.options.thresholds.front();
    std::vector<double> negatives;
    for (const auto& one : images.highest)
        if (!one.positive) negatives.push_back(one.score);
    if (negatives.empty())
        for (const auto& one : images.highest) negatives.push_back(one.score);
    std::sort(negatives.begin(), negatives.end());
    // The lowest score that at most a tenth of them reach or exceed, strictly above the rest.
    const auto at =
        static_cast<std::size_t>(std::ceil(0.9 * static_cast<double>(negatives.size())) - 1);
    return {"specificity 0.9 on all images",
            std::nextafter(negatives[at], std::numeric_limits<double>::infinity())};
}

std::string number_text(double value, int digits) {
    std::array<char, 64> buffer{};
    const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value,
                                   std::chars_format::fixed, digits)
                         .ptr;
    std::string text(buffer.data(), end);
    if (text.find('.') == std::string::npos) return text;
    text.erase(text.find_last_not_of('0') + 1);
    if (text.back() == '.') text.pop_back();
    return text;
}

}  // namespace lucerna::report
