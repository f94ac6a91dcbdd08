#include "learn/training.h"

#include <torch/torch.h>

#include <chrono>
#include <cmath>
#include <fstream>
#include <numbers>
#include <sstream>

#include "base/error.h"
#include "base/file.h"
#include "learn/folds.h"
#include "learn/loss.h"
#include "learn/places.h"

namespace lucerna::learn {
namespace {

constexpr std::string_view kLogHeader =
    "step,epoch,loss,presence,box,context,mass,malignancy,seconds\n";
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
    Network network;
    Network mean;
    std::unique_ptr<torch::optim::AdamW> optimiser;
    std::string log{kLogHeader};
    int step = 0;

    State(TrainingPlan the_plan, const TrainingSet& the_set, const NetworkShape& shape,
          std::filesystem::path the_folder, torch::Device the_device)
        : plan(std::move(the_plan)),
          set(&the_set),
          folder(std::move(the_folder)),
          device(the_device),
          network(shape),
          mean(shape) {}

    [[nodiscard]] int steps_per_epoch() const {
        const auto images = static_cast<int>(plan.images.size());
        return std::max(1, images / plan.batch);
    }

    void make_optimiser() {
        using torch::optim::AdamWOptions;
        using torch::optim::OptimizerParamGroup;
        const auto options = [&](double rate) {
            return std::make_unique<AdamWOptions>(
                AdamWOptions(rate).weight_decay(plan.weight_decay));
        };
        std::vector<OptimizerParamGroup> groups;
        groups.emplace_back(network->head_parameters(), options(plan.head_rate));
        groups.emplace_back(network->trunk_parameters(), options(plan.trunk_rate));
        optimiser = std::make_unique<torch::optim::AdamW>(std::move(groups));
    }

    void set_rates() {
        const double factor = rate_factor(step, steps_per_epoch() * plan.epochs);
        auto& groups = optimiser->param_groups();
        groups[0].options().set_lr(plan.head_rate * factor);
        groups[1].options().set_lr(plan.trunk_rate * factor);
    }

    [[nodiscard]] std::vector<Sample> samples() const {
        const int epoch = step / steps_per_epoch();
        std::vector<std::size_t> order = plan.images;
        shuffle(order, plan.seed + 7919 * static_cast<std::uint64_t>(epoch + 1));
        const auto first = static_cast<std::size_t>(step % steps_per_epoch()) *
                           static_cast<std::size_t>(plan.batch);
        std::vector<Sample> list;
        for (std::size_t k = 0; k < static_cast<std::size_t>(plan.batch); ++k) {
            const std::size_t at = order[(first + k) % order.size()];
            const auto stream = static_cast<std::uint64_t>(step) * 4096 + k;
            list.push_back(
                augment(set->images[at], plan.augmentation, Random(plan.seed).fork(stream + 1)));
        }
        return list;
    }

    [[nodiscard]] Losses forward() {
        const std::vector<Sample> list = samples();
        const Batch batch = make_batch(list, device);
        const FinderMaps maps = network->find(batch.pictures);
        const LookBatch looks =
            make_look_batch(list, batch.pictures, places_of(maps, kCandidates), plan.looks,
                            Random(plan.seed).fork(static_cast<std::uint64_t>(step) * 4096));
        return loss_of(maps, batch, network->judge(looks.looks), looks);
    }

    void move_mean() {
        const torch::NoGradGuard no_gradient;
        const double keep = std::min(plan.averaging, (1.0 + step) / (10.0 + step));
        auto to = mean->parameters();
        const auto from = network->parameters();
        for (std::size_t i = 0; i < to.size(); ++i) to[i].lerp_(from[i], 1 - keep);
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
                   const NetworkShape& shape, std::filesystem::path folder, torch::Device device) {
    torch::manual_seed(plan.seed);
    state_ = std::make_unique<State>(std::move(plan), set, shape, std::move(folder), device);
    State& state = *state_;
    state.network->adopt_trunk(trunk);
    state.mean->load_all(state.network->weights());
    state.network->to(device);
    state.mean->to(device);
    state.make_optimiser();
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
    torch::manual_seed(state.plan.seed + 104729 * static_cast<std::uint64_t>(state.step + 1));
    state.network->train();
    state.set_rates();
    Losses losses = state.forward();
    const auto loss = losses.total.item<double>();
    if (!std::isfinite(loss))
        throw Error(ErrorCode::kInternal, "training " + state.plan.name + ": the loss of step " +
                                              std::to_string(state.step) + " is not a number");
    state.optimiser->zero_grad();
    losses.total.backward();
    torch::nn::utils::clip_grad_norm_(state.network->parameters(), 10);
    state.optimiser->step();
    ++state.step;
    state.move_mean();
    const double seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    const int epoch = (state.step - 1) / state.steps_per_epoch();
    const std::string parts = number(losses.presence) + "," + number(losses.box) + "," +
                              number(losses.context) + "," + number(losses.mass) + "," +
                              number(losses.malignancy) + "," + number(seconds);
    state.log += std::to_string(state.step) + "," + std::to_string(epoch + 1) + "," + number(loss) +
                 "," + parts + "\n";
    if (state.step % 10 == 0)
        progress(state.plan.name + " step " + std::to_string(state.step) + "/" +
                 std::to_string(steps()) + " loss " + number(loss) +
                 " (presence, box, context, mass, malignancy, seconds: " + parts + ")");
    if (state.step % state.plan.checkpoint_every == 0 || finished()) save();
    return loss;
}

void Training::save() {
    State& state = *state_;
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
