#include <algorithm>
#include <memory>

#include "evaluate/calibration.h"
#include "evaluate/decision.h"
#include "report/workbench.h"

namespace lucerna::report {
namespace {

using evaluate::Draws;
using evaluate::Ranking;

struct Point {
    NamedThreshold threshold;
    std::string id;
};

/// What was stated, or else two points of this set.
std::vector<Point> points_of(const Report& report, const Level& level, const Ranking& ranking) {
    std::vector<Point> points;
    for (const NamedThreshold& one : report.options.thresholds) points.push_back({one, one.name});
    if (!points.empty()) return points;
    const auto once = evaluate::every_cluster_once(static_cast<std::uint32_t>(report.patients));
    for (const double specificity : {0.9, 0.8}) {
        double threshold = 0;
        bool any = false;
        for (const auto& point : ranking.curve(once)) {
            if (1 - point.negative_share < specificity - 1e-12) break;
            threshold = point.threshold;
            any = true;
        }
        if (any)
            points.push_back(
                {{"specificity " + number_text(specificity) + " on this set's " + level.id + "s",
                  threshold},
                 "specificity_" + number_text(specificity)});
    }
    return points;
}

void add_values(Workbench& bench, Section& section, const std::shared_ptr<const Ranking>& ranking,
                const Point& point, double prevalence) {
    const std::string where =
        " at '" + point.threshold.name + "', prevalence " + number_text(prevalence, 4);
    const double t = point.threshold.threshold;
    Figure& ppv = section.figures.emplace_back(Figure{"ppv_at_" + point.id, "PPV" + where});
    ppv.undefined_because = "nothing is called positive";
    bench.fill(ppv, [ranking, t, prevalence](Draws d) {
        return evaluate::positive_predictive_value(ranking->sensitivity_from(d, t),
                                                   ranking->specificity_from(d, t), prevalence);
    });
    Figure& npv = section.figures.emplace_back(Figure{"npv_at_" + point.id, "NPV" + where});
    npv.undefined_because = "nothing is called negative";
    bench.fill(npv, [ranking, t, prevalence](Draws d) {
        return evaluate::negative_predictive_value(ranking->sensitivity_from(d, t),
                                                   ranking->specificity_from(d, t), prevalence);
    });
    Figure& called = section.figures.emplace_back(
        Figure{"called_at_" + point.id, "Share called positive" + where});
    bench.fill(called, [ranking, t, prevalence](Draws d) {
        return prevalence * ranking->sensitivity_from(d, t) +
               (1 - prevalence) * (1 - ranking->specificity_from(d, t));
    });
}

Plot net_benefit_plot(const Report& report, const Ranking& ranking, double own, double stated) {
    Plot plot{"net_benefit", "Net benefit (decision curve)",
              "Threshold probability, at prevalence " + number_text(stated, 4),
              "Net benefit a patient"};
    const auto once = evaluate::every_cluster_once(static_cast<std::uint32_t>(report.patients));
    plot.x_max = std::min(0.99, std::max(0.02, 4 * stated));
    Curve model{"by the model", {}};
    Curve all{"call everyone", {}, Curve::Style::kReference};
    const Curve none{"call nobody", {{0, 0}, {plot.x_max, 0}}, Curve::Style::kReference};
    plot.y_max = stated * 1.05;
    plot.y_min = -stated / 4;
    for (int i = 1; i < 200; ++i) {
        const double threshold = plot.x_max * i / 200;
        // A score is acted on when, at the stated prevalence, it means that probability.
        const double score = evaluate::at_prevalence(threshold, stated, own);
        model.points.emplace_back(
            threshold,
            evaluate::net_benefit(ranking.sensitivity_from(once, score),
                                  ranking.specificity_from(once, score), stated, threshold));
        all.points.emplace_back(threshold, evaluate::net_benefit(1, 0, stated, threshold));
    }
    plot.curves = {none, all, model};
    return plot;
}

void add_net_benefits(Workbench& bench, Section& section,
                      const std::shared_ptr<const Ranking>& ranking, double own, double stated) {
    for (const double times : {0.5, 1.0, 2.0}) {
        const double threshold = stated * times;
        if (threshold >= 1) continue;
        const double score = evaluate::at_prevalence(threshold, stated, own);
        Figure& figure = section.figures.emplace_back(
            Figure{"net_benefit_at_" + number_text(threshold, 4),
                   "Net benefit at threshold probability " + number_text(threshold, 4) +
                       " (calling everyone: " +
                       number_text(evaluate::net_benefit(1, 0, stated, threshold), 4) + ")"});
        bench.fill(figure, [ranking, score, stated, threshold](Draws d) {
            return evaluate::net_benefit(ranking->sensitivity_from(d, score),
                                         ranking->specificity_from(d, score), stated, threshold);
        });
    }
}

}  // namespace

void add_decisions(Report& report, Workbench& bench, const Level& level) {
    Section& section = report.sections.emplace_back();
    section.id = "decisions";
    section.title = "What decisions would follow (" + level.id + "s)";
    const std::size_t positives = positives_among(level.highest);
    const std::string undefined =
        why_not_both(positives, level.highest.size() - positives, level.id + "s");
    if (!undefined.empty()) {
        section.explanation = "Not defined: " + undefined + ".";
        Plot plot{"net_benefit", "Net benefit (decision curve)", "Threshold probability",
                  "Net benefit"};
        plot.undefined_because = undefined;
        section.plots = {plot};
        return;
    }
    const double own = static_cast<double>(positives) / static_cast<double>(level.highest.size());
    const double prevalence = report.options.prevalence.value_or(own);
    section.explanation =
        report.options.prevalence
            ? "At the stated prevalence of " + number_text(prevalence, 4) +
                  ", from sensitivity and specificity measured here (prevalence here: " +
                  number_text(own, 3) + ")."
            : "No prevalence was stated: these hold at that of this set, " + number_text(own, 3) +
                  ", which is not that of a screening population.";
    const auto ranking =
        std::make_shared<const Ranking>(ranking_of(level.highest, level.patient_of));
    for (const Point& point : points_of(report, level, *ranking))
        add_values(bench, section, ranking, point, prevalence);
    const bool probabilities =
        std::all_of(level.highest.begin(), level.highest.end(),
                    [](const auto& one) { return one.score >= 0 && one.score <= 1; });
    if (probabilities) {
        add_net_benefits(bench, section, ranking, own, prevalence);
        section.plots = {net_benefit_plot(report, *ranking, own, prevalence)};
        return;
    }
    Plot plot{"net_benefit", "Net benefit (decision curve)", "Threshold probability",
              "Net benefit"};
    plot.undefined_because = "scores lie outside 0 to 1: they are no probabilities";
    section.plots = {plot};
}

}  // namespace lucerna::report
