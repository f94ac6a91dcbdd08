#include <array>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "learn/learn.h"
#include "learn/network_shape.h"
#include "learn/package.h"
#include "learn/texts.h"

namespace lucerna::learn {
namespace {

std::string fixed(double value, int digits) {
    std::array<char, 40> text{};
    const auto length = std::snprintf(text.data(), text.size(), "%.*f", digits, value);
    return {text.data(), static_cast<std::size_t>(length)};
}

std::string with_interval(double value, const evaluate::Interval& interval, int digits) {
    return fixed(value, digits) + " (" + fixed(interval.low, digits) + "-" +
           fixed(interval.high, digits) + ")";
}

std::string blend_table(const Blend& blend) {
    return "What the network puts out weighs its parts (logits) so: presence = s(" +
           fixed(blend.found, 3) + " finder + " + fixed(blend.looked, 3) + " judge + " +
           fixed(blend.presence_bias, 3) + "); suspicion = presence x s(" +
           fixed(blend.malignancy, 3) + " malignancy + " + fixed(blend.malignancy_bias, 3) +
           "); image = s(" + fixed(blend.top, 3) + " logit(highest suspicion) + " +
           fixed(blend.mean, 3) + " mean malignancy + " + fixed(blend.context, 3) +
           " whole breast + " + fixed(blend.image_bias, 3) +
           "), s the logistic function. The nine numbers were fitted on out-of-fold predictions; "
           "the figures below are of blends fitted without the fold that they are measured on.\n\n";
}

std::string training_section(const exam::InputContract& contract, const Provenance& provenance) {
    std::string text = "## Training\n\n";
    text += "Data: " + std::string(kDataName) + ", " + std::to_string(provenance.images) +
            " images of " + std::to_string(provenance.patients) + " patients, licence " +
            kDataLicence + ".\n\n> " + kDataAttribution + "\n\n";
    text += "Trunk: " + provenance.trunk + ", licence " + kTrunkLicence + ": " + kTrunkAttribution +
            "\n\n";
    text += std::string(
                "The network looks twice, with two trunks trained together (their first stages") +
            (nlohmann::json::parse(provenance.configuration).at("train_depthwise").get<bool>()
                 ? ""
                 : ", their depthwise filters") +
            " and their batch statistics as ImageNet left them). A finder goes over "
            "the picture at half its resolution and proposes at most " +
            std::to_string(kCandidates) +
            " places; a judge looks at each of them closely, upright and upside down. Pictures are "
            "prepared as in serving, at " +
            fixed(contract.spacing_mm, 2) + " mm a pixel.\n\n";
    text += blend_table(provenance.blend);
    if (provenance.part == "final")
        text += "The network that ships was trained on all of the images.\n\n";
    else
        text += "**An early package:** the network that ships is that of " + provenance.part +
                ", trained on a part of the images only.\n\n";
    return text;
}

std::string figures_section(const Report& report) {
    std::string text = "## Figures, out of fold\n\n";
    text += std::to_string(report.folds) + "-fold cross-validation by patient; " +
            std::to_string(report.folds_measured) + " of " + std::to_string(report.folds) +
            " folds measured: " + std::to_string(report.images) + " images (" +
            std::to_string(report.malignant_images) + " malignant) of " +
            std::to_string(report.patients) +
            " patients, each read once by a network that never saw the patient. The cases are "
            "malignant against benign masses, without normals. Intervals are 95%.\n\n";
    text += "| figure | value | how |\n| --- | --- | --- |\n";
    text += "| image AUC, each image by itself | " +
            with_interval(report.auc_delong.value, report.auc_delong.interval, 3) + " | DeLong |\n";
    text += "| image AUC, each image by itself | " +
            with_interval(report.auc_delong.value, report.auc_bootstrap, 3) +
            " | bootstrap by patient |\n";
    text += "| image AUC, the views of a breast read together | " +
            with_interval(report.together_auc.value, report.together_auc.interval, 3) +
            " | bootstrap by patient |\n";
    text += "| AUC of the " + std::to_string(report.breasts) + " breasts | " +
            with_interval(report.breast_auc.value, report.breast_auc.interval, 3) + " | DeLong |\n";
    text += "| patient AUC (highest breast) | " +
            with_interval(report.patient_auc.value, report.patient_auc.interval, 3) +
            " | DeLong |\n";
    text += "| Brier score after calibration | " + fixed(report.brier, 3) + " | |\n";
    text += "| expected calibration error after calibration | " +
            fixed(report.calibration_error, 3) + " | 10 bins; fitted on the same predictions |\n\n";
    for (const SubgroupReport& one : report.subgroups)
        text += (&one == &report.subgroups.front() ? "| subgroup | images | image AUC, read "
                                                     "together (DeLong) |\n| --- | --- | --- |\n"
                                                   : "") +
                ("| " + one.name + " | " + std::to_string(one.images) + " | ") +
                with_interval(one.auc.value, one.auc.interval, 3) + " |\n";
    return text;
}

std::string froc_section(const Report& report) {
    std::string text =
        "\n## Masses found (FROC), out of fold\n\nShare of masses found at a mean number of false "
        "marks per image, with intervals of a bootstrap by patient. For malignant masses marks on "
        "other masses count neither way.\n\n| false marks per image |";
    for (const FrocReport& one : report.froc)
        text += " " + name_of(one.asked) + " (" + std::to_string(one.lesions) + "), " +
                name_of(one.rule) + " |";
    text += "\n| --- |";
    for (std::size_t i = 0; i < report.froc.size(); ++i) text += " --- |";
    text += "\n";
    for (std::size_t i = 0; i < kFalseRates.size(); ++i) {
        text += "| " + fixed(kFalseRates[i], 3) + " |";
        for (const FrocReport& one : report.froc)
            text += " " + with_interval(one.sensitivity[i].value, one.sensitivity[i].interval, 2) +
                    " |";
        text += "\n";
    }
    return text;
}

std::string use_section(const Report& report) {
    std::string text =
        "\n## What is shown\n\nFindings with presence of at least " +
        fixed(report.min_presence, 3) + " (half a false mark per image, out of fold), at most " +
        std::to_string(kShownFindings) +
        " a view. Scores are Platt-scaled: image a = " + fixed(report.image_calibration.a, 3) +
        ", b = " + fixed(report.image_calibration.b, 3) +
        "; finding a = " + fixed(report.finding_calibration.a, 3) +
        ", b = " + fixed(report.finding_calibration.b, 3) +
        ", fitted on the out-of-fold predictions.\n\n"
        "| operating point (score of the patient's higher breast) | threshold | "
        "sensitivity | specificity |\n| --- | --- | --- | --- |\n";
    for (const OperatingChoice& one : report.operating_points)
        text += "| " + one.name + " | " + fixed(one.threshold, 3) + " | " +
                fixed(one.sensitivity, 2) + " | " + fixed(one.specificity, 2) + " |\n";
    return text +
           "\nThe operating points were chosen on the same out-of-fold predictions that they are "
           "stated on: expect a little less on new patients.\n";
}

/// The options of `lucerna learn train` that give this run: epochs, and what is not the default.
std::string training_options(const nlohmann::json& run) {
    const TrainOptions usual;
    std::string text = "--epochs " + run.at("epochs").dump();
    const auto words = [&](const char* key, const char* option) {
        if (!run.at(key).empty()) text += std::string(" ") + option;
        for (const auto& word : run.at(key)) text += " " + word.get<std::string>();
    };
    const auto number = [&](const char* key, const char* option, const nlohmann::json& usually) {
        if (run.at(key) != usually) text += std::string(" ") + option + " " + run.at(key).dump();
    };
    words("described_by", "--describe");
    words("without", "--without");
    number("seed", "--seed", usual.seed);
    number("folds", "--folds", usual.folds);
    number("batch", "--batch", usual.batch);
    number("head_rate", "--head-rate", usual.head_rate);
    number("trunk_rate", "--trunk-rate", usual.trunk_rate);
    number("weight_decay", "--weight-decay", usual.weight_decay);
    number("averaging", "--averaging", usual.averaging);
    number("share", "--share", usual.share);
    if (run.at("train_depthwise").get<bool>()) text += " --train-depthwise";
    if (!run.at("extra_sha256").is_null()) text += " --extra extra.cache";
    return text;
}

std::string reproduce_section(const Provenance& provenance) {
    return "\n## Reproduce\n\nIn one command, `tools/train-model cbis-ddsm-mass/manifest.csv "
           "WORK`, or step by "
           "step:\n\n```sh\n"
           "tools/convert_trunk trunk.safetensors " +
           provenance.trunk_size +
           "\n"
           "lucerna learn prepare --manifest cbis-ddsm-mass/manifest.csv --cache cbis.cache\n"
           "lucerna learn train --cache cbis.cache --run run --trunk trunk.safetensors \\\n"
           "    " +
           training_options(nlohmann::json::parse(provenance.configuration)) +
           "\n"
           "lucerna learn export --run run --cache cbis.cache --package models/" +
           provenance.name + " --version " + provenance.version +
           (provenance.notes.empty() ? ""
                                     : " \\\n    --notes docs/model-notes/" + provenance.name) +
           "\n```\n\nThis run: " + std::to_string(provenance.steps) + " steps in " +
           fixed(provenance.seconds / 60, 0) + " process-minutes" +
           (provenance.machine.empty() ? "" : " (" + provenance.machine + ")") +
           "; a second process with the same `train` command shares the work by parts. Its "
           "configuration (run.json):\n\n```json\n" +
           provenance.configuration + "```\n";
}

}  // namespace

std::string model_card(const exam::InputContract& contract, const Report& report,
                       const Provenance& provenance) {
    std::string text = "# " + provenance.name + " " + provenance.version + "\n\n";
    text += std::string(kIntendedUse) +
            " Not cleared in any jurisdiction. This card is written by `lucerna learn export`.\n\n";
    text += training_section(contract, provenance) + figures_section(report) +
            froc_section(report) + use_section(report);
    text += "\n## Known limits and failures\n\n" + std::string(kKnownLimits);
    if (!provenance.notes.empty()) text += "\n" + provenance.notes;
    return text + reproduce_section(provenance);
}

}  // namespace lucerna::learn
