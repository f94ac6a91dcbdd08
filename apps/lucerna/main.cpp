#include <csignal>
#include <cstdio>
#include <filesystem>

#include "base/log.h"
#include "verbs.h"

namespace lucerna {
namespace {

volatile std::sig_atomic_t signals_seen = 0;

void on_signal(int) {
    signals_seen = signals_seen + 1;
}

void install_handlers() {
    struct sigaction action {};
    action.sa_handler = on_signal;
    sigaction(SIGINT, &action, nullptr);
    sigaction(SIGTERM, &action, nullptr);
    // A peer that hangs up is an error of that connection, not of the process.
    std::signal(SIGPIPE, SIG_IGN);
    // So is a file that grew over its limit: write() says so.
    std::signal(SIGXFSZ, SIG_IGN);
}

std::filesystem::path part(const char* installed, const char* in_source_tree) {
    std::error_code ignored;
    const auto self = std::filesystem::read_symlink("/proc/self/exe", ignored);
    const auto beside = self.parent_path().parent_path() / "share" / "lucerna" / installed;
    if (std::filesystem::exists(beside, ignored)) return beside;
    return std::filesystem::path(LUCERNA_SOURCE_DIR) / in_source_tree;
}

}  // namespace

bool stop_requested() {
    return signals_seen > 0;
}

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
    add_learn(app, chosen);
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
    lucerna::install_handlers();
    try {
        return lucerna::run(argc, argv);
    } catch (const lucerna::Error& error) {
        std::fprintf(stderr, "lucerna: %s\n", error.what());
        return lucerna::exit_code_for(error.code());
    } catch (const std::exception& defect) {
        std::fprintf(stderr, "lucerna: internal error: %s\n", defect.what());
        return lucerna::kDefect;
    }
}
