#pragma once

#include <cstdint>
#include <filesystem>
#include <mutex>
#include <string>

#include "base/clock.h"
#include "deidentify/report.h"

namespace lucerna::deidentify {

/// What was done to objects that are sent somewhere de-identified: a line for each, as the report
/// of an export has it (docs/formats/deidentification-report.schema.json), without line breaks.
/// Nothing in it is what an attribute held. In FOLDER/NAME.jsonl; of what grows beyond `most_bytes`
/// there are three older files, NAME.1.jsonl the newest of them, and no more. Safe from several
/// threads; one object for a file at a time.
class ReportLog {
  public:
    ReportLog(std::filesystem::path folder, std::string name,
              std::uint64_t most_bytes = std::uint64_t{16} << 20)
        : folder_(std::move(folder)), name_(std::move(name)), most_bytes_(most_bytes) {}

    /// Adds a line, on the device on return. Throws Error: kOutOfSpace, kIo.
    void add(const ExportReport& report, const std::string& destination, Instant made_at);

  private:
    [[nodiscard]] std::filesystem::path file(int older) const;
    void make_room(std::size_t bytes) const;

    std::mutex mutex_;
    const std::filesystem::path folder_;
    const std::string name_;
    const std::uint64_t most_bytes_;
};

}  // namespace lucerna::deidentify
