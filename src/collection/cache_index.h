#pragma once

#include <nlohmann/json.hpp>

#include "collection/training_set.h"

/// The parts of a cache file's index as JSON (docs/formats/training-cache.md). Reading throws
/// nlohmann::json::exception for a key that is missing or of another type, Error(kCorrupt) for a
/// value that cannot be.
namespace lucerna::collection {

[[nodiscard]] nlohmann::json contract_json(const exam::InputContract& contract);
[[nodiscard]] exam::InputContract contract_from(const nlohmann::json& json);

[[nodiscard]] nlohmann::json image_json(const TrainingImage& image, std::size_t packed_size);
/// The raster gets its size, and no pixels.
[[nodiscard]] TrainingImage image_from(const nlohmann::json& entry);

}  // namespace lucerna::collection
