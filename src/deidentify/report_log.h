#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

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

    /// The names of those that a folder has, in their order.
    [[nodiscard]] static std::vector<std::string> names_in(const std::filesystem::path& folder);

    /// Adds a line, on the device on return. Throws Error: kOutOfSpace, kIo.
    void add(const ExportReport& report, const Forwarded& as);
    /// Takes out the lines of objects that are not kept any more, by their `kept_as`, and those
    /// that say none, as before there was such a thing. A crash leaves each file as it was or as it
    /// is to be. Returns how many went. Throws Error: kOutOfSpace, kIo, and what `is_kept` throws.
    std::size_t keep_only(const std::function<bool(const std::string& kept_as)>& is_kept);

  private:
    [[nodiscard]] std::filesystem::path file(int older) const;
    void make_room(std::size_t bytes) const;

    std::mutex mutex_;
    const std::filesystem::path folder_;
    const std::string name_;
    const std::uint64_t most_bytes_;
};

}  // namespace lucerna::deidentify
