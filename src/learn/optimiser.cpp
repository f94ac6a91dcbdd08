#include "learn/optimiser.h"

#include <torch/torch.h>

#include <cmath>
#include <string>

namespace lucerna::learn {
namespace {

constexpr double kMeanDecay = 0.9;
constexpr double kSquareDecay = 0.999;
constexpr double kEpsilon = 1e-8;

}  // namespace

std::vector<torch::Tensor> Optimiser::Group::gradients() const {
    std::vector<torch::Tensor> list;
    for (const auto& weight : weights) {
        // A weight that took no part in the step: no look in the whole batch.
        if (!weight.grad().defined()) weight.mutable_grad() = torch::zeros_like(weight);
        list.push_back(weight.grad());
    }
    return list;
}

Optimiser::Optimiser(std::vector<std::vector<torch::Tensor>> groups, double weight_decay)
    : weight_decay_(weight_decay) {
    const torch::NoGradGuard no_gradient;
    for (std::vector<torch::Tensor>& weights : groups) {
        Group group;
        group.weights = std::move(weights);
        for (const auto& weight : group.weights) {
            group.means.push_back(torch::zeros_like(weight));
            group.squares.push_back(torch::zeros_like(weight));
        }
        groups_.push_back(std::move(group));
    }
}

void Optimiser::clear_gradients() {
    for (Group& group : groups_)
        for (auto& weight : group.weights) weight.mutable_grad() = torch::Tensor();
}

std::vector<torch::Tensor> Optimiser::gradients() const {
    std::vector<torch::Tensor> all;
    for (const Group& group : groups_)
        for (auto& gradient : group.gradients()) all.push_back(std::move(gradient));
    return all;
}

void Optimiser::limit_gradients(double norm) {
    const torch::NoGradGuard no_gradient;
    const auto all = gradients();
    const auto whole = torch::stack(at::_foreach_norm(all, 2)).norm().item<double>();
    if (whole > norm) at::_foreach_mul_(all, norm / (whole + 1e-6));
}

void Optimiser::step(const std::vector<double>& rates) {
    const torch::NoGradGuard no_gradient;
    ++steps_;
    const auto count = static_cast<double>(steps_);
    const double mean_share = 1 - std::pow(kMeanDecay, count);
    const double square_share = 1 - std::pow(kSquareDecay, count);
    for (std::size_t i = 0; i < groups_.size(); ++i) {
        Group& group = groups_[i];
        if (group.weights.empty()) continue;
        const auto gradients = group.gradients();
        at::_foreach_mul_(group.weights, 1 - rates.at(i) * weight_decay_);
        at::_foreach_mul_(group.means, kMeanDecay);
        at::_foreach_add_(group.means, gradients, 1 - kMeanDecay);
        at::_foreach_mul_(group.squares, kSquareDecay);
        at::_foreach_addcmul_(group.squares, gradients, gradients, 1 - kSquareDecay);
        auto spread = at::_foreach_sqrt(group.squares);
        at::_foreach_div_(spread, std::sqrt(square_share));
        at::_foreach_add_(spread, kEpsilon);
        at::_foreach_addcdiv_(group.weights, group.means, spread, -rates.at(i) / mean_share);
    }
}

void Optimiser::save(torch::serialize::OutputArchive& archive) const {
    std::size_t at = 0;
    for (const Group& group : groups_)
        for (std::size_t i = 0; i < group.weights.size(); ++i, ++at) {
            const std::string name = std::to_string(at);
            archive.write("mean" + name, group.means[i]);
            archive.write("square" + name, group.squares[i]);
        }
    archive.write("steps", torch::tensor(steps_));
}

void Optimiser::load(torch::serialize::InputArchive& archive) {
    const torch::NoGradGuard no_gradient;
    std::size_t at = 0;
    for (Group& group : groups_)
        for (std::size_t i = 0; i < group.weights.size(); ++i, ++at) {
            torch::Tensor mean;
            torch::Tensor square;
            archive.read("mean" + std::to_string(at), mean);
            archive.read("square" + std::to_string(at), square);
            group.means[i].copy_(mean);
            group.squares[i].copy_(square);
        }
    torch::Tensor steps;
    archive.read("steps", steps);
    steps_ = steps.item<std::int64_t>();
}

}  // namespace lucerna::learn
