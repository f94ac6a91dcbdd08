#pragma once

#include <torch/types.h>

#include <span>
#include <vector>

#include "learn/augment.h"
#include "learn/data.h"

namespace lucerna::learn {

/// The pictures of a training set on the device that trains, and what bending them needs.
class Darkroom {
  public:
    /// Samples are `width` x `height`. `set` is borrowed and must not change.
    Darkroom(const TrainingSet& set, int width, int height, std::uint64_t seed,
             torch::Device device);

    /// Carries out what was chosen: N x 1 x height x width, 0..1, on the device.
    [[nodiscard]] torch::Tensor develop(std::span<const Sample> samples) const;

  private:
    [[nodiscard]] torch::Tensor bent(const Sample& sample) const;
    [[nodiscard]] torch::Tensor grid_of(const Sample& sample, const torch::Tensor& picture) const;

    const TrainingSet* set_;
    torch::Device device_;
    /// H x W, 8 bits, in the set's order.
    std::vector<torch::Tensor> pictures_;
    /// Standard normal; one tile serves all, each picture takes its own part of it.
    torch::Tensor noise_;
    torch::Tensor columns_, rows_;
};

}  // namespace lucerna::learn
