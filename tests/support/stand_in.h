#pragma once

#include <chrono>
#include <csignal>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/file.h"
#include "support/child_process.h"

namespace lucerna::test {

/// A script of tests/support that stands in for a service on a port of this machine, while this
/// lives. It prints its port when it answers, and takes the one that it is told to, "0" for any.
class StandIn {
  public:
    void stop() { process_.reset(); }
    /// From here on it takes connections, as the system does for it, and answers none.
    void fall_silent() { process_->signal(SIGSTOP); }
    void speak_again() { process_->signal(SIGCONT); }
    /// On the port that it had.
    void start_again() { start(); }

  protected:
    /// `arguments` are the script's without the port, which stands behind `port_at` of them. What
    /// it prints goes to `said`.
    StandIn(std::string python, const std::string& script, std::vector<std::string> arguments,
            std::size_t port_at, std::filesystem::path said)
        : said_(std::move(said)), port_at_(port_at + 2), command_(std::move(arguments)) {
        command_.insert(command_.begin(), {std::move(python), std::string(LUCERNA_SOURCE_DIR) +
                                                                  "/tests/support/" + script});
        start();
    }
    ~StandIn() = default;

    [[nodiscard]] std::string address() const { return "http://127.0.0.1:" + port_; }

  private:
    void start() {
        write_file(said_, {});
        std::vector<std::string> command = command_;
        command.insert(command.begin() + static_cast<std::ptrdiff_t>(port_at_), port_);
        process_ = std::make_unique<ChildProcess>(command, said_);
        std::string text;
        while (text.find('\n') == std::string::npos) {
            std::this_thread::sleep_for(std::chrono::milliseconds(10));
            text = process_->output();
            if (text.find("Error") != std::string::npos) throw std::runtime_error(text);
        }
        port_ = text.substr(0, text.find('\n'));
    }

    std::filesystem::path said_;
    std::size_t port_at_;
    std::vector<std::string> command_;
    std::string port_ = "0";
    std::unique_ptr<ChildProcess> process_;
};

}  // namespace lucerna::test
