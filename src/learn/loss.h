#pragma once

#include <torch/types.h>

#include <span>

#include "learn/augment.h"
#include "learn/network.h"
#include "learn/second_look.h"

namespace lucerna::learn {

/// A batch on its way into the network.
struct Batch {
    torch::Tensor pictures;
    torch::Tensor presence;
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
    double context = 0;
    double mass = 0;
    double malignancy = 0;
};

/// The finder's: presence, penalty-reduced focal loss (Zhou et al. 2019, alpha 2, beta 4) per
/// lesion; box, smooth L1 on log distances; context, cross-entropy of the image's label.
/// The judge's: cross-entropy of mass or not, and of malignant or not where there is a mass.
[[nodiscard]] Losses loss_of(const FinderMaps& maps, const Batch& batch,
                             const JudgeOpinions& opinions, const LookBatch& looks);

}  // namespace lucerna::learn
