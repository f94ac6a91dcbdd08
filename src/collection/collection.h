#pragma once

#include <filesystem>
#include <functional>
#include <string>

namespace lucerna::collection {

/// Told of each step of long work in a sentence without line end; may throw to stop the work.
using Progress = std::function<void(const std::string& message)>;

struct PrepareOptions {
    std::filesystem::path manifest;
    /// The cache file to write.
    std::filesystem::path cache;
    double spacing_mm = 0.4;
    /// How far a pixel in the cache may be off, in grey levels of 255: 0 to 15.
    int loss = 0;
    /// Of images whose manifest rows do not state it. The CBIS-DDSM copy is stretched to 800 x 800;
    /// a film of 240 x 150 mm is its plausible size.
    double row_spacing_mm = 0.300;
    double column_spacing_mm = 0.1875;
};

/// Reads the manifest and its pictures, prepares each one exactly as serving does, and
/// writes one cache file. Throws Error(kInvalidInput) that names the row for bad data.
void run_prepare(const PrepareOptions& options, const Progress& progress);

}  // namespace lucerna::collection
