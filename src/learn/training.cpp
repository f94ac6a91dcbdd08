#include "learn/training.h"

#include <torch/torch.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <fstream>
#include <numbers>
#include <sstream>

#include "base/error.h"
#include "base/file.h"
#include "learn/folds.h"
#include "learn/loss.h"
#include "learn/masks.h"
#include "learn/optimiser.h"
#include "learn/places.h"

namespace lucerna::learn {
namespace {

constexpr std::string_view kLogHeader =
    "step,epoch,loss,presence,box,context,mass,malignancy,description,seconds\n";
constexpr int kWarmUp = 20;

/// Warm-up, then half a cosine down to nothing.
double rate_factor(int step, int steps) {
    const double warm = std::min(1.0, (step + 1.0) / kWarmUp);
    return warm * 0.5 * (1 + std::cos(std::numbers::pi * step / steps));
}

std::string number(double value) {
    std::ostringstream text;
    text.imbue(std::locale::classic());
    text.precision(6);
    text << value;
    return text.str();
}

}  // namespace

struct Training::State {
    TrainingPlan plan;
    const TrainingSet* set;
    std::filesystem::path folder;
    torch::Device device;
    Team* team;
    Descriptors descriptors;
    Darkroom darkroom;
    Network network;
    Network mean;
    std::unique_ptr<Optimiser> optimiser;
    std::string log{kLogHeader};
    int step = 0;

    State(TrainingPlan the_plan, const TrainingSet& the_set, const NetworkShape& shape,
          std::filesystem::path the_folder, torch::Device the_device, Team& the_team)
        : plan(std::move(the_plan)),
          set(&the_set),
          folder(std::move(the_folder)),
          device(the_device),
          team(&the_team),
          descriptors(the_set, plan.described_by),
          darkroom(the_set, plan.augmentation.width, plan.augmentation.height, plan.seed, device),
          network(with_descriptors(shape)),
          mean(with_descriptors(shape)) {}

    [[nodiscard]] NetworkShape with_descriptors(NetworkShape shape) const {
        shape.descriptors = static_cast<int>(descriptors.size());
        return shape;
    }

    [[nodiscard]] int steps_per_epoch() const {
        const auto images = static_cast<int>(plan.images.size());
        return std::max(1, images / plan.batch);
    }

    [[nodiscard]] std::vector<double> rates() const {
        const double factor = rate_factor(step, steps_per_epoch() * plan.epochs);
        return {plan.head_rate * factor, plan.trunk_rate * factor};
    }

    [[nodiscard]] std::vector<Sample> samples() const {
        const int epoch = step / steps_per_epoch();
        std::vector<std::size_t> order = plan.images;
        shuffle(order, plan.seed + 7919 * static_cast<std::uint64_t>(epoch + 1));
        const auto first = static_cast<std::size_t>(step % steps_per_epoch()) *
                           static_cast<std::size_t>(plan.batch);
        std::vector<Sample> list;
        // This process's share of the batch.
        const auto rank = static_cast<std::size_t>(team->rank());
        const auto size = static_cast<std::size_t>(team->size());
        for (std::size_t k = rank; k < static_cast<std::size_t>(plan.batch); k += size) {
            const std::size_t at = order[(first + k) % order.size()];
            const auto stream = static_cast<std::uint64_t>(step) * 4096 + k;
            list.push_back(choose_sample(set->images[at], plan.augmentation,
                                         Random(plan.seed).fork(stream + 1)));
        }
        return list;
    }

    [[nodiscard]] Losses forward() {
        const std::vector<Sample> list = samples();
        const Batch batch = make_batch(list, darkroom.develop(list));
        const FinderMaps maps = network->find(batch.pictures, finder_masks(list));
        const LookBatch looks = make_look_batch(list, batch.pictures, places_of(maps, kCandidates),
                                                plan.looks, descriptors);
        const auto mask =
            dropout_masks(looks.streams, network->judged_width(), network->shape().dropout, device);
        return loss_of(maps, batch, network->judge(looks.looks, mask), looks,
                       whole(counts_of(batch, looks)));
    }

    /// Of the batch, over all processes.
    [[nodiscard]] Counts whole(Counts counts) const {
        auto values = torch::tensor({counts.lesions, counts.labelled_images, counts.looks,
                                     counts.judged_lesions, counts.described},
                                    torch::kFloat);
        team->sum({values});
        const float* sums = values.data_ptr<float>();
        return {sums[0], sums[1], sums[2], sums[3], sums[4]};
    }

    [[nodiscard]] FinderMasks finder_masks(const std::vector<Sample>& list) const {
        // Streams of the features as a whole and of the summary, apart from those of the looks.
        std::vector<std::uint64_t> merged;
        std::vector<std::uint64_t> summary;
        for (const Sample& sample : list) {
            merged.push_back(~sample.stream);
            summary.push_back(sample.stream ^ 0x5555555555555555U);
        }
        const NetworkShape& shape = network->shape();
        return {dropout_masks(merged, shape.merged, shape.dropout / 3, device),
                dropout_masks(summary, 2 * std::int64_t{shape.merged}, shape.dropout, device)};
    }

