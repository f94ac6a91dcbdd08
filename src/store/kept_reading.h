#pragma once

#include <string>
#include <vector>

#include "store/connection.h"

namespace lucerna::store {

struct Decision;

/// A finding of a reading: what it is called there, and what it is whatever it is called. Findings
/// are numbered anew in each reading, within their view; another image of the view may take over.
struct PlacedFinding {
    std::string id;
    /// Its image's SOP Instance UID, its box in whole pixels of that, and its kind.
    std::string place;
};

/// What decisions rest on, out of a reading's JSON (docs/formats/findings.schema.json). What is not
/// of that format has no findings.
struct KeptReading {
    std::string model_sha256;
    std::vector<PlacedFinding> findings;

    /// Null where there is none of that name.
    [[nodiscard]] const PlacedFinding* find(const std::string& id) const;
    /// What the finding that was decided upon is called here; empty where it is none of these: of
    /// another model, of another image, or elsewhere in it.
    [[nodiscard]] std::string finding_of(const Decision& decision) const;
};
[[nodiscard]] KeptReading kept_reading(const std::string& reading_json);

/// Names a reading, of which no two are alike: SHA-256 of its JSON. Empty where that is.
[[nodiscard]] std::string reading_id(const std::string& reading_json);

/// Of an index before version 13: what its findings are, and those that were decided upon in the
/// reading that was the newest by then.
void place_all_findings(Connection& writer);

}  // namespace lucerna::store
