#pragma once

#include <torch/serialize/archive.h>
#include <torch/types.h>

#include <vector>

namespace lucerna::learn {

/// AdamW (Loshchilov and Hutter 2019; beta 0.9 and 0.999) over groups of weights that have their
/// own rate. Each formula is applied to all tensors of a group by one call: on a GPU libtorch's
/// own, which goes tensor by tensor, takes a quarter of a step.
class Optimiser {
  public:
    Optimiser(std::vector<std::vector<torch::Tensor>> groups, double weight_decay);

    void clear_gradients();
    /// Shrinks the gradients so that their norm over all groups is at most `norm`.
    void limit_gradients(double norm);
    /// `rates`: one a group.
    void step(const std::vector<double>& rates);

    void save(torch::serialize::OutputArchive& archive) const;
    /// Throws c10::Error where the archive is another's.
    void load(torch::serialize::InputArchive& archive);

    /// Of every weight, in order.
    [[nodiscard]] std::vector<torch::Tensor> gradients() const;

  private:
    struct Group {
        std::vector<torch::Tensor> weights, means, squares;
        [[nodiscard]] std::vector<torch::Tensor> gradients() const;
    };

    std::vector<Group> groups_;
    double weight_decay_;
    std::int64_t steps_ = 0;
};

}  // namespace lucerna::learn
