#pragma once

#include <vector>

#include "learn/data.h"
#include "learn/network.h"
#include "learn/prediction.h"

namespace lucerna::learn {

/// What the network says of each picture of a batch (N x 1 x H x W), boxes in its pixels. Each look
/// is judged as it is and upside down, and the two opinions are averaged.
[[nodiscard]] std::vector<RawPrediction> read_pictures(Network& network,
                                                       const torch::Tensor& pictures);

/// Predicts the images of these indices, whole, one size at a time; boxes in stored pixels.
[[nodiscard]] std::vector<RawPrediction> predict(Network& network, const TrainingSet& set,
                                                 const std::vector<std::size_t>& indices, int fold,
                                                 torch::Device device);

}  // namespace lucerna::learn
