#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>

#include "base/file.h"
#include "support/child_process.h"

namespace lucerna::test {

/// tests/support/s3_stand_in.py, while this lives.
class S3StandIn {
  public:
    explicit S3StandIn(const std::filesystem::path& folder) : folder_(folder) { start("0"); }

    void stop() { process_.reset(); }
    void start_again() { start(port_); }

    [[nodiscard]] std::string endpoint() const { return "http://127.0.0.1:" + port_; }
    /// What the next requests meet, a word each ("503 503 cut").
    void meet(const std::string& faults) { write_file(folder_ / "faults", as_byte_view(faults)); }
    /// It has met all of them.
    [[nodiscard]] bool met_all() const {
        return as_text(read_file(folder_ / "faults")).find_first_not_of(" \n") ==
               std::string_view::npos;
    }

  private:
    void start(const std::string& port) {
        const auto said = folder_ / "s3.out";
        write_file(said, {});
        process_ = std::make_unique<ChildProcess>(
            std::vector<std::string>{
                "/usr/bin/python3",
                std::string(LUCERNA_SOURCE_DIR) + "/tests/support/s3_stand_in.py",
                (folder_ / "faults").string(), port, "3"},
            said);
        std::string text;
        while (text.find('\n') == std::string::npos) {
            std::this_thread::sleep_for(std::chrono::milliseconds(10));
            text = process_->output();
            if (text.find("Error") != std::string::npos) throw std::runtime_error(text);
        }
        port_ = text.substr(0, text.find('\n'));
    }

    std::filesystem::path folder_;
    std::string port_;
    std::unique_ptr<ChildProcess> process_;
};

}  // namespace lucerna::test
