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
    verb->add_option("--trunk", options->trunk, "Trunk file of tools/convert_trunk")->required();
    verb->add_option("--run", options->run, "Run directory")->required();
    verb->add_option("--seed", options->seed, "Seed")->capture_default_str();
    verb->add_option("--folds", options->folds, "Folds")->capture_default_str();
    verb->add_option("--epochs", options->epochs, "Epochs of each part")->capture_default_str();
    verb->add_option("--batch", options->batch, "Pictures a step")->capture_default_str();
    verb->add_option("--threads", options->threads, "CPU threads")->capture_default_str();
    verb->add_option("--parts", options->parts, "Only these parts: fold-0, fold-1, ..., final");
    verb->add_option("--without", options->without,
                     "Parts of the augmentation to do without: scale, aspect, rotation, contrast, "
                     "noise, blur, elastic, cut-out");
    verb->add_option("--describe", options->described_by,
                     "Columns of the manifest that are taught beside malignant or not");
    verb->add_flag("--train-depthwise", options->train_depthwise, "Move the depthwise filters too");
    verb->add_option("--extra", options->extra,
                     "Another cache that every part trains on and none is measured on");
    verb->add_option("--share", options->share,
                     "Share of the patients to train on, for learning curves")
        ->check(CLI::Range(0.01, 1.0))
        ->capture_default_str();
    verb->add_option("--averaging", options->averaging, "Of the weights that are kept")
        ->capture_default_str();
    verb->add_option("--head-rate", options->head_rate, "Learning rate of the new layers")
        ->capture_default_str();
    verb->add_option("--trunk-rate", options->trunk_rate, "Learning rate of the trunks")
        ->capture_default_str();
    verb->add_option("--weight-decay", options->weight_decay, "Weight decay")
        ->capture_default_str();
    verb->add_option("--outside", options->outside,
                     "Cache of another collection to measure each part's network on");
    verb->add_flag("--watch", options->watch, "Measure after each epoch, not only after the last");
    verb->callback([options, &chosen] {
        chosen = [options] {
            learn::run_train(*options, say_progress);
            return kDone;
        };
    });
}

}  // namespace lucerna
