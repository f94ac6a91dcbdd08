#pragma once

#include <torch/nn.h>

#include <memory>
#include <string>
#include <vector>

#include "learn/network_shape.h"
#include "learn/weights.h"

namespace lucerna::learn {

/// What the network says of a batch of N pictures, at stride 8 (h x w cells).
struct NetworkMaps {
    /// N x 1 x h x w, logit: here is the centre of a mass.
    torch::Tensor presence;
    /// N x 1 x h x w, logit: if there is one, it is malignant.
    torch::Tensor malignancy;
    /// N x 4 x h x w: log of the distance from the cell's centre to left, top, right, bottom of the
    /// box, in units of 16 pixels.
    torch::Tensor distances;
    /// N, logit: the image is malignant.
    torch::Tensor image;
};

struct FireImpl : torch::nn::Module {
    FireImpl(int in, FireShape shape);
    torch::Tensor forward(torch::Tensor x);
    torch::nn::Conv2d squeeze{nullptr}, left{nullptr}, right{nullptr};
};
TORCH_MODULE(Fire);

/// One-stage detector: SqueezeNet trunk, features of stride 16 merged into stride 8, one branch for
/// presence and box, one for malignancy, and an image score that pools where presence is.
class NetworkImpl : public torch::nn::Module {
  public:
    explicit NetworkImpl(const NetworkShape& shape = {});

    /// `pictures` is N x 1 x H x W in 0..1, H and W multiples of 32.
    NetworkMaps forward(const torch::Tensor& pictures);

    /// Scales each layer of the trunk, and its biases to suit, so that its output on `pictures` has
    /// a root mean square of 1. ReLU layers let a positive factor through: the features stay what
    /// they were but for their scale. ImageNet's are in the hundreds, and drown a fresh head.
    void equalise_trunk(const torch::Tensor& pictures);

    /// Stem to fire3: kept as ImageNet made them. Their gradient is not computed.
    void freeze_early_layers();
    /// Everything of the trunk that is trained.
    [[nodiscard]] std::vector<torch::Tensor> trunk_parameters() const;
    [[nodiscard]] std::vector<torch::Tensor> head_parameters() const;

    /// Copies weights of the same names and shapes; every trunk layer must be among them.
    /// Throws Error(kInvalidInput) naming the first that is missing or differs.
    void load_trunk(const WeightMap& weights);
    void load_all(const WeightMap& weights);
    [[nodiscard]] WeightMap weights() const;
    [[nodiscard]] const NetworkShape& shape() const { return shape_; }

  private:
    torch::Tensor early_features(const torch::Tensor& pictures);
    void copy_from(const WeightMap& weights, bool trunk_only);

    NetworkShape shape_;
    bool frozen_ = false;
    torch::nn::Conv2d stem_{nullptr};
    std::vector<Fire> fires_;
    torch::nn::Conv2d shallow_{nullptr}, deep_{nullptr}, merge_{nullptr};
    torch::nn::Conv2d find_{nullptr}, judge_{nullptr};
    torch::nn::Conv2d presence_{nullptr}, distances_{nullptr}, malignancy_{nullptr};
    torch::nn::Linear context_{nullptr};
};
TORCH_MODULE(Network);

}  // namespace lucerna::learn
