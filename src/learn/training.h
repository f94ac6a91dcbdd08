#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "learn/augment.h"
#include "learn/bend.h"
#include "learn/data.h"
#include "learn/descriptors.h"
#include "learn/learn.h"
#include "learn/network.h"
#include "learn/second_look.h"
#include "learn/team.h"

namespace lucerna::learn {

/// What one network is trained on, and how.
struct TrainingPlan {
    /// "fold-0" or "final"; for messages.
    std::string name;
    std::vector<std::size_t> images;
    std::uint64_t seed = 1;
    int epochs = 24;
    int batch = 8;
    double head_rate = 1e-3;
    double trunk_rate = 2e-4;
    double weight_decay = 1e-3;
    /// The weights that are kept are a running mean of those that were trained.
    double averaging = 0.99;
    Augmentation augmentation;
    Trained trained = Trained::kPointwise;
    /// Columns of the manifest whose values are taught to the judge beside (Descriptors).
    std::vector<std::string> described_by;
    LookPlan looks;
    /// Steps between two checkpoints.
    int checkpoint_every = 25;
};

/// Trains one network in a folder of its own: log.csv (a row a step) and checkpoint.pt. Every
/// random choice depends on the seed and the step alone, so a training that is taken up from its
/// last checkpoint takes the steps that an unbroken one would have taken.
class Training {
  public:
    /// Resumes from the checkpoint in `folder` where there is one. `set` and `team` are borrowed.
    /// Throws Error(kInvalidInput) for a team of more processes than a batch has pictures.
    Training(TrainingPlan plan, const TrainingSet& set, const WeightMap& trunk,
             const NetworkShape& shape, std::filesystem::path folder, torch::Device device,
             Team& team);
    ~Training();

    [[nodiscard]] int step() const;
    [[nodiscard]] int steps() const;
    [[nodiscard]] int steps_per_epoch() const;
    [[nodiscard]] bool finished() const { return step() >= steps(); }

    /// One batch. Returns its loss. Throws Error(kInternal) that names the step when the loss is
    /// not a number; the checkpoint stays as it was.
    double take_step(const Progress& progress);
    void save();

    /// A network with the averaged weights.
    [[nodiscard]] Network averaged() const;

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace lucerna::learn
