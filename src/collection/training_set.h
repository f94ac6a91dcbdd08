#pragma once

#include <cstdint>
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
    /// SHA-256 of the manifest that it was made from; of several, of their hashes one after
    /// another.
    std::string manifest_sha256;
    /// Images that could not be prepared: file and reason.
    std::vector<std::string> refused;
    std::vector<TrainingImage> images;
};

/// The cache file as bytes, and back, with every picture: see CacheWriter and CacheReader.
[[nodiscard]] Bytes encode_training_set(const TrainingSet& set);
[[nodiscard]] TrainingSet decode_training_set(Bytes bytes);

}  // namespace lucerna::collection
