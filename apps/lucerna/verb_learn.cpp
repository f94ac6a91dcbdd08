#include <memory>

#include "check_export.h"
#include "learn/learn.h"
#include "verbs.h"

namespace lucerna {
namespace {

void add_learn_export(CLI::App& learn, Chosen& chosen) {
    auto options = std::make_shared<learn::ExportOptions>();
    CLI::App* verb = learn.add_subcommand(
        "export", "Measure the out-of-fold predictions and write the model package");
    verb->add_option("--run", options->run, "Run directory")->required();
    verb->add_option("--cache", options->cache, "Cache file of `learn prepare`")->required();
    verb->add_option("--package", options->package, "Package folder to write")->required();
    verb->add_option("--name", options->name, "Name of the model")->capture_default_str();
    verb->add_option("--version", options->version, "Version of the model")->capture_default_str();
    verb->add_option("--notes", options->notes, "Folder of notes that the model card quotes");
    verb->add_option("--machine", options->machine, "What the run was made on, for the model card");
    verb->callback([options, &chosen] {
        chosen = [options] {
            learn::run_export(*options, say_progress);
            check_export(*options);
            return kDone;
        };
    });
}

}  // namespace

void add_learn(CLI::App& app, Chosen& chosen) {
    CLI::App* learn = app.add_subcommand("learn", "Train a model package on real data");
    learn->require_subcommand(1);
    add_learn_prepare(*learn, chosen);
    add_learn_train(*learn, chosen);
    add_learn_export(*learn, chosen);
}

}  // namespace lucerna
