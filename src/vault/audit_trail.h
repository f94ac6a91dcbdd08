#pragma once

#include <filesystem>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/guarded.h"

namespace lucerna::vault {

/// Something that was done to an archive as a whole: an erasure, a rotation. Free of identifiers of
/// patients and of UIDs.
struct Act {
    /// "erase-patient".
    std::string what;
    /// Who did it, as the operating system knows them.
    std::string by;
    Instant at{};
    /// "instances": 8.
    std::vector<std::pair<std::string, long long>> counts = {};
    /// The names of the data keys that were destroyed.
    std::vector<std::string> data_keys = {};
};

/// One line of JSON, with a random identifier that tells it from every other.
[[nodiscard]] std::string to_json(const Act& act);

/// A file of acts, only ever appended to (docs/formats/audit-trail.md). Each line begins with the
/// SHA-256 of the line before it and of itself, so that one that was altered, or taken out of the
/// middle, is found. Safe from several threads.
class AuditTrail {
  public:
    explicit AuditTrail(std::filesystem::path path);

    /// Appends what to_json gave, durably, unless it stands there already: what was broken off may
    /// be done again. A last line that was cut short, as by a power cut, is dropped, and logged.
    /// Throws Error: kOutOfSpace, kIo.
    void add(const std::string& json);
    /// The acts as they stand, oldest first.
    [[nodiscard]] std::vector<std::string> acts() const;
    /// The names of the data keys that were destroyed, by every line that can be read, be the trail
    /// damaged or not: to be believed of what is not there.
    [[nodiscard]] std::set<std::string> data_keys_destroyed() const;
    /// "line 3 of audit.log is not what was written".
    [[nodiscard]] std::vector<std::string> damages() const;

  private:
    std::filesystem::path path_;
    Guarded<int> appending_;
};

}  // namespace lucerna::vault
