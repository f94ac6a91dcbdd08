#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "support/stand_in.h"

namespace lucerna::test {

/// tests/support/s3_stand_in.py, while this lives; its listings have three keys at a time.
class S3StandIn : public StandIn {
  public:
    explicit S3StandIn(const std::filesystem::path& folder)
        : StandIn("/usr/bin/python3", "s3_stand_in.py", {(folder / "faults").string(), "3"}, 1,
                  folder / "s3.out"),
          folder_(folder) {}

    [[nodiscard]] std::string endpoint() const { return address(); }
    /// What the next requests meet, a word each ("503 503 cut").
    void meet(const std::string& faults) { write_file(folder_ / "faults", as_byte_view(faults)); }
    /// It has met all of them.
    [[nodiscard]] bool met_all() const {
        return as_text(read_file(folder_ / "faults")).find_first_not_of(" \n") ==
               std::string_view::npos;
    }

  private:
    std::filesystem::path folder_;
};

}  // namespace lucerna::test
