#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "collection/training_set.h"

namespace lucerna::learn {

/// Told of each step of long work in a sentence without line end; may throw to stop the work.
using Progress = std::function<void(const std::string& message)>;

struct TrainOptions {
    /// The cache file of collection::run_prepare.
    std::filesystem::path cache;
    /// The trunk file (docs/formats/trunk.md): an EfficientNet-Lite as ImageNet left it.
    std::filesystem::path trunk;
    /// The run directory: created, or resumed when it holds a run of the same configuration.
    std::filesystem::path run;
    std::uint64_t seed = 1;
    int folds = 3;
    int epochs = 24;
    int batch = 8;
    double head_rate = 1e-3;
    double trunk_rate = 2e-4;
    double weight_decay = 1e-3;
    /// The weights that are kept are a running mean of those that were trained.
    double averaging = 0.99;
    /// Parts of the augmentation to do without (augmentation_parts()): for ablations.
    std::vector<std::string> without;
    /// Columns of the manifest whose values are taught to the judge beside malignant or not.
    std::vector<std::string> described_by;
    /// Move the depthwise filters too: dear on a CPU, cheap on a GPU.
    bool train_depthwise = false;
    /// Another cache whose images every part trains on and none is measured on: phantoms.
    std::filesystem::path extra;
    /// A cache of another collection that each part's network is measured on beside.
    std::filesystem::path outside;
    /// Share of the patients of each part that it trains on: for learning curves.
    double share = 1;
    /// Training crops; whole pictures are read when predicting.
    int crop_height = 896;
    int crop_width = 448;
    /// CPU threads of this process. Several processes may share a run directory: each takes
    /// parts (folds, final) that no other process works on.
    int threads = 1;
    /// Only these parts ("fold-0", "final"); empty means all.
    std::vector<std::string> parts;
    /// Predict the held-out images after each epoch too, not only after the last.
    bool watch = false;
    /// Stop after this many steps of this process (0: never): for tests of resuming.
    int stop_after_steps = 0;
};

/// Step 2 (after collection::run_prepare): k-fold cross-validation by patient, then one model on
/// everything. Writes configuration, data hashes, logs, checkpoints, curves and out-of-fold
/// predictions into the run directory. A killed run goes on where its last checkpoint was. Throws
/// Error(kConflict) when the run directory belongs to another configuration, Error(kInternal)
/// naming the step when the loss is not a number.
void run_train(const TrainOptions& options, const Progress& progress);

struct ExportOptions {
    std::filesystem::path run;
    std::filesystem::path cache;
    /// The package folder to write: model.onnx, manifest.json, MODEL_CARD.md.
    std::filesystem::path package;
    std::string name = "cbis-mass";
    std::string version = "1.0.0";
    /// A folder of notes (*.md, in the order of their names) that the model card quotes: what was
    /// seen when the model was run on other data. May be empty.
    std::filesystem::path notes;
    /// What the run was made on, for the model card. May be empty.
    std::string machine;
};

/// Step 3: measures the out-of-fold predictions (metrics.json in the run directory), fits the
/// calibration and chooses operating points on them, and writes the model package.
void run_export(const ExportOptions& options, const Progress& progress);

/// What libtorch's network of the run says of one picture of the cache: what the package must say.
struct Expected {
    collection::TrainingImage image;
    /// Raw, before calibration.
    double image_score = 0;
    /// Presence and suspicion of each place, surest first.
    std::vector<std::pair<double, double>> places;
};

/// Of `count` pictures, evenly spread over the cache.
[[nodiscard]] std::vector<Expected> expected_of_package(const ExportOptions& options,
                                                        std::size_t count);

}  // namespace lucerna::learn
