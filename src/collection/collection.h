#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "collection/image_archive.h"

namespace lucerna::collection {

/// Told of each step of long work in a sentence without line end; may throw to stop the work.
using Progress = std::function<void(const std::string& message)>;

struct PrepareOptions {
    /// One collection of several manifests; their files are named relative to each.
    std::vector<std::filesystem::path> manifests;
    /// With an archive: exams that match, and what people decided of them; empty: all.
    std::optional<std::string> query;
    /// The cache file to write.
    std::filesystem::path cache;
    double spacing_mm = 0.25;
    /// How far a pixel in the cache may be off, in grey levels of 255: 0 to 15.
    int loss = 1;
    /// Of images whose size of a pixel nothing states. The CBIS-DDSM copy is stretched to
    /// 800 x 800; a film of 240 x 150 mm is its plausible size.
    double row_spacing_mm = 0.300;
    double column_spacing_mm = 0.1875;
};

/// Prepares each image of a collection exactly as serving does and writes one cache file. Without
/// an archive the images lie beside the manifests; with one, manifests name them by SOP Instance
/// UID, and a query brings judged exams. `archive` is borrowed and may be null. Throws
/// Error(kInvalidInput) that names the row for bad data, or what is missing among the options.
void run_prepare(const PrepareOptions& options, const Progress& progress,
                 ImageArchive* archive = nullptr);

}  // namespace lucerna::collection
