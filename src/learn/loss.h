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
    double labelled_images = 0;
};

/// `pictures`: of the samples, which are of one size (Darkroom::develop).
[[nodiscard]] Batch make_batch(std::span<const Sample> samples, torch::Tensor pictures);

/// What the terms of the loss are averaged over. Summed over the processes that share a batch,
/// so that they minimise together what one process would alone.
struct Counts {
    double lesions = 0;
    double labelled_images = 0;
    double looks = 0;
    double judged_lesions = 0;
    double described = 0;
};
[[nodiscard]] Counts counts_of(const Batch& batch, const LookBatch& looks);

inline constexpr const char* kLossParts = "presence,box,context,mass,malignancy,description";

struct Losses {
    torch::Tensor total;
    /// kLossParts, not weighted.
    torch::Tensor parts;
};

/// The finder's: presence, penalty-reduced focal loss (Zhou et al. 2019, alpha 2, beta 4) per
/// lesion; box, smooth L1 on log distances; context, cross-entropy of the image's label.
/// The judge's: cross-entropy of mass or not, of malignant or not where there is a mass, and of
/// each descriptor where the mass is described.
[[nodiscard]] Losses loss_of(const FinderMaps& maps, const Batch& batch,
                             const JudgeOpinions& opinions, const LookBatch& looks,
                             const Counts& counts);

}  // namespace lucerna::learn
