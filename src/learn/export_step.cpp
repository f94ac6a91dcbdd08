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
#include "learn/network.h"
#include "learn/onnx_export.h"
#include "learn/package.h"
#include "learn/predict.h"
#include "learn/report.h"
#include "learn/texts.h"

namespace lucerna::learn {
namespace {

std::string text_of(const std::filesystem::path& path) {
    return std::string(as_text(read_file(path)));
}

void write_text(const std::filesystem::path& path, const std::string& text) {
    write_file_durably(path, as_byte_view(text));
}

/// The folds whose held-out images have been predicted. Their weights need not be there: a run that
/// was made on another machine comes back lighter without them.
std::vector<std::string> predicted_folds(const std::filesystem::path& run, int folds) {
    std::vector<std::string> names;
    for (int fold = 0; fold < folds; ++fold) {
        const std::string name = "fold-" + std::to_string(fold);
        if (std::filesystem::exists(run / name / "raw.csv")) names.push_back(name);
    }
    return names;
}

/// Whose weights are packed: the last of fold-0, fold-1, ..., final that has any.
std::string part_to_pack(const std::filesystem::path& run, int folds) {
    std::string chosen;
    for (int fold = 0; fold <= folds; ++fold) {
        const std::string name = fold < folds ? "fold-" + std::to_string(fold) : "final";
        if (std::filesystem::exists(run / name / "weights.safetensors")) chosen = name;
    }
    return chosen;
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

void name_trunk(const TrunkShape& shape, Provenance& provenance) {
    provenance.trunk = "a trunk of another shape than those of tools/convert_trunk";
    const StageShape& stage = shape.stages.at(3);
    for (const TrunkText& text : kTrunks)
        if (text.width == stage.width && text.blocks == stage.blocks) {
            provenance.trunk = text.name;
            provenance.trunk_size = text.size;
        }
}

void count_data(const TrainingSet& set, Provenance& provenance) {
    std::set<std::string> patients;
    for (const TrainingImage& image : set.images) patients.insert(image.record.patient);
    provenance.images = set.images.size();
    provenance.patients = patients.size();
}

/// Of every fold that has been predicted.
std::vector<RawPrediction> raw_predictions(const std::filesystem::path& run, int folds) {
    std::vector<RawPrediction> raw;
    for (const std::string& part : predicted_folds(run, folds)) {
        const std::string csv = text_of(run / part / "raw.csv");
        for (RawPrediction& one : parse_raw(csv)) raw.push_back(std::move(one));
    }
    return raw;
}

}  // namespace

std::vector<Expected> expected_of_package(const ExportOptions& options, std::size_t count) {
    const auto configuration = nlohmann::json::parse(text_of(options.run / "run.json"));
    const int folds = configuration.at("folds").get<int>();
    const CacheReader cache = CacheReader::open(options.cache);
    const TrainingSet& set = cache.index();
    const Blend blend = fit_blend(set, raw_predictions(options.run, folds));
    const WeightMap weights = decode_weights(
        read_file(options.run / part_to_pack(options.run, folds) / "weights.safetensors"));
    Network network(network_shape_of(weights));
    network->load_all(weights);
    TrainingSet chosen;
    std::vector<std::size_t> all;
    count = std::min(count, set.images.size());
    for (std::size_t k = 0; k < count; ++k) {
        const std::size_t at = k * set.images.size() / count;
        chosen.images.push_back(set.images[at]);
        chosen.images.back().pixels = cache.pixels(at);
        all.push_back(k);
    }
    const auto raw = predict(network, chosen, all, 0, torch::kCPU);
    std::vector<Expected> list;
    for (std::size_t k = 0; k < count; ++k) {
        const Prediction said = blended(raw[k], blend);
        Expected expected{std::move(chosen.images[k]), said.image_score, {}};
        for (const Candidate& one : said.candidates)
            expected.places.emplace_back(one.presence, one.suspicion);
        std::sort(expected.places.rbegin(), expected.places.rend());
        list.push_back(std::move(expected));
    }
    return list;
}

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

    const std::vector<RawPrediction> raw = raw_predictions(options.run, folds);
    std::vector<std::pair<std::string, std::string>> logs;
    const auto add_log = [&](const std::string& part) {
        logs.emplace_back(part, text_of(options.run / part / "log.csv"));
        add_effort(logs.back().second, provenance);
    };
    for (const std::string& part : predicted_folds(options.run, folds)) add_log(part);
    provenance.part = part_to_pack(options.run, folds);
    if (raw.empty() || provenance.part.empty())
        throw Error(ErrorCode::kInvalidInput,
                    "no fold of the run is finished: there is nothing to measure");
    if (provenance.part == "final") add_log(provenance.part);
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
    progress("views of a breast read together: " +
             summary_of(set, read_together(set, predictions)));

    provenance.notes = notes_of(options.notes);
    const WeightMap weights =
        decode_weights(read_file(options.run / provenance.part / "weights.safetensors"));
    const Bytes model = export_onnx(weights, network_shape_of(weights), provenance.blend);
    name_trunk(network_shape_of(weights).trunk, provenance);
    provenance.machine = options.machine;
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
