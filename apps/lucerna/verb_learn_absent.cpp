#include "verbs.h"

namespace lucerna {

void add_learn(CLI::App& app, Chosen& chosen) {
    CLI::App* learn =
        app.add_subcommand("learn", "Not in this build: it was made without libtorch");
    learn->allow_extras();
    learn->callback([&chosen] {
        chosen = []() -> ExitCode {
            throw Error(ErrorCode::kUnsupported,
                        "this build has no training; configure with -DLUCERNA_LEARN=ON");
        };
    });
}

}  // namespace lucerna
