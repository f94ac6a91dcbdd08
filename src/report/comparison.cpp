#include <memory>
#include <unordered_map>

#include "evaluate/two_sample.h"
#include "report/workbench.h"

namespace lucerna::report {
namespace {

using evaluate::Draws;
using evaluate::Ranking;

/// The images that both sets read, in the order of `set`.
MeasuredSet common(const MeasuredSet& set, const MeasuredSet& other) {
    std::unordered_map<std::string, std::size_t> at;
    for (std::size_t i = 0; i < other.size(); ++i) at[other.records[i].file] = i;
    MeasuredSet both;
    both.patients = set.patients;
    for (std::size_t i = 0; i < set.size(); ++i) {
        if (!at.contains(set.records[i].file)) continue;
        both.records.push_back(set.records[i]);
        both.predictions.push_back(set.predictions[i]);
        both.patient_of.push_back(set.patient_of[i]);
    }
    return both;
}

MeasuredSet with_predictions_of(MeasuredSet set, const MeasuredSet& other) {
    std::unordered_map<std::string, const ImagePrediction*> by_file;
    for (const ImagePrediction& one : other.predictions) by_file[one.file] = &one;
    for (ImagePrediction& one : set.predictions) one = *by_file.at(one.file);
    return set;
}

void add_level(Workbench& bench, Section& section, const Level& first, const Level& second) {
    const auto ranked = [&](const Level& level) {
        return std::make_shared<const Ranking>(ranking_of(level.highest, level.patient_of));
    };
    const std::size_t positives = positives_among(first.highest);
    const std::string undefined =
        why_not_both(positives, first.highest.size() - positives, first.id + "s");
    const auto add = [&](const std::string& id, const std::string& title) -> Figure& {
        Figure& figure = section.figures.emplace_back(Figure{
            id + "_" + first.id, title + ", " + first.id + "s", {}, {}, first.highest.size()});
        figure.undefined_because = undefined;
        return figure;
    };
    const auto numbers = [&](const Level& level, Figure& figure) {
        return bench.fill(figure, [r = ranked(level)](Draws d) { return r->auc(d); });
    };
    Figure& a = add("auc", "AUC of this model");
    Figure& b = add("auc_compared", "AUC of the other");
    Figure& gap = add("auc_difference", "Difference (this - other)");
    const std::size_t number_a = numbers(first, a);
    const std::size_t number_b = numbers(second, b);
    bench.fill_difference(gap, number_a, number_b);
    if (!undefined.empty()) return;
    const auto paired = evaluate::paired_delong(first.highest, second.highest);
    a.intervals["delong"] = paired.first.interval;
    b.intervals["delong"] = paired.second.interval;
    gap.intervals["delong"] = paired.difference.interval;
    Figure& test = section.figures.emplace_back(
        Figure{"delong_z_" + first.id, "Paired DeLong test (z), " + first.id + "s"});
    test.value = paired.z;
    test.p = paired.p;
}

}  // namespace

void add_comparison(Report& report, Workbench& bench, const MeasuredSet& set,
                    const MeasuredSet& compared) {
    Section& section = report.sections.emplace_back();
    section.id = "comparison";
    section.title = "Compared with " + report.origin.compared_with;
    const MeasuredSet first = common(set, compared);
    if (first.size() == 0) {
        section.explanation = "Not defined: the two have no image in common.";
        return;
    }
    const MeasuredSet second = with_predictions_of(first, compared);
    section.explanation = std::to_string(first.size()) +
                          " images that both read. DeLong takes cases as independent; the "
                          "bootstrap keeps a patient's cases together.";
    const auto levels_a = levels_of(first);
    const auto levels_b = levels_of(second);
    for (std::size_t i = 0; i < levels_a.size(); ++i)
        add_level(bench, section, levels_a[i], levels_b[i]);
}

}  // namespace lucerna::report
