#include <cmath>
#include <nlohmann/json.hpp>

#include "learn/package.h"
#include "learn/texts.h"

namespace lucerna::learn {
namespace {

using Json = nlohmann::ordered_json;

std::string measured_on(const Report& report) {
    return std::to_string(report.folds) + "-fold cross-validation by patient, " +
           std::to_string(report.folds_measured) + " of " + std::to_string(report.folds) +
           " folds measured, out of fold: " + std::to_string(report.images) + " images of " +
           std::to_string(report.patients) + " patients";
}

Json metric(const std::string& name, double value, const evaluate::Interval& interval,
            const std::string& how, const std::string& data) {
    return {{"name", name},          {"value", value},  {"low", interval.low},
            {"high", interval.high}, {"interval", how}, {"data", data}};
}

Json metrics_of(const Report& report) {
    const std::string data = measured_on(report);
    const std::string bootstrap = "95% patient-clustered bootstrap";
    Json list = Json::array();
    list.push_back(
        metric("image_auc", report.auc_delong.value, report.auc_bootstrap, bootstrap, data));
    list.push_back(metric("image_auc", report.auc_delong.value, report.auc_delong.interval,
                          "95% DeLong", data));
    list.push_back(metric("image_auc, views of a breast read together", report.together_auc.value,
                          report.together_auc.interval, bootstrap, data));
    list.push_back(metric("breast_auc", report.breast_auc.value, report.breast_auc.interval,
                          "95% DeLong", data));
    list.push_back(metric("patient_auc", report.patient_auc.value, report.patient_auc.interval,
                          "95% DeLong", data));
    for (const FrocReport& one : report.froc)
        for (std::size_t i = 0; i < kFalseRates.size(); ++i)
            list.push_back(
                metric("sensitivity, " + name_of(one.asked) + ", " + name_of(one.rule) + ", at " +
                           Json(kFalseRates[i]).dump() + " false marks per image",
                       one.sensitivity[i].value, one.sensitivity[i].interval, bootstrap, data));
    return list;
}

Json platt(const evaluate::PlattScaling& fit) {
    return {{"method", "platt"}, {"a", fit.a}, {"b", fit.b}};
}

Json operating_points(const Report& report) {
    Json list = Json::array();
    for (const OperatingChoice& one : report.operating_points) {
        const auto percent = [](double share) {
            return std::to_string(static_cast<int>(std::lround(100 * share)));
        };
        list.push_back({{"name", one.name},
                        {"threshold", one.threshold},
                        {"description", "Out of fold: sensitivity " + percent(one.sensitivity) +
                                            "%, specificity " + percent(one.specificity) +
                                            "% per patient, malignant against benign masses; "
                                            "says nothing of normal breasts"}});
    }
    return list;
}

}  // namespace

std::string manifest_json(const exam::InputContract& contract, const Report& report,
                          const Provenance& provenance, const std::string& model_sha256,
                          const std::string& card_sha256) {
    const Json manifest = {
        {"schema", "lucerna-model-package/1"},
        {"name", provenance.name},
        {"version", provenance.version},
        {"manufacturer", "Lucerna"},
        {"intended_use", kIntendedUse},
        {"input",
         {{"tensor", "image"},
          {"modality", contract.modality},
          {"presentation_intents", contract.presentation_intents},
          {"views", contract.views},
          {"preparation", contract.steps},
          {"spacing_mm", contract.spacing_mm},
          {"multiple_of", contract.multiple_of},
          {"max_width", contract.max_width},
          {"max_height", contract.max_height}}},
        {"outputs",
         {{"boxes", "boxes"},
          {"presence", "presence"},
          {"suspicion", "suspicion"},
          {"image_score", "image_score"}}},
        {"finding",
         {{"kind", "mass"},
          {"min_presence", report.min_presence},
          {"max_findings", kShownFindings},
          {"max_overlap", kMaxOverlap}}},
        {"calibration",
         {{"finding", platt(report.finding_calibration)},
          {"image", platt(report.image_calibration)}}},
        {"score_of", "side"},
        {"operating_points", operating_points(report)},
        {"training_data", Json::array({{{"name", kDataName},
                                        {"licence", kDataLicence},
                                        {"attribution", kDataAttribution},
                                        {"doi", kDataDoi},
                                        {"images", provenance.images},
                                        {"patients", provenance.patients}},
                                       {{"name", provenance.trunk},
                                        {"licence", kTrunkLicence},
                                        {"attribution", kTrunkAttribution}}})},
        {"metrics", metrics_of(report)},
        {"cleared_in", Json::array()},
        {"files", {{"model.onnx", model_sha256}, {"MODEL_CARD.md", card_sha256}}}};
    return manifest.dump(2) + "\n";
}

}  // namespace lucerna::learn
