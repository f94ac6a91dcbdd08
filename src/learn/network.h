#pragma once

#include <torch/nn.h>

#include <memory>
#include <string>
#include <vector>

#include "learn/network_shape.h"
#include "learn/trunk.h"
#include "learn/weights.h"

namespace lucerna::learn {

/// What the finder says of a batch of N pictures, on h x w cells of kStride pixels.
struct FinderMaps {
    /// N x 1 x h x w, logit: here is the centre of a mass.
    torch::Tensor presence;
    /// N x 4 x h x w: log of the distance from the cell's centre to left, top, right, bottom of the
    /// box, in units of kDistanceUnit pixels.
    torch::Tensor distances;
    /// N, logit: the breast as a whole looks malignant.
    torch::Tensor context;
};

/// What the judge says of K places.
struct JudgeOpinions {
    /// K, logit: there is a mass.
    torch::Tensor presence;
    /// K, logit: if there is one, it is malignant.
    torch::Tensor malignancy;
    /// K x descriptors, logits; undefined where the shape has none.
    torch::Tensor described;
};

/// Dropout of a training step (learn/masks.h); undefined tensors leave everything.
struct FinderMasks {
    /// N x merged, whole feature maps of which are dropped.
    torch::Tensor merged;
    /// N x 2 merged.
    torch::Tensor summary;
};

/// Looks twice: the finder goes over the whole picture at half its resolution, the judge takes
/// a closer look at each place that the finder proposes (docs/decisions/two-looks.md).
class NetworkImpl : public torch::nn::Module {
  public:
    explicit NetworkImpl(const NetworkShape& shape = {});

    /// `pictures` is N x 1 x H x W in 0..1, H and W multiples of 32.
    FinderMaps find(const torch::Tensor& pictures, const FinderMasks& masks = {});
    /// `looks` is K x 1 x kLookSize x kLookSize in 0..1, as learn/look.h cuts them out.
    /// `mask`: K x judged_width() of a training step.
    JudgeOpinions judge(const torch::Tensor& looks, const torch::Tensor& mask = {});
    [[nodiscard]] std::int64_t judged_width() const;

    /// Starts both trunks from the trunk file.
    void adopt_trunk(const WeightMap& trunk, Trained trained = Trained::kPointwise);
    /// What of the trunks is trained, and what is not of the trunks.
    [[nodiscard]] std::vector<torch::Tensor> trunk_parameters() const;
    [[nodiscard]] std::vector<torch::Tensor> head_parameters() const;

    /// Copies weights of the same names and shapes; all must be there.
    /// Throws Error(kInvalidInput) naming the first that is missing or differs.
    void load_all(const WeightMap& weights);
    [[nodiscard]] WeightMap weights() const;
    [[nodiscard]] const NetworkShape& shape() const { return shape_; }
    [[nodiscard]] const Trunk& finder_trunk() const { return finder_; }
    [[nodiscard]] const Trunk& judge_trunk() const { return judge_; }

  private:
    NetworkShape shape_;
    Trunk finder_{nullptr}, judge_{nullptr};
    torch::nn::Conv2d shallow_{nullptr}, deep_{nullptr}, merge_{nullptr}, locate_{nullptr};
    torch::nn::Conv2d presence_{nullptr}, distances_{nullptr}, around_{nullptr};
    torch::nn::Linear context_{nullptr}, opinion_{nullptr}, describe_{nullptr};
};
TORCH_MODULE(Network);

/// The shape of the network that these weights are of, with the strides of EfficientNet-Lite.
/// Throws Error(kInvalidInput) naming what is missing.
[[nodiscard]] NetworkShape network_shape_of(const WeightMap& weights);

}  // namespace lucerna::learn
