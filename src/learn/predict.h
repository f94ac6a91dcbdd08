#pragma once

#include <vector>

#include "learn/data.h"
#include "learn/network.h"
#include "learn/prediction.h"

namespace lucerna::learn {

/// The network's output for one picture, as its exported form computes it.
struct Decoded {
    /// In pixels of the picture, `presence` falling; candidates of presence 0 are no peaks.
    std::vector<Candidate> candidates;
    double image_score = 0;
};

/// Peaks of the presence map (equal to the maximum of their 3 x 3 neighbourhood), the kCandidates
/// highest, with box and suspicion = presence x malignancy. One per picture of the batch.
[[nodiscard]] std::vector<Decoded> decode(const NetworkMaps& maps);

/// Predicts the images of these indices, whole, one size at a time.
[[nodiscard]] std::vector<Prediction> predict(Network& network, const TrainingSet& set,
                                              const std::vector<std::size_t>& indices, int fold,
                                              torch::Device device);

}  // namespace lucerna::learn
