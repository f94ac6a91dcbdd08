#include <memory>

#include "learn/learn.h"
#include "verbs.h"

namespace lucerna {

void add_learn_train(CLI::App& learn, Chosen& chosen) {
    auto options = std::make_shared<learn::TrainOptions>();
    CLI::App* verb = learn.add_subcommand(
        "train",
        "Cross-validate by patient, then train on everything; goes on where it was killed");
    verb->add_option("--cache", options->cache, "Cache file of `learn prepare`")->required();
    verb->add_option("--trunk", options->trunk, "Trunk file of tools/convert_trunk")
        ->required();
    verb->add_option("--run", options->run, "Run directory")->required();
    verb->add_option("--seed", options->seed, "Seed")->capture_default_str();
    verb->add_option("--folds", options->folds, "Folds")->capture_default_str();
    verb->add_option("--epochs", options->epochs, "Epochs of each part")->capture_default_str();
    verb->add_option("--batch", options->batch, "Pictures a step")->capture_default_str();
    verb->add_option("--threads", options->threads, "CPU threads")->capture_default_str();
    verb->add_option("--parts", options->parts, "Only these parts: fold-0, fold-1, ..., final");
    verb->add_flag("--watch", options->watch, "Measure after each epoch, not only after the last");
    verb->callback([options, &chosen] {
        chosen = [options] {
            learn::run_train(*options, say_progress);
            return kDone;
        };
    });
}

}  // namespace lucerna
