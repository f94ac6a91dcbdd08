#pragma once

#include <map>
#include <string>
#include <string_view>

#include "exam/contract.h"

namespace lucerna::infer {

/// log(p / (1 - p)); finite also for a network that is sure of itself.
[[nodiscard]] double logit(double probability);

/// A raw network probability becomes the probability that people see:
/// score = 1 / (1 + exp(-(a * logit(raw) + b))) (Platt 1999). a = 1, b = 0 is the identity.
struct Calibration {
    double a = 1;
    double b = 0;
    [[nodiscard]] double apply(double raw) const;
};

/// Which candidate boxes become findings.
struct FindingRule {
    std::string kind;
    double min_presence = 0;
    int max_findings = 0;
    /// Of two boxes that overlap more than this (intersection over union) the better one stays.
    double max_overlap = 0;
};

/// Of what the image score is said.
enum class ScoreOf {
    kView,  ///< each view alone
    kSide   ///< all views of one side of an exam together
};

/// A package's manifest.json, as docs/formats/model-package.md describes it.
struct Manifest {
    exam::ModelIdentity identity;
    exam::InputContract contract;
    std::string input_tensor;
    std::string boxes_tensor;
    std::string presence_tensor;
    std::string suspicion_tensor;
    std::string image_score_tensor;
    FindingRule finding;
    Calibration finding_calibration;
    Calibration image_calibration;
    ScoreOf score_of = ScoreOf::kView;
    /// File name in the package -> SHA-256.
    std::map<std::string, std::string> files;
};

/// Reads a manifest. Throws Error(kInvalidInput) naming the place and the rule it breaks
/// ("<manifest>.input.spacing_mm: ...").
[[nodiscard]] Manifest parse_manifest(std::string_view json);

}  // namespace lucerna::infer
