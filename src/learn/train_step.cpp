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
#include <optional>
#include <set>

#include "base/error.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/random.h"
#include "learn/blend.h"
#include "learn/folds.h"
#include "learn/learn.h"
#include "learn/measure.h"
#include "learn/predict.h"
#include "learn/team.h"
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
    return nlohmann::json{{"schema", "lucerna-training-run/3"},
                          {"seed", options.seed},
                          {"folds", options.folds},
                          {"epochs", options.epochs},
                          {"batch", options.batch},
                          {"head_rate", options.head_rate},
                          {"trunk_rate", options.trunk_rate},
                          {"weight_decay", options.weight_decay},
                          {"averaging", options.averaging},
                          {"without", options.without},
                          {"described_by", options.described_by},
                          {"train_depthwise", options.train_depthwise},
                          {"share", options.share},
                          {"crop_height", options.crop_height},
                          {"crop_width", options.crop_width},
                          {"cache_sha256", sha256_of_file(options.cache)},
                          {"extra_sha256", options.extra.empty()
                                               ? nlohmann::json(nullptr)
                                               : nlohmann::json(sha256_of_file(options.extra))},
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

/// Leaves the images of this share of the patients, always the same ones.
void keep_share(std::vector<std::size_t>& images, const TrainingSet& set, double share,
                std::uint64_t seed) {
    std::erase_if(images, [&](std::size_t i) {
        std::uint64_t name = seed;
        for (const char letter : set.images[i].record.patient)
            name = name * 1099511628211U + static_cast<unsigned char>(letter);
        return Random(name).uniform() >= share;
    });
}

/// The pictures are unpacked on the threads that libtorch has.
TrainingSet load_set(const std::filesystem::path& path) {
    const CacheReader reader = CacheReader::open(path);
    TrainingSet set = reader.index();
    at::parallel_for(0, static_cast<std::int64_t>(set.images.size()), 1,
                     [&](std::int64_t begin, std::int64_t end) {
                         for (std::int64_t i = begin; i < end; ++i) {
                             const auto at = static_cast<std::size_t>(i);
                             set.images[at].pixels = reader.pixels(at);
                         }
                     });
    return set;
}

/// A patient of the collection among the extra ones would be trained on when held out.
void add_extra(TrainingSet& set, TrainingSet extra) {
    std::set<std::string> patients;
    for (const TrainingImage& image : set.images) patients.insert(image.record.patient);
    for (TrainingImage& image : extra.images) {
        if (patients.contains(image.record.patient))
            throw Error(ErrorCode::kInvalidInput,
                        "the extra cache holds a patient of the collection itself: " +
                            image.record.patient + " (" + image.record.file + ")");
        set.images.push_back(std::move(image));
    }
}

/// `fold_of`: of the images of the cache itself, which come first; those after them are extra.
std::vector<Part> parts_of(const TrainOptions& options, const TrainingSet& set,
                           const std::vector<int>& fold_of) {
    std::vector<Part> parts(static_cast<std::size_t>(options.folds) + 1);
    for (int fold = 0; fold < options.folds; ++fold) {
        Part& part = parts[static_cast<std::size_t>(fold)];
        part.name = "fold-" + std::to_string(fold);
        part.fold = fold;
        for (std::size_t i = 0; i < set.images.size(); ++i)
            (i < fold_of.size() && fold_of[i] == fold ? part.held_out : part.train).push_back(i);
    }
    parts.back().name = "final";
    parts.back().train.resize(set.images.size());
    std::iota(parts.back().train.begin(), parts.back().train.end(), std::size_t{0});
    if (options.share < 1)
        for (Part& part : parts) keep_share(part.train, set, options.share, options.seed);
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
    plan.weight_decay = options.weight_decay;
    plan.averaging = options.averaging;
    plan.augmentation.width = options.crop_width;
    plan.augmentation.height = options.crop_height;
    for (const std::string& name : options.without)
        plan.augmentation = without(plan.augmentation, name);
    plan.trained = options.train_depthwise ? Trained::kAll : Trained::kPointwise;
    plan.described_by = options.described_by;
    return plan;
}

class Trainer {
  public:
    Trainer(const TrainOptions& options, const Progress& progress)
        : options_(options),
          progress_(progress),
          set_(load_set(options.cache)),
          fold_of_(assign_folds(set_, options.folds, options.seed)),
          trunk_(decode_weights(read_file(options.trunk))),
          device_(torch::cuda::is_available()
                      ? torch::Device(torch::kCUDA, static_cast<torch::DeviceIndex>(local_rank()))
                      : torch::Device(torch::kCPU)),
          team_(Team::from_environment()) {
        if (team_.leads()) claim_run(options_);
        (void)team_.agreed(0);
        if (!options_.extra.empty()) add_extra(set_, load_set(options_.extra));
        if (!options_.outside.empty()) outside_ = load_set(options_.outside);
        shape_.trunk = trunk_shape_of(trunk_, "");
        if (!team_.leads()) progress_ = [](const std::string&) {};
        progress_("training on " + std::string(device_.is_cuda() ? "a GPU" : "the CPU") + ", " +
                  std::to_string(set_.images.size()) + " images" +
                  (team_.size() > 1 ? ", " + std::to_string(team_.size()) + " processes" : ""));
    }

    /// False when told to stop early.
    bool run() {
        for (const Part& part : parts_of(options_, set_, fold_of_))
            if (!train(part)) return false;
        if (team_.leads()) say_out_of_fold();
        return true;
    }

  private:
    bool train(const Part& part) {
        const std::filesystem::path folder = options_.run / part.name;
        std::filesystem::create_directories(folder);
        std::optional<PartLock> lock;
        if (team_.leads()) lock.emplace(folder / "lock");
        const bool finished = std::filesystem::exists(folder / "weights.safetensors");
        if (team_.agreed(finished ? 1 : 0) == 1) return true;
        if (team_.agreed(lock && lock->held() ? 1 : 0) == 0) {
            progress_(part.name + " is another process's work");
            return true;
        }
        Training training(plan_of(options_, part), set_, trunk_, shape_, folder, device_, team_);
        if (team_.agreed(training.step()) != training.step())
            throw Error(ErrorCode::kConflict,
                        part.name +
                            ": the processes do not share the run directory: the first is at "
                            "another step than number " +
                            std::to_string(team_.rank()));
        if (training.step() > 0)
            progress_(part.name + " goes on after step " + std::to_string(training.step()));
        while (!training.finished()) {
            training.take_step(progress_);
            if (options_.watch && team_.leads() && part.fold >= 0 &&
                training.step() % training.steps_per_epoch() == 0)
                predict_held_out(training, part, folder);
            if (options_.stop_after_steps > 0 && ++steps_taken_ >= options_.stop_after_steps)
                return false;
        }
        if (!team_.leads()) return true;
        if (part.fold >= 0) predict_held_out(training, part, folder);
        if (!outside_.images.empty()) predict_outside(training, part, folder);
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

    void predict_outside(const Training& training, const Part& part,
                         const std::filesystem::path& folder) {
        Network network = training.averaged();
        std::vector<std::size_t> all(outside_.images.size());
        std::iota(all.begin(), all.end(), std::size_t{0});
        const auto raw = predict(network, outside_, all, part.fold, device_);
        write_file_durably(folder / "outside.csv", as_byte_view(raw_csv(raw)));
        std::vector<Prediction> predictions;
        for (const RawPrediction& one : raw) predictions.push_back(blended(one, {}));
        progress_(part.name + ", the outside collection, parts not yet weighed: " +
                  summary_of(outside_, predictions));
    }

    /// Once every fold has been predicted, by this process or another.
    void say_out_of_fold() const {
        std::vector<RawPrediction> raw;
        for (int fold = 0; fold < options_.folds; ++fold) {
            const auto folder = options_.run / ("fold-" + std::to_string(fold));
            if (!std::filesystem::exists(folder / "weights.safetensors")) return;
            const Bytes csv = read_file(folder / "raw.csv");
            for (RawPrediction& one : parse_raw(as_text(csv))) raw.push_back(std::move(one));
        }
        const auto predictions = blended_across_folds(set_, raw);
        progress_("out of fold: " + summary_of(set_, predictions));
        progress_("out of fold, views of a breast read together: " +
                  summary_of(set_, read_together(set_, predictions)));
    }

    TrainOptions options_;
    Progress progress_;
    TrainingSet set_;
    std::vector<int> fold_of_;
    WeightMap trunk_;
    NetworkShape shape_;
    TrainingSet outside_;
    torch::Device device_;
    Team team_;
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
