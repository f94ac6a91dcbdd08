#include "verbs.h"

namespace lucerna {

void add_learn(CLI::App& app, Chosen& chosen) {
    CLI::App* learn = app.add_subcommand(
        "learn",
        "Prepare a training cache; this build was made without libtorch and trains nothing");
    learn->require_subcommand(1);
    add_learn_prepare(*learn, chosen);
}

}  // namespace lucerna
