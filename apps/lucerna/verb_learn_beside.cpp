#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

#include "verbs.h"

namespace lucerna {
namespace {

/// Becomes `lucerna-learn`: what reads and serves must not pay for loading libtorch, which takes
/// longer than reading an exam. Returns only if that program can't be started.
[[noreturn]] void become_learn(std::vector<std::string> arguments) {
    const std::filesystem::path program =
        std::filesystem::read_symlink("/proc/self/exe").parent_path() / "lucerna-learn";
    arguments.insert(arguments.begin(), {program.string(), "learn"});
    std::vector<char*> pointers;
    for (std::string& argument : arguments) pointers.push_back(argument.data());
    pointers.push_back(nullptr);
    ::execv(program.c_str(), pointers.data());
    throw Error(ErrorCode::kUnsupported, "training needs " + program.string() + " (" +
                                             std::generic_category().message(errno) +
                                             "): build it with libtorch, -DLUCERNA_LEARN=ON");
}

/// Everything behind the verb, --help too, is for the other program.
void add_other(CLI::App& learn, Chosen& chosen, const char* name, const char* description) {
    CLI::App* verb = learn.add_subcommand(name, description);
    verb->prefix_command();
    verb->set_help_flag();
    verb->callback([verb, &chosen] {
        std::vector<std::string> arguments = verb->remaining();
        arguments.insert(arguments.begin(), verb->get_name());
        chosen = [arguments]() -> ExitCode { become_learn(arguments); };
    });
}

}  // namespace

void add_learn(CLI::App& app, Chosen& chosen) {
    CLI::App* learn = app.add_subcommand("learn", "Train a model package on real data");
    learn->require_subcommand(1);
    add_learn_prepare(*learn, chosen);
    add_other(*learn, chosen, "train",
              "Cross-validate by patient, then train on everything; goes on where it was killed");
    add_other(*learn, chosen, "export",
              "Measure the out-of-fold predictions and write the model package");
}

}  // namespace lucerna
