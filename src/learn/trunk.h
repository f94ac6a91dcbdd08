#pragma once

#include <torch/nn.h>

#include <string>
#include <vector>

#include "learn/network_shape.h"
#include "learn/weights.h"

namespace lucerna::learn {

/// A convolution whose filters are scaled channel by channel, as a batch normalisation with fixed
/// statistics would: y = conv(x, weight * scale) + bias. Padded as TensorFlow's "same".
struct UnitImpl : torch::nn::Module {
    UnitImpl(int in, int out, int the_kernel, int the_stride, int the_groups);
    [[nodiscard]] torch::Tensor convolve(torch::Tensor x, const torch::Tensor& filters,
                                         const torch::Tensor& offset) const;
    torch::Tensor forward(const torch::Tensor& x);

    torch::Tensor weight, scale, bias;
    int kernel, stride, groups;
};
TORCH_MODULE(Unit);

/// Which filters training moves. Depthwise ones cost half of a step on a CPU and are a twentieth of
/// the weights.
enum class Trained { kPointwise, kAll };

/// A convolutional trunk by its shape, up to `stages` stages; the head follows only the last.
class TrunkImpl : public torch::nn::Module {
  public:
    TrunkImpl(const TrunkShape& shape, std::size_t stages);

    /// `pictures` N x 1 x H x W in 0..1. The outputs after `shallow` stages and at the end.
    struct Features {
        torch::Tensor shallow;
        torch::Tensor deep;
    };
    Features forward(const torch::Tensor& pictures, std::size_t shallow);

    /// One layer, as the ONNX export has to write it.
    struct Layer {
        std::string name;
        Unit unit;
        /// Followed by ReLU6.
        bool rectified = false;
        /// Stages that are complete once this layer is through; the stem and inner layers of
        /// a stage count those before it.
        std::size_t stages_done = 0;
        /// The layer whose input is added to this one's output; -1: none.
        int adds_input_of = -1;
    };
    [[nodiscard]] const std::vector<Layer>& layers() const { return layers_; }

    /// Takes filters and batch normalisation, with ImageNet's statistics, from the trunk file
    /// (docs/formats/trunk.md). Throws Error(kInvalidInput) naming the layer that is missing or
    /// differs.
    void adopt(const WeightMap& trunk);

    /// The early stages keep ImageNet's values, and so do those that `trained` leaves out.
    void freeze(Trained trained);

  private:
    void add_stage(std::size_t number, const StageShape& shape, int& width);
    /// The number of layers that make up the first `stages` stages.
    [[nodiscard]] std::size_t layers_of(std::size_t stages) const;
    torch::Tensor run(torch::Tensor x, std::size_t from, std::size_t to);

    std::vector<Layer> layers_;
    bool frozen_ = false;
};
TORCH_MODULE(Trunk);

/// The shape of the trunk whose layers these weights hold under names that begin with `prefix`:
/// widths, kernels and numbers of blocks are theirs, strides those of EfficientNet-Lite.
/// Throws Error(kInvalidInput) naming the layer that is missing.
[[nodiscard]] TrunkShape trunk_shape_of(const WeightMap& weights, const std::string& prefix);

}  // namespace lucerna::learn
