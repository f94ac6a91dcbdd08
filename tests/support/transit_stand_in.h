#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>

#include "base/file.h"
#include "support/child_process.h"

namespace lucerna::test {

/// tests/support/transit_stand_in.py, while this lives.
class TransitStandIn {
  public:
    /// False where there is no Python that can run it.
    static bool can_run(const std::filesystem::path& scratch) {
        return !program_path("python3").empty() &&
               ChildProcess({program_path("python3"), "-c", "import cryptography"}, scratch)
                       .wait() == 0;
    }

    explicit TransitStandIn(const std::filesystem::path& folder) : folder_(folder) { start("0"); }

    void stop() { process_.reset(); }
    void start_again() { start(port_); }

    /// Of the engine: "http://127.0.0.1:PORT/v1/transit".
    [[nodiscard]] std::string engine() const { return "http://127.0.0.1:" + port_ + "/v1/transit"; }
    [[nodiscard]] std::filesystem::path state() const { return folder_ / "transit.json"; }
    static constexpr const char* kToken = "s.stand-in";

  private:
    void start(const std::string& port) {
        const auto said = folder_ / "transit.out";
        write_file(said, {});
        process_ = std::make_unique<ChildProcess>(
            std::vector<std::string>{
                program_path("python3"),
                std::string(LUCERNA_SOURCE_DIR) + "/tests/support/transit_stand_in.py",
                state().string(), kToken, port},
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
