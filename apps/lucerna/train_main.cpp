// lucerna-train: `lucerna learn train` for a machine that has libtorch and nothing else.
#include "verbs.h"

namespace lucerna {
namespace {

ExitCode run(int argc, char** argv) {
    CLI::App app{"Trains on a cache file of `lucerna learn prepare`. Research use only."};
    app.set_version_flag("--version", LUCERNA_VERSION);
    app.require_subcommand(1);
    Chosen chosen;
    add_learn_train(app, chosen);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& problem) {
        return app.exit(problem) == 0 ? kDone : kUsage;
    }
    return chosen();
}

}  // namespace
}  // namespace lucerna

int main(int argc, char** argv) {
    return lucerna::run_program("lucerna-train", [&] { return lucerna::run(argc, argv); });
}
