#include <filesystem>
#include <string>
#include <vector>

#include "base/log.h"
#include "verbs.h"

namespace lucerna {
namespace {

std::filesystem::path part(const char* installed, const char* in_source_tree) {
    std::error_code ignored;
    const auto self = std::filesystem::read_symlink("/proc/self/exe", ignored);
    const auto beside = self.parent_path().parent_path() / "share" / "lucerna" / installed;
    if (std::filesystem::exists(beside, ignored)) return beside;
    return std::filesystem::path(LUCERNA_SOURCE_DIR) / in_source_tree;
}

}  // namespace

std::filesystem::path default_model_folder() {
    return part("models/cbis-mass", "models/cbis-mass");
}
std::filesystem::path default_web_folder() {
    return part("web", "web/dist");
}

namespace {

ExitCode run(int argc, char** argv) {
    CLI::App app{"Lucerna: an open cancer-screening AI server. Research use only."};
    app.set_version_flag("--version", LUCERNA_VERSION);
    app.require_subcommand(1);
    Chosen chosen;
    add_read(app, chosen);
    add_serve(app, chosen);
    add_phantom(app, chosen);
    add_archive(app, chosen);
    add_keys(app, chosen);
    add_export(app, chosen);
    add_learn(app, chosen);
    add_evaluate(app, chosen);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& problem) {
        // What stands where the verb should is none; then just the lack of one would be told.
        const std::vector<std::string> others = app.remaining();
        if (problem.get_exit_code() != 0 && app.get_subcommands().empty() && !others.empty() &&
            !others.front().starts_with("-")) {
            say(stderr,
                "lucerna: there is no verb \"" + others.front() + "\"; lucerna --help lists them");
            return kUsage;
        }
        return app.exit(problem) == 0 ? kDone : kUsage;
    }
    return chosen();
}

}  // namespace
}  // namespace lucerna

int main(int argc, char** argv) {
    return lucerna::run_program("lucerna", [&] { return lucerna::run(argc, argv); });
}
