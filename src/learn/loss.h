#pragma once

#include <torch/types.h>

#include <span>

#include "learn/augment.h"
#include "learn/network.h"

namespace lucerna::learn {

/// A batch on its way into the network.
struct Batch {
    torch::Tensor pictures;
    torch::Tensor presence;
    torch::Tensor malignancy;
    torch::Tensor malignancy_weight;
    torch::Tensor box_weight;
    torch::Tensor distances;
    torch::Tensor image_malignant;
    torch::Tensor image_weight;
    double lesions = 0;
};

/// Requires samples of one size.
[[nodiscard]] Batch make_batch(std::span<const Sample> samples, torch::Device device);

struct Losses {
    torch::Tensor total;
    double presence = 0;
    double box = 0;
    double malignancy = 0;
    double image = 0;
};

/// presence: penalty-reduced focal loss (Zhou et al. 2019, alpha 2, beta 4) per lesion; box: smooth
/// L1 on log distances; malignancy: cross-entropy in the lesions; image: cross-entropy.
[[nodiscard]] Losses loss_of(const NetworkMaps& maps, const Batch& batch);

}  // namespace lucerna::learn
