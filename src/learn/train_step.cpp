#include <dlfcn.h>
#include <fcntl.h>
#include <malloc.h>
#include <sys/file.h>
#include <torch/torch.h>
#include <unistd.h>

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>
#include <numeric>

#include "base/error.h"
#include "base/file.h"
#include "base/hash.h"
#include "learn/blend.h"
#include "learn/folds.h"
#include "learn/learn.h"
#include "learn/measure.h"
#include "learn/predict.h"
#include "learn/training.h"

namespace lucerna::learn {
namespace {

/// Held while this process works on a part; another process passes the part over.
class PartLock {
  public:
    explicit PartLock(const std::filesystem::path& path)
        : file_(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644)) {
        if (file_ < 0) throw Error(ErrorCode::kIo, "cannot open " + path.string());
        held_ = ::flock(file_, LOCK_EX | LOCK_NB) == 0;
    }
    ~PartLock() { ::close(file_); }
    PartLock(const PartLock&) = delete;
    PartLock& operator=(const PartLock&) = delete;
    [[nodiscard]] bool held() const { return held_; }

  private:
    int file_;
    bool held_ = false;
};

std::string configuration(const TrainOptions& options) {
    return nlohmann::json{{"schema", "lucerna-training-run/2"},
                          {"seed", options.seed},
                          {"folds", options.folds},
                          {"epochs", options.epochs},
                          {"batch", options.batch},
                          {"head_rate", options.head_rate},
                          {"trunk_rate", options.trunk_rate},
                          {"crop_height", options.crop_height},
                          {"crop_width", options.crop_width},
                          {"cache_sha256", sha256_of_file(options.cache)},
                          {"trunk_sha256", sha256_of_file(options.trunk)}}
               .dump(2) +
           "\n";
}

void claim_run(const TrainOptions& options) {
    std::filesystem::create_directories(options.run);
    const std::filesystem::path path = options.run / "run.json";
    const std::string wanted = configuration(options);
    if (std::filesystem::exists(path)) {
        if (as_text(read_file(path)) != wanted)
            throw Error(ErrorCode::kConflict,
                        "the run directory belongs to a run of another configuration or data: " +
                            path.string());
        return;
    }
    write_file_durably(path, as_byte_view(wanted));
}

/// What is left to do of one part of a run.
struct Part {
    std::string name;
    int fold = -1;
    std::vector<std::size_t> train;
    std::vector<std::size_t> held_out;
};

std::vector<Part> parts_of(const TrainOptions& options, const TrainingSet& set) {
    const std::vector<int> fold_of = assign_folds(set, options.folds, options.seed);
    std::vector<Part> parts(static_cast<std::size_t>(options.folds) + 1);
    for (int fold = 0; fold < options.folds; ++fold) {
        Part& part = parts[static_cast<std::size_t>(fold)];
        part.name = "fold-" + std::to_string(fold);
        part.fold = fold;
        for (std::size_t i = 0; i < set.images.size(); ++i)
            (fold_of[i] == fold ? part.held_out : part.train).push_back(i);
    }
    parts.back().name = "final";
    parts.back().train.resize(set.images.size());
    std::iota(parts.back().train.begin(), parts.back().train.end(), std::size_t{0});
    if (!options.parts.empty())
        std::erase_if(parts, [&](const Part& part) {
            return std::find(options.parts.begin(), options.parts.end(), part.name) ==
                   options.parts.end();
        });
    return parts;
}

TrainingPlan plan_of(const TrainOptions& options, const Part& part) {
    TrainingPlan plan;
    plan.name = part.name;
    plan.images = part.train;
    plan.seed = options.seed + 1000 * static_cast<std::uint64_t>(part.fold + 1);
    plan.epochs = options.epochs;
    plan.batch = options.batch;
    plan.head_rate = options.head_rate;
    plan.trunk_rate = options.trunk_rate;
    plan.augmentation.width = options.crop_width;
    plan.augmentation.height = options.crop_height;
    return plan;
}

class Trainer {
  public:
    Trainer(const TrainOptions& options, const Progress& progress)
        : options_(options),
          progress_(progress),
          set_(decode_training_set(read_file(options.cache))),
          trunk_(decode_weights(read_file(options.trunk))),
          device_(torch::cuda::is_available() ? torch::kCUDA : torch::kCPU) {
        claim_run(options_);
        progress_("training on " + std::string(device_.is_cuda() ? "a GPU" : "the CPU") + ", " +
                  std::to_string(set_.images.size()) + " images");
    }

    /// False when told to stop early.
    bool run() {
        for (const Part& part : parts_of(options_, set_))
            if (!train(part)) return false;
        return true;
    }

  private:
    bool train(const Part& part) {
        const std::filesystem::path folder = options_.run / part.name;
        std::filesystem::create_directories(folder);
        if (std::filesystem::exists(folder / "weights.safetensors")) return true;
        const PartLock lock(folder / "lock");
        if (!lock.held()) {
            progress_(part.name + " is another process's work");
            return true;
        }
        Training training(plan_of(options_, part), set_, trunk_, {}, folder, device_);
        if (training.step() > 0)
            progress_(part.name + " goes on after step " + std::to_string(training.step()));
        while (!training.finished()) {
            training.take_step(progress_);
            if (options_.watch && part.fold >= 0 &&
                training.step() % training.steps_per_epoch() == 0)
                predict_held_out(training, part, folder);
            if (options_.stop_after_steps > 0 && ++steps_taken_ >= options_.stop_after_steps)
                return false;
        }
        if (part.fold >= 0) predict_held_out(training, part, folder);
        write_file_durably(folder / "weights.safetensors",
                           encode_weights(training.averaged()->weights()));
        return true;
    }

    void predict_held_out(const Training& training, const Part& part,
                          const std::filesystem::path& folder) {
        Network network = training.averaged();
        const auto raw = predict(network, set_, part.held_out, part.fold, device_);
        write_file_durably(folder / "raw.csv", as_byte_view(raw_csv(raw)));
        std::vector<Prediction> predictions;
        for (const RawPrediction& one : raw) predictions.push_back(blended(one, {}));
        progress_(part.name + " after step " + std::to_string(training.step()) +
                  ", held-out patients, parts not yet weighed: " + summary_of(set_, predictions));
    }

    TrainOptions options_;
    Progress progress_;
    TrainingSet set_;
    WeightMap trunk_;
    torch::Device device_;
    int steps_taken_ = 0;
};

/// libtorch hands matrix products to the system's BLAS, which may have threads of its own.
void use_threads(int count) {
    torch::set_num_threads(count);
    using SetThreads = void (*)(int);
    if (auto* set = reinterpret_cast<SetThreads>(::dlsym(RTLD_DEFAULT, "openblas_set_num_threads")))
        set(count);
}

/// Each step frees and takes the same large blocks: they stay with the process, instead of going
/// back to the system to be mapped and cleared anew.
void keep_freed_memory() {
    ::mallopt(M_MMAP_MAX, 0);
    ::mallopt(M_TRIM_THRESHOLD, std::numeric_limits<int>::max());
}

}  // namespace

void run_train(const TrainOptions& options, const Progress& progress) {
    try {
        use_threads(options.threads);
        keep_freed_memory();
        Trainer(options, progress).run();
    } catch (const c10::Error& cause) {
        throw Error(ErrorCode::kInternal, "libtorch failed in training: " + cause.msg());
    }
}

}  // namespace lucerna::learn
