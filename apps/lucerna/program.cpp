// What every program of ours does around its verbs.
#include <csignal>
#include <cstdio>
#include <functional>

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

}  // namespace

bool stop_requested() {
    return signals_seen > 0;
}

void say_progress(const std::string& message) {
    if (stop_requested()) throw Error(ErrorCode::kCancelled, "stopped by a signal");
    std::printf("%s\n", message.c_str());
    std::fflush(stdout);
}

int run_program(const char* name, const std::function<ExitCode()>& work) {
    install_handlers();
    try {
        return work();
    } catch (const Error& error) {
        std::fprintf(stderr, "%s: %s\n", name, error.what());
        return exit_code_for(error.code());
    } catch (const std::exception& defect) {
        std::fprintf(stderr, "%s: internal error: %s\n", name, defect.what());
        return kDefect;
    }
}

}  // namespace lucerna
