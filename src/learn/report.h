#pragma once

#include <array>
#include <string>
#include <vector>

#include "evaluate/calibration.h"
#include "evaluate/froc.h"
#include "evaluate/roc.h"
#include "learn/measure.h"

namespace lucerna::learn {

/// False marks an image at which sensitivities are stated.
inline constexpr std::array<double, 6> kFalseRates{0.125, 0.25, 0.5, 1, 2, 4};

/// Sensitivities at kFalseRates for one question and one rule.
struct FrocReport {
    Asked asked = Asked::kMasses;
    evaluate::HitRule rule = evaluate::HitRule::kCentre;
    std::size_t lesions = 0;
    std::array<evaluate::Estimate, kFalseRates.size()> sensitivity{};
    std::vector<evaluate::FrocPoint> curve;
};

/// A threshold on the calibrated score of a patient (the highest of the patient's images).
struct OperatingChoice {
    std::string name;
    double threshold = 0;
    double sensitivity = 0;
    double specificity = 0;
};

struct SubgroupReport {
    std::string name;
    std::size_t images = 0;
    evaluate::Estimate auc;
};

/// Everything that is said of a model, measured on images of patients whom it never saw.
struct Report {
    int folds = 0;
    int folds_measured = 0;
    std::size_t images = 0;
    std::size_t malignant_images = 0;
    std::size_t patients = 0;
    /// Of each image by itself.
    evaluate::Estimate auc_delong;
    evaluate::Interval auc_bootstrap;
    /// With the views of a breast read together, as serving does (read_together). The interval is
    /// of the bootstrap: the images of a breast share a score.
    evaluate::Estimate together_auc;
    /// What follows is of the images read together. One case a breast: DeLong.
    std::size_t breasts = 0;
    evaluate::Estimate breast_auc;
    evaluate::Estimate patient_auc;
    std::vector<evaluate::RocPoint> roc;
    std::vector<FrocReport> froc;
    std::vector<SubgroupReport> subgroups;
    evaluate::PlattScaling image_calibration;
    evaluate::PlattScaling finding_calibration;
    double brier = 0;
    double calibration_error = 0;
    /// Presence from which serving shows a finding: half a false mark an image.
    double min_presence = 0;
    std::vector<OperatingChoice> operating_points;
};

/// Rounds of every bootstrap.
inline constexpr int kBootstrapRounds = 1000;

[[nodiscard]] Report make_report(const TrainingSet& set, const std::vector<Prediction>& predictions,
                                 int folds, std::uint64_t seed);

/// metrics.json of a run directory.
[[nodiscard]] std::string metrics_json(const Report& report);

[[nodiscard]] std::string name_of(Asked asked);
[[nodiscard]] std::string name_of(evaluate::HitRule rule);

}  // namespace lucerna::learn
