#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "collection/prepared_image.h"
#include "collection/record.h"
#include "exam/reading.h"
#include "infer/model_package.h"

namespace lucerna::pipeline {

/// What a model says of the images of a manifest.
struct CollectionReading {
    /// File and reading, in the order of the records.
    std::vector<std::pair<std::string, exam::ViewReading>> readings;
    /// File and reason.
    std::vector<std::pair<std::string, std::string>> refused;
};

/// Prepares and reads each picture (DICOM or a picture file) exactly as serving does, on `threads`
/// threads (0: one a core); a picture that can't be read or prepared is refused, never fatal.
/// `rule` decides which marks are kept. `on_done` is told how many are done, from any thread, and
/// may throw to stop.
[[nodiscard]] CollectionReading read_collection(
    const std::vector<collection::ImageRecord>& records, const std::filesystem::path& folder,
    const infer::ModelPackage& model, const infer::FindingRule& rule,
    const collection::AssumedSpacing& assumed, std::size_t threads,
    const std::function<void(std::size_t done)>& on_done);

}  // namespace lucerna::pipeline
