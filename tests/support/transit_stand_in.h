#pragma once

#include <filesystem>
#include <string>

#include "support/stand_in.h"

namespace lucerna::test {

/// tests/support/transit_stand_in.py, while this lives.
class TransitStandIn : public StandIn {
  public:
    /// False where there is no Python that can run it.
    static bool can_run(const std::filesystem::path& scratch) {
        return !program_path("python3").empty() &&
               ChildProcess({program_path("python3"), "-c", "import cryptography"}, scratch)
                       .wait() == 0;
    }

    explicit TransitStandIn(const std::filesystem::path& folder)
        : StandIn(program_path("python3"), "transit_stand_in.py",
                  {(folder / "transit.json").string(), kToken}, 2, folder / "transit.out"),
          folder_(folder) {}

    /// Of the engine: "http://127.0.0.1:PORT/v1/transit".
    [[nodiscard]] std::string engine() const { return address() + "/v1/transit"; }
    [[nodiscard]] std::filesystem::path state() const { return folder_ / "transit.json"; }
    /// From now on to every request; an empty body and 0: as a service does again.
    void answer_all_with(int status, const std::string& body) const {
        answer_with("all", status, body);
    }
    /// The same of what is asked for: "encrypt", "decrypt" or "keys".
    void answer_with(const std::string& what, int status, const std::string& body) const {
        const std::filesystem::path told = state().string() + ".answer-" + what;
        if (status == 0)
            std::filesystem::remove(told);
        else
            write_file(told, as_byte_view(std::to_string(status) + " " + body));
    }
    static constexpr const char* kToken = "s.stand-in";

  private:
    std::filesystem::path folder_;
};

}  // namespace lucerna::test
