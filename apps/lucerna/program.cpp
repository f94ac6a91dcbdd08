// What every program of ours does around its verbs.
#include <csignal>
#include <cstdio>
#include <functional>
#include <string>

#include "base/core_files.h"
#include "base/environment.h"
#include "base/utf8.h"
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
    // A terminal that is closed, or who asks for logs to be opened anew. Under nohup it stays
    // ignored.
    struct sigaction before {};
    sigaction(SIGHUP, nullptr, &before);
    if (before.sa_handler != SIG_IGN) sigaction(SIGHUP, &action, nullptr);
    // Whose default is to end the process at once, and which mean nothing here.
    std::signal(SIGUSR1, SIG_IGN);
    std::signal(SIGUSR2, SIG_IGN);
    // A peer that hangs up is an error of that connection, not of the process.
    std::signal(SIGPIPE, SIG_IGN);
    // So is a file that grew over its limit: write() says so.
    std::signal(SIGXFSZ, SIG_IGN);
}

}  // namespace

bool stop_requested() {
    return signals_seen > 0;
}

void say(std::FILE* stream, const std::string& line) {
    std::fprintf(stream, "%s\n", printable(line).c_str());
}

void say_progress(const std::string& message) {
    if (stop_requested()) throw Error(ErrorCode::kCancelled, "stopped by a signal");
    say(stdout, message);
    std::fflush(stdout);
}

int run_program(const char* name, const std::function<ExitCode()>& work) {
    install_handlers();
    leave_no_core_files();
    try {
        for (const std::string& one : leave_out_environment())
            say(stderr, std::string(name) + ": " + one + " of the environment is left out");
        return work();
    } catch (const Error& error) {
        say(stderr, std::string(name) + ": " + error.what());
        return exit_code_for(error.code());
    } catch (const std::exception& defect) {
        say(stderr, std::string(name) + ": internal error: " + defect.what());
        return kDefect;
    }
}

}  // namespace lucerna
