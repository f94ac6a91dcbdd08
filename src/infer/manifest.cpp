#include "infer/manifest.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/encoding.h"
#include "base/error.h"
#include "base/hash.h"
#include "infer/manifest_schema.h"

namespace lucerna::infer {
namespace {

using nlohmann::json;

Calibration calibration_from(const json& value) {
    if (value.at("method") == "identity") return {};
    return {value.value("a", 1.0), value.value("b", 0.0)};
}

std::string described(const Calibration& finding, const Calibration& image) {
    const auto one = [](const Calibration& c) {
        json pair = {{"a", c.a}, {"b", c.b}};
        return "a = " + pair["a"].dump() + ", b = " + pair["b"].dump();
    };
    return "Platt scaling; finding: " + one(finding) + "; view: " + one(image);
}

exam::InputContract contract_from(const json& input) {
    exam::InputContract contract;
    input.at("modality").get_to(contract.modality);
    input.at("presentation_intents").get_to(contract.presentation_intents);
    input.at("views").get_to(contract.views);
    input.at("preparation").get_to(contract.steps);
    input.at("spacing_mm").get_to(contract.spacing_mm);
    input.at("multiple_of").get_to(contract.multiple_of);
    input.at("max_width").get_to(contract.max_width);
    input.at("max_height").get_to(contract.max_height);
    return contract;
}

exam::ModelIdentity identity_from(const json& manifest) {
    exam::ModelIdentity identity;
    manifest.at("name").get_to(identity.name);
    manifest.at("version").get_to(identity.version);
    manifest.at("manufacturer").get_to(identity.manufacturer);
    manifest.at("intended_use").get_to(identity.intended_use);
    manifest.at("cleared_in").get_to(identity.cleared_in);
    manifest.at("finding").at("kind").get_to(identity.finding_kind);
    for (const json& point : manifest.at("operating_points"))
        identity.operating_points.push_back(
            {point.at("name"), point.at("threshold"), point.at("description")});
    for (const json& data : manifest.at("training_data")) {
        if (!identity.attribution.empty()) identity.attribution += "\n";
        identity.attribution += data.at("attribution").get<std::string>();
    }
    return identity;
}

}  // namespace

double logit(double probability) {
    const double bounded = std::clamp(probability, 1e-9, 1 - 1e-9);
    return std::log(bounded / (1 - bounded));
}

double Calibration::apply(double raw) const {
    return 1 / (1 + std::exp(-(a * logit(raw) + b)));
}

Manifest parse_manifest(std::string_view text) {
    check_against_schema(text);
    try {
        const json root = json::parse(text);
        Manifest manifest;
        manifest.identity = identity_from(root);
        manifest.identity.sha256 = sha256(as_byte_view(text));
        manifest.contract = contract_from(root.at("input"));
        root.at("input").at("tensor").get_to(manifest.input_tensor);
        const json& outputs = root.at("outputs");
        outputs.at("boxes").get_to(manifest.boxes_tensor);
        outputs.at("presence").get_to(manifest.presence_tensor);
        outputs.at("suspicion").get_to(manifest.suspicion_tensor);
        outputs.at("image_score").get_to(manifest.image_score_tensor);
        const json& finding = root.at("finding");
        manifest.finding = {finding.at("kind"), finding.at("min_presence"),
                            finding.at("max_findings"), finding.at("max_overlap")};
        manifest.finding_calibration = calibration_from(root.at("calibration").at("finding"));
        manifest.image_calibration = calibration_from(root.at("calibration").at("image"));
        if (root.value("score_of", "view") == "side") manifest.score_of = ScoreOf::kSide;
        manifest.identity.calibration =
            described(manifest.finding_calibration, manifest.image_calibration);
        root.at("files").get_to(manifest.files);
        return manifest;
    } catch (const json::exception& cause) {
        throw Error(ErrorCode::kInvalidInput, "manifest.json", cause);
    }
}

}  // namespace lucerna::infer
