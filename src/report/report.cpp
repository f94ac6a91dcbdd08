#include "report/report.h"

#include "report/workbench.h"

namespace lucerna::report {
namespace {

void count(Report& report, const MeasuredSet& set) {
    report.images = set.size();
    report.patients = set.patients;
    report.unread = set.unread;
    for (const auto& record : set.records) {
        report.malignant_images += record.malignant ? 1 : 0;
        report.images_without_lesion += record.lesions.empty() ? 1 : 0;
        report.lesions += record.lesions.size();
        for (const auto& lesion : record.lesions)
            report.malignant_lesions +=
                lesion.pathology == collection::Pathology::kMalignant ? 1 : 0;
    }
    if (!set.unread.empty())
        report.notes.push_back(std::to_string(set.unread.size()) +
                               " images of the manifest have no score; no figure counts them.");
    if (set.unknown_predictions > 0)
        report.notes.push_back(std::to_string(set.unknown_predictions) +
                               " predictions are of images that the manifest does not have.");
    if (report.images_without_lesion == 0)
        report.notes.push_back(
            "Every image holds a lesion: how often normal images are marked is not measured.");
}

}  // namespace

const Figure* Report::figure(const std::string& name) const {
    const std::size_t dot = name.find('.');
    if (dot == std::string::npos) return nullptr;
    for (const Section& section : sections) {
        if (section.id != name.substr(0, dot)) continue;
        for (const Figure& one : section.figures)
            if (one.id == name.substr(dot + 1)) return &one;
    }
    return nullptr;
}

Report make_report(const MeasuredSet& set, const MeasuredSet* compared,
                   const ReportOptions& options, Origin origin, const evaluate::RunParts& run) {
    Report report;
    report.origin = std::move(origin);
    report.options = options;
    count(report, set);
    const std::vector<Level> levels = levels_of(set);
    Workbench bench(set.patients);
    add_classification(report, bench, levels);
    add_lesions(report, bench, set);
    add_calibration(report, bench, levels.front());
    add_decisions(report, bench, levels.back());
    if (compared != nullptr) add_comparison(report, bench, set, *compared);
    add_groups(report, bench, set);
    bench.run(options.rounds, options.seed, run);
    conclude_groups(report);
    report.verdict = verdict_of(report);
    report.examples = examples_of(set, options.examples);
    return report;
}

}  // namespace lucerna::report
