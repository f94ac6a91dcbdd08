#pragma once

#include <torch/types.h>

#include <span>
#include <vector>

#include "base/random.h"
#include "learn/augment.h"
#include "learn/descriptors.h"
#include "learn/places.h"

namespace lucerna::learn {

/// Places of a batch for the judge to learn from, and what is true of them.
struct LookBatch {
    /// K x 1 x kLookSize x kLookSize.
    torch::Tensor looks;
    /// K: 1 where there is a mass.
    torch::Tensor mass;
    /// K: 1 where the mass is malignant, and how much that question counts.
    torch::Tensor malignant;
    torch::Tensor malignant_weight;
    /// K x descriptors: what readers wrote of the mass; K: 1 where they did.
    torch::Tensor descriptors;
    torch::Tensor described;
    /// Sums of the weights.
    double judged_lesions = 0;
    double described_lesions = 0;
    /// K: names the judge's random numbers for each look.
    std::vector<std::uint64_t> streams;
};

/// How many looks a picture gives.
struct LookPlan {
    /// Of each lesion, its box jittered as a finder would miss it.
    int of_lesion = 2;
    /// Of the finder's surest places that are no mass: what it takes for masses today is what the
    /// judge has to tell apart.
    int mistaken = 1;
    /// Of places in the breast taken at random, as large as a lesion of the picture: easy ones to
    /// begin with (docs/decisions/two-looks.md).
    int random = 1;
};

/// A place is a mass when its centre lies in a lesion's box or it overlaps one by 0.2 or more.
/// Each look is turned and mirrored at random; the same stream of a sample gives the same looks.
[[nodiscard]] LookBatch make_look_batch(std::span<const Sample> samples,
                                        const torch::Tensor& pictures,
                                        const std::vector<std::vector<Place>>& places,
                                        const LookPlan& plan, const Descriptors& descriptors);

}  // namespace lucerna::learn
