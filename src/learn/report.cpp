#include "learn/report.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "base/error.h"
#include "evaluate/bootstrap.h"

namespace lucerna::learn {
namespace {

using Clusters = std::vector<std::vector<std::size_t>>;

Clusters patients_of(const std::vector<Prediction>& predictions) {
    std::vector<std::string> names;
    for (const Prediction& prediction : predictions) names.push_back(prediction.patient);
    return evaluate::clusters_of(names);
}

std::optional<double> auc_of(const std::vector<evaluate::ScoredCase>& cases,
                             std::span<const std::size_t> indices) {
    std::vector<evaluate::ScoredCase> drawn;
    bool positive = false;
    bool negative = false;
    for (const std::size_t i : indices) {
        drawn.push_back(cases[i]);
        (cases[i].positive ? positive : negative) = true;
    }
    if (!positive || !negative) return {};
    return evaluate::roc_auc(drawn);
}

FrocReport froc_of(const TrainingSet& set, const std::vector<Prediction>& predictions,
                   const Clusters& patients, Asked asked, evaluate::HitRule rule,
                   std::uint64_t seed) {
    FrocReport report;
    report.asked = asked;
    report.rule = rule;
    std::vector<evaluate::MatchedImage> images;
    for (const auto& image : marked_images(set, predictions, asked)) {
        images.push_back(match_marks(image, rule));
        report.lesions += images.back().targets;
    }
    report.curve = froc_curve(images);
    const auto values = froc_sensitivities(images, kFalseRates);
    for (std::size_t i = 0; i < kFalseRates.size(); ++i) {
        const std::array<double, 1> rate{kFalseRates[i]};
        report.sensitivity[i].value = values[i];
        report.sensitivity[i].interval = evaluate::cluster_bootstrap(
            patients,
            [&](std::span<const std::size_t> indices) -> std::optional<double> {
                const bool any = std::any_of(indices.begin(), indices.end(),
                                             [&](std::size_t k) { return images[k].targets > 0; });
                if (!any) return {};
                return froc_sensitivities(images, indices, rate)[0];
            },
            kBootstrapRounds / 2, seed);
    }
    return report;
}

/// The lowest presence at which there is at most half a false mark an image.
double presence_threshold(const FrocReport& masses) {
    double threshold = 1;
    for (const evaluate::FrocPoint& point : masses.curve)
        if (point.false_marks_per_image <= 0.5) threshold = point.threshold;
    return threshold;
}

/// Findings that serving would show, with whether they lie on a malignant mass.
std::vector<evaluate::ScoredCase> shown_findings(const TrainingSet& set,
                                                 const std::vector<Prediction>& predictions,
                                                 double min_presence) {
    std::map<std::string, const TrainingImage*> by_file;
    for (const TrainingImage& image : set.images) by_file[image.record.file] = &image;
    std::vector<evaluate::ScoredCase> cases;
    for (const Prediction& prediction : predictions)
        for (const Candidate& one :
             suppressed(prediction.candidates, min_presence, kMaxOverlap, kShownFindings)) {
            bool malignant = false;
            bool unknown = false;
            for (const Lesion& lesion : by_file.at(prediction.file)->record.lesions) {
                if (!lesion.box.contains(one.box.centre())) continue;
                malignant = malignant || lesion.pathology == Pathology::kMalignant;
                unknown = unknown || lesion.pathology == Pathology::kUnknown;
            }
            if (malignant || !unknown) cases.push_back({one.suspicion, malignant});
        }
    return cases;
}

Clusters breasts_of(const TrainingSet& set, const std::vector<Prediction>& predictions) {
    std::map<std::string, const TrainingImage*> by_file;
    for (const TrainingImage& image : set.images) by_file[image.record.file] = &image;
    std::vector<std::string> names;
    for (const Prediction& prediction : predictions)
        names.push_back(collection::breast_key(by_file.at(prediction.file)->record));
    return evaluate::clusters_of(names);
}

/// One case a group: the highest score; positive when any image is malignant.
std::vector<evaluate::ScoredCase> by_group(const std::vector<evaluate::ScoredCase>& images,
                                           const Clusters& groups) {
    std::vector<evaluate::ScoredCase> cases;
    for (const auto& members : groups) {
        evaluate::ScoredCase one{0, false};
        for (const std::size_t i : members) {
            one.score = std::max(one.score, images[i].score);
            one.positive = one.positive || images[i].positive;
        }
        cases.push_back(one);
    }
    return cases;
}

std::vector<OperatingChoice> operating_points(const std::vector<evaluate::ScoredCase>& patients) {
    const auto curve = evaluate::roc_curve(patients);
    const auto choose = [](const std::string& name, const evaluate::RocPoint& point) {
        return OperatingChoice{name, point.threshold, point.sensitivity, point.specificity};
    };
    OperatingChoice sensitive = choose("sensitive", curve.back());
    for (auto point = curve.rbegin(); point != curve.rend(); ++point)
        if (point->sensitivity >= 0.9) sensitive = choose("sensitive", *point);
    OperatingChoice specific = choose("specific", curve.front());
    for (const evaluate::RocPoint& point : curve)
        if (point.specificity >= 0.9) specific = choose("specific", point);
    return {sensitive, specific};
}

std::vector<SubgroupReport> subgroups_of(const TrainingSet& set,
                                         const std::vector<Prediction>& predictions,
                                         const std::vector<evaluate::ScoredCase>& cases) {
    std::map<std::string, const TrainingImage*> by_file;
    for (const TrainingImage& image : set.images) by_file[image.record.file] = &image;
    std::map<std::string, std::vector<evaluate::ScoredCase>> groups;
    for (std::size_t i = 0; i < predictions.size(); ++i) {
        const ImageRecord& record = by_file.at(predictions[i].file)->record;
        groups["view " + to_string(record.view).substr(2)].push_back(cases[i]);
        const auto density = record.subgroups.find("density");
        if (density != record.subgroups.end())
            groups["density " + density->second].push_back(cases[i]);
    }
    std::vector<SubgroupReport> reports;
    for (const auto& [name, members] : groups) {
        const auto positives = std::count_if(members.begin(), members.end(),
                                             [](const auto& one) { return one.positive; });
        if (positives < 10 || static_cast<std::size_t>(positives) + 10 > members.size()) continue;
        reports.push_back({name, members.size(), evaluate::delong_auc(members)});
    }
    return reports;
}

nlohmann::json to_json(const evaluate::Interval& interval) {
    return {interval.low, interval.high};
}

}  // namespace

std::string name_of(Asked asked) {
    return asked == Asked::kMasses ? "all masses" : "malignant masses";
}
std::string name_of(evaluate::HitRule rule) {
    return rule == evaluate::HitRule::kCentre ? "centre inside the box" : "IoU >= 0.2";
}

Report make_report(const TrainingSet& set, const std::vector<Prediction>& predictions, int folds,
                   std::uint64_t seed) {
    Report report;
    std::set<int> measured;
    for (const Prediction& prediction : predictions) measured.insert(prediction.fold);
    report.folds = folds;
    report.folds_measured = static_cast<int>(measured.size());
    const Clusters patients = patients_of(predictions);
    std::vector<evaluate::ScoredCase> cases = scored_images(set, predictions);
    report.images = cases.size();
    report.patients = patients.size();
    report.malignant_images = static_cast<std::size_t>(
        std::count_if(cases.begin(), cases.end(), [](const auto& one) { return one.positive; }));
    report.auc_delong = evaluate::delong_auc(cases);
    report.auc_bootstrap = evaluate::cluster_bootstrap(
        patients, [&](std::span<const std::size_t> indices) { return auc_of(cases, indices); },
        kBootstrapRounds, seed);
    const std::vector<Prediction> together = read_together(set, predictions);
    cases = scored_images(set, together);
    report.together_auc.value = evaluate::roc_auc(cases);
    report.together_auc.interval = evaluate::cluster_bootstrap(
        patients, [&](std::span<const std::size_t> indices) { return auc_of(cases, indices); },
        kBootstrapRounds, seed);
    const auto breasts = by_group(cases, breasts_of(set, together));
    report.breasts = breasts.size();
    report.breast_auc = evaluate::delong_auc(breasts);
    report.roc = evaluate::roc_curve(cases);
    report.subgroups = subgroups_of(set, predictions, cases);
    for (const Asked asked : {Asked::kMasses, Asked::kMalignant})
        for (const auto rule : {evaluate::HitRule::kCentre, evaluate::HitRule::kOverlap})
            report.froc.push_back(froc_of(set, predictions, patients, asked, rule, seed));
    report.min_presence = presence_threshold(report.froc.front());
    report.image_calibration = evaluate::fit_platt(cases);
    const auto shown = shown_findings(set, predictions, report.min_presence);
    const auto malignant =
        std::count_if(shown.begin(), shown.end(), [](const auto& one) { return one.positive; });
    // A tiny run may show findings of one kind only: then there is nothing to fit.
    if (malignant > 0 && static_cast<std::size_t>(malignant) < shown.size())
        report.finding_calibration = evaluate::fit_platt(shown);
    for (evaluate::ScoredCase& one : cases) one.score = report.image_calibration.apply(one.score);
    report.brier = evaluate::brier_score(cases);
    report.calibration_error = evaluate::expected_calibration_error(cases);
    const auto patient_cases = by_group(cases, patients);
    report.patient_auc = evaluate::delong_auc(patient_cases);
    report.operating_points = operating_points(patient_cases);
    return report;
}

std::string metrics_json(const Report& report) {
    nlohmann::json froc = nlohmann::json::array();
    for (const FrocReport& one : report.froc) {
        nlohmann::json points = nlohmann::json::array();
        for (std::size_t i = 0; i < kFalseRates.size(); ++i)
            points.push_back({{"false_marks_per_image", kFalseRates[i]},
                              {"sensitivity", one.sensitivity[i].value},
                              {"interval", to_json(one.sensitivity[i].interval)}});
        froc.push_back({{"lesions", name_of(one.asked)},
                        {"hit", name_of(one.rule)},
                        {"count", one.lesions},
                        {"points", points}});
    }
    nlohmann::json subgroups = nlohmann::json::array();
    for (const SubgroupReport& one : report.subgroups)
        subgroups.push_back({{"name", one.name},
                             {"images", one.images},
                             {"auc", one.auc.value},
                             {"interval", to_json(one.auc.interval)}});
    nlohmann::json points = nlohmann::json::array();
    for (const OperatingChoice& one : report.operating_points)
        points.push_back({{"name", one.name},
                          {"threshold", one.threshold},
                          {"sensitivity", one.sensitivity},
                          {"specificity", one.specificity}});
    return nlohmann::json{
               {"schema", "lucerna-training-metrics/1"},
               {"folds", report.folds},
               {"folds_measured", report.folds_measured},
               {"images", report.images},
               {"malignant_images", report.malignant_images},
               {"patients", report.patients},
               {"image_auc", report.auc_delong.value},
               {"image_auc_delong", to_json(report.auc_delong.interval)},
               {"image_auc_patient_bootstrap", to_json(report.auc_bootstrap)},
               {"image_auc_views_together", report.together_auc.value},
               {"image_auc_views_together_patient_bootstrap",
                to_json(report.together_auc.interval)},
               {"breasts", report.breasts},
               {"breast_auc", report.breast_auc.value},
               {"breast_auc_delong", to_json(report.breast_auc.interval)},
               {"patient_auc", report.patient_auc.value},
               {"patient_auc_delong", to_json(report.patient_auc.interval)},
               {"froc", froc},
               {"subgroups", subgroups},
               {"image_calibration",
                {{"a", report.image_calibration.a}, {"b", report.image_calibration.b}}},
               {"finding_calibration",
                {{"a", report.finding_calibration.a}, {"b", report.finding_calibration.b}}},
               {"brier_after_calibration", report.brier},
               {"calibration_error_after_calibration", report.calibration_error},
               {"min_presence", report.min_presence},
               {"operating_points", points}}
               .dump(2) +
           "\n";
}

}  // namespace lucerna::learn