    void move_mean() {
        const torch::NoGradGuard no_gradient;
        const double keep = std::min(plan.averaging, (1.0 + step) / (10.0 + step));
        const auto to = mean->parameters();
        at::_foreach_mul_(to, keep);
        at::_foreach_add_(to, network->parameters(), 1 - keep);
    }

    void load() {
        const std::filesystem::path path = folder / "checkpoint.pt";
        if (!std::filesystem::exists(path)) return;
        torch::serialize::InputArchive archive;
        archive.load_from(path.string(), device);
        torch::serialize::InputArchive part;
        archive.read("network", part);
        network->load(part);
        archive.read("mean", part);
        mean->load(part);
        archive.read("optimiser", part);
        optimiser->load(part);
        torch::Tensor at;
        archive.read("step", at);
        step = static_cast<int>(at.item<std::int64_t>());
        keep_log_rows();
    }

    /// Rows of steps after the checkpoint will be written again.
    void keep_log_rows() {
        std::istringstream rows{std::string(as_text(read_file(folder / "log.csv")))};
        std::string row;
        log.clear();
        for (int count = 0; count <= step && std::getline(rows, row); ++count) log += row + "\n";
    }
};

Training::Training(TrainingPlan plan, const TrainingSet& set, const WeightMap& trunk,
                   const NetworkShape& shape, std::filesystem::path folder, torch::Device device,
                   Team& team) {
    if (team.size() > plan.batch)
        throw Error(ErrorCode::kInvalidInput, "a batch of " + std::to_string(plan.batch) +
                                                  " pictures cannot be shared by " +
                                                  std::to_string(team.size()) + " processes");
    torch::manual_seed(plan.seed);
    state_ = std::make_unique<State>(std::move(plan), set, shape, std::move(folder), device, team);
    State& state = *state_;
    state.network->adopt_trunk(trunk, state.plan.trained);
    state.mean->load_all(state.network->weights());
    state.network->to(device);
    state.mean->to(device);
    state.optimiser = std::make_unique<Optimiser>(
        std::vector{state.network->head_parameters(), state.network->trunk_parameters()},
        state.plan.weight_decay);
    std::filesystem::create_directories(state.folder);
    try {
        state.load();
    } catch (const c10::Error& cause) {
        throw Error(ErrorCode::kCorrupt,
                    "the checkpoint of " + state.plan.name + " cannot be read: " + cause.msg());
    }
}

Training::~Training() = default;

int Training::step() const {
    return state_->step;
}
int Training::steps_per_epoch() const {
    return state_->steps_per_epoch();
}
int Training::steps() const {
    return state_->steps_per_epoch() * state_->plan.epochs;
}

double Training::take_step(const Progress& progress) {
    State& state = *state_;
    const auto start = std::chrono::steady_clock::now();
    state.network->train();
    Losses losses = state.forward();
    const auto numbers = torch::cat({losses.parts, losses.total.detach().view(1)}).to(torch::kCPU);
    state.team->sum({numbers});
    const auto loss = numbers[-1].item<double>();
    if (!std::isfinite(loss))
        throw Error(ErrorCode::kInternal, "training " + state.plan.name + ": the loss of step " +
                                              std::to_string(state.step) + " is not a number");
    state.optimiser->clear_gradients();
    losses.total.backward();
    state.team->sum(state.optimiser->gradients());
    state.optimiser->limit_gradients(10);
    state.optimiser->step(state.rates());
    ++state.step;
    state.move_mean();
    const double seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    const int epoch = (state.step - 1) / state.steps_per_epoch();
    std::string parts;
    for (std::int64_t i = 0; i + 1 < numbers.size(0); ++i)
        parts += number(numbers[i].item<double>()) + ",";
    parts += number(seconds);
    state.log += std::to_string(state.step) + "," + std::to_string(epoch + 1) + "," + number(loss) +
                 "," + parts + "\n";
    if (state.step % 10 == 0 && state.team->leads())
        progress(state.plan.name + " step " + std::to_string(state.step) + "/" +
                 std::to_string(steps()) + " loss " + number(loss) + " (" + kLossParts +
                 ",seconds: " + parts + ")");
    if (state.step % state.plan.checkpoint_every == 0 || finished()) save();
    return loss;
}

void Training::save() {
    State& state = *state_;
    if (!state.team->leads()) return;
    torch::serialize::OutputArchive archive;
    const auto add = [&](const char* name, const auto& part) {
        torch::serialize::OutputArchive inner;
        part.save(inner);
        archive.write(name, inner);
    };
    add("network", *state.network);
    add("mean", *state.mean);
    add("optimiser", *state.optimiser);
    archive.write("step", torch::tensor(static_cast<std::int64_t>(state.step)));
    std::ostringstream bytes;
    archive.save_to(bytes);
    // The log first: a checkpoint never stands without the rows up to it.
    write_file_durably(state.folder / "log.csv", as_byte_view(state.log));
    write_file_durably(state.folder / "checkpoint.pt", as_byte_view(bytes.str()));
}

Network Training::averaged() const {
    Network network(state_->mean->shape());
    network->load_all(state_->mean->weights());
    network->to(state_->device);
    network->eval();
    return network;
}

}  // namespace lucerna::learn
