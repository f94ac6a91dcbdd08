#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/encoding.h"
#include "collection/record.h"
#include "exam/contract.h"
#include "exam/geometry.h"
#include "exam/raster.h"

namespace lucerna::collection {

/// One prepared picture with what is known of it.
struct TrainingImage {
    /// As in the manifest; its lesions are in stored pixels.
    ImageRecord record;
    /// Prepared, 0..1 as 0..255.
    exam::Raster<std::uint8_t> pixels;
    /// From `pixels` to the stored picture.
    exam::Placement placement;
    /// The record's lesions in pixels of `pixels`, upright boxes.
    std::vector<Lesion> lesions;
};

struct TrainingSet {
    exam::InputContract contract;
    /// SHA-256 of the manifest that it was made from.
    std::string manifest_sha256;
    /// Images that could not be prepared: file and reason.
    std::vector<std::string> refused;
    std::vector<TrainingImage> images;
};

/// The cache file (docs/formats/training-cache.md) as bytes, and back. Reading throws
/// Error(kCorrupt) when the trailing hash does not match or the index contradicts itself, and
/// Error(kUnsupported) for another version.
[[nodiscard]] Bytes encode_training_set(const TrainingSet& set);
[[nodiscard]] TrainingSet decode_training_set(ByteView bytes);

}  // namespace lucerna::collection
