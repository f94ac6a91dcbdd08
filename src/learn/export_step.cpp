#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "base/error.h"
#include "base/file.h"
#include "base/hash.h"
#include "learn/blend.h"
#include "learn/curves.h"
#include "learn/learn.h"
#include "learn/onnx_export.h"
#include "learn/package.h"
#include "learn/report.h"

namespace lucerna::learn {
namespace {

std::string text_of(const std::filesystem::path& path) {
    return std::string(as_text(read_file(path)));
}

void write_text(const std::filesystem::path& path, const std::string& text) {
    write_file_durably(path, as_byte_view(text));
}

/// Names of the parts that are finished; "final" last.
std::vector<std::string> finished_parts(const std::filesystem::path& run, int folds) {
    std::vector<std::string> names;
    for (int fold = 0; fold < folds; ++fold) names.push_back("fold-" + std::to_string(fold));
    names.emplace_back("final");
    std::erase_if(names, [&](const std::string& name) {
        return !std::filesystem::exists(run / name / "weights.safetensors");
    });
    return names;
}

/// Adds up rows and seconds of a log.csv.
void add_effort(const std::string& log, Provenance& provenance) {
    std::istringstream rows(log);
    std::string row;
    std::getline(rows, row);
    while (std::getline(rows, row)) {
        double seconds = 0;
        const std::size_t comma = row.rfind(',');
        std::from_chars(row.data() + comma + 1, row.data() + row.size(), seconds);
        provenance.seconds += seconds;
        ++provenance.steps;
    }
}

std::string notes_of(const std::filesystem::path& folder) {
    std::string text;
    if (folder.empty()) return text;
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator(folder))
        if (entry.path().extension() == ".md") files.push_back(entry.path());
    std::sort(files.begin(), files.end());
    for (const auto& file : files) text += text_of(file);
    return text;
}

void count_data(const TrainingSet& set, Provenance& provenance) {
    std::set<std::string> patients;
    for (const TrainingImage& image : set.images) patients.insert(image.record.patient);
    provenance.images = set.images.size();
    provenance.patients = patients.size();
}

}  // namespace

void run_export(const ExportOptions& options, const Progress& progress) {
    Provenance provenance;
    provenance.name = options.name;
    provenance.version = options.version;
    provenance.configuration = text_of(options.run / "run.json");
    const auto configuration = nlohmann::json::parse(provenance.configuration);
    const int folds = configuration.at("folds").get<int>();
    if (configuration.at("cache_sha256") != sha256_of_file(options.cache))
        throw Error(ErrorCode::kConflict, "the run was made from another cache file");
    const TrainingSet set = decode_training_set(read_file(options.cache));
    count_data(set, provenance);

    std::vector<RawPrediction> raw;
    std::vector<std::pair<std::string, std::string>> logs;
    for (const std::string& part : finished_parts(options.run, folds)) {
        logs.emplace_back(part, text_of(options.run / part / "log.csv"));
        add_effort(logs.back().second, provenance);
        provenance.part = part;
        if (part == "final") continue;
        const auto fold = parse_raw(text_of(options.run / part / "raw.csv"));
        raw.insert(raw.end(), fold.begin(), fold.end());
    }
    if (raw.empty())
        throw Error(ErrorCode::kInvalidInput,
                    "no fold of the run is finished: there is nothing to measure");
    // Measured with blends that did not see the fold; shipped with one that saw all.
    const std::vector<Prediction> predictions = blended_across_folds(set, raw);
    provenance.blend = fit_blend(set, raw);
    progress("measuring " + std::to_string(predictions.size()) + " out-of-fold predictions");
    const Report report =
        make_report(set, predictions, folds, configuration.at("seed").get<std::uint64_t>());
    write_text(options.run / "out-of-fold.csv", predictions_csv(predictions));
    write_text(options.run / "metrics.json", metrics_json(report));
    write_text(options.run / "loss.svg", svg_of(loss_plot(logs)));
    write_text(options.run / "roc.svg", svg_of(roc_plot(report)));
    write_text(options.run / "froc.svg", svg_of(froc_plot(report)));
    progress(summary_of(set, predictions));

    provenance.notes = notes_of(options.notes);
    const Bytes model = export_onnx(
        decode_weights(read_file(options.run / provenance.part / "weights.safetensors")), {},
        provenance.blend);
    const std::string card = model_card(set.contract, report, provenance);
    std::filesystem::create_directories(options.package);
    write_file_durably(options.package / "model.onnx", model);
    write_text(options.package / "MODEL_CARD.md", card);
    write_text(
        options.package / "manifest.json",
        manifest_json(set.contract, report, provenance, sha256(model), sha256(as_byte_view(card))));
    progress("wrote the package " + options.package.string() + " from " + provenance.part);
}

}  // namespace lucerna::learn
