#include <algorithm>
#include <cmath>
#include <memory>

#include "base/error.h"
#include "evaluate/calibration.h"
#include "report/workbench.h"

namespace lucerna::report {
namespace {

using evaluate::Draws;
using evaluate::ScoredCase;

bool are_probabilities(const std::vector<ScoredCase>& cases) {
    return std::all_of(cases.begin(), cases.end(),
                       [](const ScoredCase& one) { return one.score >= 0 && one.score <= 1; });
}

void add_brier(Section& section, Workbench& bench, const std::vector<ScoredCase>& cases,
               const std::vector<std::uint32_t>& patient_of, const std::string& suffix,
               const std::string& where, double weight_positive, double weight_negative) {
    struct Term {
        double square;
        double weight;
        std::uint32_t patient;
    };
    auto terms = std::make_shared<std::vector<Term>>();
    for (std::size_t i = 0; i < cases.size(); ++i) {
        const double off = cases[i].score - (cases[i].positive ? 1 : 0);
        terms->push_back(
            {off * off, cases[i].positive ? weight_positive : weight_negative, patient_of[i]});
    }
    Figure& figure = section.figures.emplace_back(
        Figure{"brier" + suffix, "Brier score" + where, {}, {}, cases.size()});
    bench.fill(figure, [terms = std::shared_ptr<const std::vector<Term>>(terms)](Draws draws) {
        double sum = 0;
        double weights = 0;
        for (const Term& term : *terms) {
            const double weight = term.weight * draws[term.patient];
            sum += weight * term.square;
            weights += weight;
        }
        return weights > 0 ? sum / weights : std::nan("");
    });
}

void add_line(Section& section, const std::vector<ScoredCase>& cases,
              const std::vector<std::uint32_t>& patient_of) {
    const auto add = [&](const char* id, const char* title) -> Figure& {
        return section.figures.emplace_back(Figure{id, title});
    };
    Figure& slope = add("slope", "Calibration slope (1: neither too bold nor too timid)");
    Figure& intercept = add("intercept", "Calibration intercept");
    Figure& large = add("intercept_at_slope_one", "Calibration in the large (0: right on average)");
    try {
        const evaluate::CalibrationFit fit = evaluate::fit_calibration(cases, patient_of);
        const auto put = [](Figure& figure, const evaluate::Estimate& estimate) {
            figure.value = estimate.value;
            figure.intervals["sandwich"] = estimate.interval;
        };
        put(slope, fit.slope);
        put(intercept, fit.intercept);
        put(large, fit.intercept_at_slope_one);
    } catch (const Error& error) {
        // What the data do not allow is said in place of the figure.
        for (Figure* figure : {&slope, &intercept, &large})
            figure->undefined_because = error.what();
    }
}

Plot reliability_plot(const std::vector<ScoredCase>& cases, const std::string& undefined) {
    Plot plot{"calibration", "Calibration", "Mean score of a tenth of the images",
              "Share that is malignant"};
    plot.undefined_because = undefined;
    if (!undefined.empty()) return plot;
    Curve dots{"tenths, with Wilson intervals", {}, Curve::Style::kDots};
    for (const auto& bin : evaluate::calibration_bins(cases)) {
        dots.points.emplace_back(bin.mean_score, bin.observed);
        dots.bars.push_back(bin.wilson);
    }
    plot.curves = {{"ideal", {{0, 0}, {1, 1}}, Curve::Style::kReference}, dots};
    return plot;
}

Plot histogram_plot(const std::vector<ScoredCase>& cases) {
    constexpr int kBins = 25;
    Plot plot{"histogram", "Scores", "Image score", "Share of the class's images"};
    plot.kind = Plot::Kind::kHistogram;
    const auto [low, high] = std::minmax_element(
        cases.begin(), cases.end(), [](const auto& a, const auto& b) { return a.score < b.score; });
    if (!are_probabilities(cases)) {
        plot.x_min = low->score;
        plot.x_max = high->score > low->score ? high->score : low->score + 1;
    }
    Curve benign{"not malignant", {}};
    Curve malignant{"malignant", {}};
    const std::size_t positives = positives_among(cases);
    const std::size_t sizes[2] = {cases.size() - positives, positives};
    std::vector<double> counts[2] = {std::vector<double>(kBins), std::vector<double>(kBins)};
    for (const ScoredCase& one : cases) {
        const double share = (one.score - plot.x_min) / (plot.x_max - plot.x_min);
        const auto bin = std::min(static_cast<std::size_t>(share * kBins), std::size_t{kBins - 1});
        counts[one.positive ? 1 : 0][bin] += 1 / static_cast<double>(sizes[one.positive ? 1 : 0]);
    }
    plot.y_max = 0;
    for (std::size_t bin = 0; bin < kBins; ++bin) {
        const double at = plot.x_min + (plot.x_max - plot.x_min) * static_cast<double>(bin) / kBins;
        if (sizes[0] > 0) benign.points.emplace_back(at, counts[0][bin]);
        if (sizes[1] > 0) malignant.points.emplace_back(at, counts[1][bin]);
        plot.y_max = std::max({plot.y_max, counts[0][bin], counts[1][bin]});
    }
    if (plot.y_max <= 0) plot.y_max = 1;
    plot.curves = {benign, malignant};
    return plot;
}

/// The same scores where malignancy is as frequent as was stated.
void add_recalibrated(Report& report, Workbench& bench, Section& section, const Level& images) {
    if (!report.options.prevalence) return;
    const double stated = *report.options.prevalence;
    const std::size_t positives = positives_among(images.highest);
    const std::string where = " at prevalence " + number_text(stated, 4);
    if (positives == 0 || positives == images.highest.size()) {
        Figure& figure =
            section.figures.emplace_back(Figure{"brier_at_prevalence", "Brier score" + where});
        figure.undefined_because = "recalibration needs images of both classes";
        return;
    }
    const double own = static_cast<double>(positives) / static_cast<double>(images.highest.size());
    std::vector<ScoredCase> shifted = images.highest;
    for (ScoredCase& one : shifted) one.score = evaluate::at_prevalence(one.score, own, stated);
    section.explanation += " Recalibration to prevalence " + number_text(stated, 4) +
                           ": the odds of every score are multiplied by " +
                           number_text(stated / (1 - stated) * (1 - own) / own, 6) + ".";
    add_brier(section, bench, shifted, images.patient_of, "_at_prevalence", where, stated / own,
              (1 - stated) / (1 - own));
}

}  // namespace

void add_calibration(Report& report, Workbench& bench, const Level& images) {
    Section& section = report.sections.emplace_back();
    section.id = "calibration";
    section.title = "Calibration of image scores";
    section.explanation =
        "Scores are judged as probabilities of malignancy among the images of this set.";
    const std::string undefined = are_probabilities(images.highest)
                                      ? std::string()
                                      : "scores lie outside 0 to 1: they are no probabilities";
    if (undefined.empty()) {
        add_brier(section, bench, images.highest, images.patient_of, "", "", 1, 1);
        Figure& error = section.figures.emplace_back(
            Figure{"expected_calibration_error", "Expected calibration error, ten equal bins"});
        error.value = evaluate::expected_calibration_error(images.highest);
        add_line(section, images.highest, images.patient_of);
        add_recalibrated(report, bench, section, images);
    } else {
        for (const char* id : {"brier", "expected_calibration_error", "slope", "intercept",
                               "intercept_at_slope_one"})
            section.figures.emplace_back(Figure{id, id}).undefined_because = undefined;
    }
    section.plots = {reliability_plot(images.highest, undefined), histogram_plot(images.highest)};
}

}  // namespace lucerna::report
