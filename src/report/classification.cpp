#include <memory>

#include "evaluate/proportion.h"
#include "evaluate/roc.h"
#include "report/workbench.h"

namespace lucerna::report {
namespace {

using evaluate::Draws;
using evaluate::Ranking;
using SharedRanking = std::shared_ptr<const Ranking>;

struct Work {
    Report& report;
    Workbench& bench;
    Section& section;
    const Level& level;
    SharedRanking ranking;
    std::size_t positives;
    std::size_t negatives;
    std::string why_not;
};

void add_areas(Work& work) {
    const std::string undefined = work.why_not;
    Figure& auc = work.section.figures.emplace_back(
        Figure{"auc", "AUC, by the highest image score", {}, {}, work.level.highest.size()});
    auc.undefined_because = undefined;
    work.bench.fill(auc, [r = work.ranking](Draws d) { return r->auc(d); });
    if (undefined.empty())
        auc.intervals["delong"] = evaluate::delong_auc(work.level.highest).interval;
    if (work.level.id != "image") {
        Figure& mean = work.section.figures.emplace_back(
            Figure{"auc_mean", "AUC, by the mean image score", {}, {}, work.level.mean.size()});
        mean.undefined_because = undefined;
        const auto by_mean =
            std::make_shared<const Ranking>(ranking_of(work.level.mean, work.level.patient_of));
        work.bench.fill(mean, [by_mean](Draws d) { return by_mean->auc(d); });
    } else {
        auc.title = "AUC";
    }
    Figure& precision = work.section.figures.emplace_back(
        Figure{"average_precision", "Average precision (prevalence of the set)"});
    precision.undefined_because =
        work.positives == 0 ? undefined : std::string("the data do not define it");
    work.bench.fill(precision, [r = work.ranking](Draws d) { return r->average_precision(d); });
}

/// Intervals that take cases as independent; the bootstrap beside them does not.
void add_proportion_intervals(Figure& figure, double share, std::size_t of) {
    if (of == 0) return;
    const auto hits = static_cast<std::size_t>(share * static_cast<double>(of) + 0.5);
    figure.cases = of;
    figure.intervals["wilson"] = evaluate::wilson_interval({hits, of});
    figure.intervals["exact"] = evaluate::exact_interval({hits, of});
}

void add_fixed_points(Work& work) {
    const auto once =
        evaluate::every_cluster_once(static_cast<std::uint32_t>(work.report.patients));
    for (const double fixed : {0.8, 0.9, 0.95}) {
        Figure& figure = work.section.figures.emplace_back(
            Figure{"sensitivity_at_specificity_" + number_text(fixed),
                   "Sensitivity at specificity " + number_text(fixed)});
        figure.undefined_because = work.why_not;
        if (work.why_not.empty())
            add_proportion_intervals(figure, work.ranking->sensitivity_at(once, fixed),
                                     work.positives);
        work.bench.fill(figure,
                        [r = work.ranking, fixed](Draws d) { return r->sensitivity_at(d, fixed); });
    }
    for (const double fixed : {0.8, 0.9, 0.95}) {
        Figure& figure = work.section.figures.emplace_back(
            Figure{"specificity_at_sensitivity_" + number_text(fixed),
                   "Specificity at sensitivity " + number_text(fixed)});
        figure.undefined_because = work.why_not;
        if (work.why_not.empty())
            add_proportion_intervals(figure, work.ranking->specificity_at(once, fixed),
                                     work.negatives);
        work.bench.fill(figure,
                        [r = work.ranking, fixed](Draws d) { return r->specificity_at(d, fixed); });
    }
}

void add_thresholds(Work& work) {
    const auto once =
        evaluate::every_cluster_once(static_cast<std::uint32_t>(work.report.patients));
    for (const NamedThreshold& one : work.report.options.thresholds) {
        const std::string where =
            "'" + one.name + "' (score >= " + number_text(one.threshold, 4) + ")";
        Figure& sensitivity = work.section.figures.emplace_back(
            Figure{"sensitivity_at_" + one.name, "Sensitivity at " + where});
        if (work.positives == 0) sensitivity.undefined_because = work.why_not;
        if (work.positives > 0)
            add_proportion_intervals(
                sensitivity, work.ranking->sensitivity_from(once, one.threshold), work.positives);
        work.bench.fill(sensitivity, [r = work.ranking, t = one.threshold](Draws d) {
            return r->sensitivity_from(d, t);
        });
        Figure& specificity = work.section.figures.emplace_back(
            Figure{"specificity_at_" + one.name, "Specificity at " + where});
        if (work.negatives == 0) specificity.undefined_because = work.why_not;
        if (work.negatives > 0)
            add_proportion_intervals(
                specificity, work.ranking->specificity_from(once, one.threshold), work.negatives);
        work.bench.fill(specificity, [r = work.ranking, t = one.threshold](Draws d) {
            return r->specificity_from(d, t);
        });
    }
}

Curve roc_of(const Level& level) {
    Curve curve{level.title, {{0, 0}}};
    for (const auto& point : evaluate::roc_curve(level.highest))
        curve.points.emplace_back(1 - point.specificity, point.sensitivity);
    return curve;
}

Curve precision_recall_of(const Level& level, const Ranking& ranking, std::size_t patients) {
    const auto once = evaluate::every_cluster_once(static_cast<std::uint32_t>(patients));
    const auto positives = static_cast<double>(positives_among(level.highest));
    const double negatives = static_cast<double>(level.highest.size()) - positives;
    Curve curve{level.title, {}};
    for (const auto& point : ranking.curve(once)) {
        const double hits = point.positive_share * positives;
        const double alarms = negatives > 0 ? point.negative_share * negatives : 0;
        curve.points.emplace_back(point.positive_share, hits / (hits + alarms));
    }
    return curve;
}

}  // namespace

void add_classification(Report& report, Workbench& bench, const std::vector<Level>& levels) {
    Plot roc{"roc", "ROC", "1 - specificity", "Sensitivity"};
    Plot precision{"precision_recall", "Precision and recall", "Recall (sensitivity)",
                   "Precision (PPV at the set's prevalence)"};
    Section* first = nullptr;
    for (const Level& level : levels) {
        Section& section = report.sections.emplace_back();
        if (first == nullptr) first = &section;
        section.id = level.id;
        section.title = level.title + ": malignant or not";
        const std::size_t positives = positives_among(level.highest);
        const std::size_t negatives = level.highest.size() - positives;
        section.explanation = std::to_string(level.highest.size()) + " cases, " +
                              std::to_string(positives) + " malignant.";
        const std::string of_what = level.id + "s";
        Work work{report,
                  bench,
                  section,
                  level,
                  std::make_shared<const Ranking>(ranking_of(level.highest, level.patient_of)),
                  positives,
                  negatives,
                  why_not_both(positives, negatives, of_what)};
        add_areas(work);
        add_fixed_points(work);
        add_thresholds(work);
        if (work.why_not.empty())
            roc.curves.push_back(roc_of(level));
        else
            roc.undefined_because = work.why_not;
        if (positives > 0)
            precision.curves.push_back(precision_recall_of(level, *work.ranking, report.patients));
        else
            precision.undefined_because = work.why_not;
    }
    roc.curves.push_back({"chance", {{0, 0}, {1, 1}}, Curve::Style::kReference});
    first->plots = {roc, precision};
}

}  // namespace lucerna::report
