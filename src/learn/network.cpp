#include "learn/network.h"

#include <torch/torch.h>

#include <algorithm>

#include "base/error.h"

namespace lucerna::learn {
namespace {

namespace nn = torch::nn;

nn::Conv2d conv(int in, int out, int size, int stride = 1) {
    return nn::Conv2d(nn::Conv2dOptions(in, out, size).stride(stride).padding(size / 2));
}

torch::Tensor pool(const torch::Tensor& x) {
    return torch::max_pool2d(x, 3, 2, 1);
}

void append(std::vector<torch::Tensor>& list, const nn::Module& module) {
    const auto parameters = module.parameters();
    list.insert(list.end(), parameters.begin(), parameters.end());
}

/// He et al. 2015 for layers before a ReLU; torch's own default is too small for a fresh head.
void start_relu(const nn::Conv2d& layer) {
    nn::init::kaiming_normal_(layer->weight, 0, torch::kFanOut, torch::kReLU);
    nn::init::zeros_(layer->bias);
}

void start_output(const nn::Conv2d& layer, double bias) {
    nn::init::normal_(layer->weight, 0, 0.01);
    nn::init::constant_(layer->bias, bias);
}

}  // namespace

FireImpl::FireImpl(int in, FireShape shape)
    : squeeze(register_module("squeeze", conv(in, shape.squeeze, 1))),
      left(register_module("left", conv(shape.squeeze, shape.expand, 1))),
      right(register_module("right", conv(shape.squeeze, shape.expand, 3))) {}

torch::Tensor FireImpl::forward(torch::Tensor x) {
    x = torch::relu(squeeze(x));
    return torch::cat({torch::relu(left(x)), torch::relu(right(x))}, 1);
}

NetworkImpl::NetworkImpl(const NetworkShape& shape) : shape_(shape) {
    if (shape.fires.size() <= kDeepFires)
        throw Error(ErrorCode::kInvalidInput, "the network needs more than four fire modules");
    stem_ = register_module("stem", conv(1, shape.stem, 3, 2));
    int width = shape.stem;
    int shallow_width = 0;
    for (std::size_t i = 0; i < shape.fires.size(); ++i) {
        if (i == kDeepFires) shallow_width = width;
        fires_.push_back(
            register_module("fire" + std::to_string(i + 2), Fire(width, shape.fires[i])));
        width = 2 * shape.fires[i].expand;
    }
    shallow_ = register_module("shallow", conv(shallow_width, shape.merged, 1));
    deep_ = register_module("deep", conv(width, shape.merged, 1));
    merge_ = register_module("merge", conv(shape.merged, shape.merged, 3));
    find_ = register_module("find", conv(shape.merged, shape.branch, 3));
    judge_ = register_module("judge", conv(shape.merged, shape.branch, 3));
    presence_ = register_module("presence", conv(shape.branch, 1, 1));
    distances_ = register_module("distances", conv(shape.branch, 4, 1));
    malignancy_ = register_module("malignancy", conv(shape.branch, 1, 1));
    context_ = register_module("context", nn::Linear(shape.branch, 1));
    for (const nn::Conv2d& layer : {shallow_, deep_, merge_, find_, judge_}) start_relu(layer);
    // A prior of 1% keeps the focal loss of the first steps small (Lin et al. 2017).
    start_output(presence_, -4.6);
    start_output(distances_, 0);
    start_output(malignancy_, 0);
    nn::init::zeros_(context_->weight);
    nn::init::zeros_(context_->bias);
}

torch::Tensor NetworkImpl::early_features(const torch::Tensor& pictures) {
    return fires_[1](fires_[0](pool(torch::relu(stem_(pictures)))));
}

NetworkMaps NetworkImpl::forward(const torch::Tensor& pictures) {
    torch::Tensor x;
    if (frozen_) {
        const torch::NoGradGuard no_gradient;
        x = early_features(pictures);
    } else {
        x = early_features(pictures);
    }
    x = pool(x);
    for (std::size_t i = 2; i < kDeepFires; ++i) x = fires_[i](x);
    const torch::Tensor at_eight = x;
    x = pool(x);
    for (std::size_t i = kDeepFires; i < fires_.size(); ++i) x = fires_[i](x);
    const auto up =
        nn::functional::interpolate(deep_(x), nn::functional::InterpolateFuncOptions()
                                                  .scale_factor(std::vector<double>{2, 2})
                                                  .mode(torch::kNearest));
    auto merged = torch::relu(shallow_(at_eight) + up);
    merged = torch::relu(merge_(merged));
    merged = nn::functional::dropout2d(
        merged, nn::functional::Dropout2dFuncOptions().p(shape_.dropout).training(is_training()));
    const auto found = torch::relu(find_(merged));
    const auto judged = torch::relu(judge_(merged));

    NetworkMaps maps;
    maps.presence = presence_(found);
    maps.distances = distances_(found);
    maps.malignancy = malignancy_(judged);
    // The image score must not teach the heat map where to look: hence detach.
    const auto attention =
        torch::softmax(kAttention * maps.presence.detach().flatten(1), 1).unsqueeze(2);
    const auto pooled = torch::matmul(judged.flatten(2), attention).squeeze(2);
    const auto opinion = torch::matmul(maps.malignancy.flatten(2), attention).flatten(0);
    maps.image = opinion + context_(pooled).flatten(0);
    return maps;
}

void NetworkImpl::equalise_trunk(const torch::Tensor& pictures) {
    const torch::NoGradGuard no_gradient;
    // The features so far are `scale` times what they were before.
    double scale = 1;
    const auto divide = [&](const nn::Conv2d& layer, double by) {
        layer->weight.div_(by);
        layer->bias.div_(by);
    };
    const auto root_mean_square = [](const torch::Tensor& x) {
        return std::max(x.square().mean().sqrt().item<double>(), 1e-6);
    };
    auto x = torch::relu(stem_(pictures));
    double size = root_mean_square(x);
    divide(stem_, size);
    scale /= size;
    x = pool(x / size);
    for (std::size_t i = 0; i < fires_.size(); ++i) {
        if (i == 2 || i == kDeepFires) x = pool(x);
        FireImpl& fire = *fires_[i];
        fire.squeeze->bias.mul_(scale);
        size = root_mean_square(torch::relu(fire.squeeze(x)));
        divide(fire.squeeze, size);
        scale /= size;
        fire.left->bias.mul_(scale);
        fire.right->bias.mul_(scale);
        size = root_mean_square(fire.forward(x));
        divide(fire.left, size);
        divide(fire.right, size);
        scale /= size;
        x = fire.forward(x);
    }
}

void NetworkImpl::freeze_early_layers() {
    frozen_ = true;
    for (auto& parameter : stem_->parameters()) parameter.set_requires_grad(false);
    for (std::size_t i = 0; i < 2; ++i)
        for (auto& parameter : fires_[i]->parameters()) parameter.set_requires_grad(false);
}

std::vector<torch::Tensor> NetworkImpl::trunk_parameters() const {
    std::vector<torch::Tensor> list;
    if (!frozen_) append(list, *stem_);
    for (std::size_t i = frozen_ ? 2 : 0; i < fires_.size(); ++i) append(list, *fires_[i]);
    return list;
}

std::vector<torch::Tensor> NetworkImpl::head_parameters() const {
    std::vector<torch::Tensor> list;
    for (const nn::Conv2d& layer :
         {shallow_, deep_, merge_, find_, judge_, presence_, distances_, malignancy_})
        append(list, *layer);
    append(list, *context_);
    return list;
}

void NetworkImpl::load_trunk(const WeightMap& weights) {
    copy_from(weights, true);
}
void NetworkImpl::load_all(const WeightMap& weights) {
    copy_from(weights, false);
}

void NetworkImpl::copy_from(const WeightMap& weights, bool trunk_only) {
    const torch::NoGradGuard no_gradient;
    for (auto& item : named_parameters()) {
        const std::string& name = item.key();
        const auto found = weights.find(name);
        if (found == weights.end()) {
            const bool trunk = name.rfind("stem.", 0) == 0 || name.rfind("fire", 0) == 0;
            if (trunk_only && !trunk) continue;
            throw Error(ErrorCode::kInvalidInput, "weights: no layer " + name);
        }
        if (item.value().sizes().vec() != found->second.shape)
            throw Error(ErrorCode::kInvalidInput, "weights: another shape of " + name);
        item.value().copy_(torch::tensor(found->second.values).view(found->second.shape));
    }
}

WeightMap NetworkImpl::weights() const {
    WeightMap map;
    for (const auto& item : named_parameters()) {
        const auto flat = item.value().detach().to(torch::kCPU, torch::kFloat).contiguous();
        Weights& entry = map[item.key()];
        entry.shape = flat.sizes().vec();
        const float* first = flat.data_ptr<float>();
        entry.values.assign(first, first + flat.numel());
    }
    return map;
}

}  // namespace lucerna::learn
