#include "learn/network.h"

#include <torch/torch.h>

#include "base/error.h"

namespace lucerna::learn {
namespace {

namespace nn = torch::nn;

nn::Conv2d conv(int in, int out, int size) {
    return nn::Conv2d(nn::Conv2dOptions(in, out, size).padding(size / 2));
}

void append_trained(std::vector<torch::Tensor>& list, const nn::Module& module) {
    for (const auto& parameter : module.parameters())
        if (parameter.requires_grad()) list.push_back(parameter);
}

/// He et al. 2015 for layers before a ReLU; torch's own default is too small for a fresh head.
void start_relu(const nn::Conv2d& layer) {
    nn::init::kaiming_normal_(layer->weight, 0, torch::kFanOut, torch::kReLU);
    nn::init::zeros_(layer->bias);
}

template <typename Layer>
void start_output(const Layer& layer, double bias) {
    nn::init::normal_(layer->weight, 0, 0.01);
    nn::init::constant_(layer->bias, bias);
}

}  // namespace

NetworkImpl::NetworkImpl(const NetworkShape& shape) : shape_(shape) {
    const TrunkShape& trunk = shape.trunk;
    if (trunk.stages.size() <= kDeepStages)
        throw Error(ErrorCode::kInvalidInput, "the network needs a trunk of more than five stages");
    finder_ = register_module("finder", Trunk(trunk, kDeepStages));
    judge_ = register_module("judge", Trunk(trunk, trunk.stages.size()));
    const int deep_width = trunk.stages[kDeepStages - 1].width;
    shallow_ =
        register_module("shallow", conv(trunk.stages[kShallowStages - 1].width, shape.merged, 1));
    deep_ = register_module("deep", conv(deep_width, shape.merged, 1));
    merge_ = register_module("merge", conv(shape.merged, shape.merged, 3));
    locate_ = register_module("locate", conv(shape.merged, shape.merged, 3));
    presence_ = register_module("presence", conv(shape.merged, 1, 1));
    distances_ = register_module("distances", conv(shape.merged, 4, 1));
    around_ = register_module("around", conv(deep_width, shape.merged, 1));
    context_ = register_module("context", nn::Linear(2 * shape.merged, 1));
    opinion_ = register_module("opinion", nn::Linear(judged_width(), 2));
    for (const nn::Conv2d& layer : {shallow_, deep_, merge_, locate_, around_}) start_relu(layer);
    // A prior of 1% keeps the focal loss of the first steps small (Lin et al. 2017).
    start_output(presence_, -4.6);
    start_output(distances_, 0);
    start_output(context_, 0);
    start_output(opinion_, 0);
    if (shape.descriptors == 0) return;
    describe_ = register_module("describe", nn::Linear(judged_width(), shape.descriptors));
    start_output(describe_, -1);
}

FinderMaps NetworkImpl::find(const torch::Tensor& pictures, const FinderMasks& masks) {
    const auto seen = torch::avg_pool2d(pictures, kFinderShrink);
    const auto features = finder_->forward(seen, kShallowStages);
    const auto up = nn::functional::interpolate(deep_(features.deep),
                                                nn::functional::InterpolateFuncOptions()
                                                    .scale_factor(std::vector<double>{2, 2})
                                                    .mode(torch::kNearest));
    auto merged = torch::relu(shallow_(features.shallow) + up);
    merged = torch::relu(merge_(merged));
    if (masks.merged.defined()) merged = merged * masks.merged.unsqueeze(2).unsqueeze(3);
    merged = torch::relu(locate_(merged));
    const auto around = torch::relu(around_(features.deep)).flatten(2);
    auto summary =
        torch::cat({std::get<0>(around.max(2)), around.mean(std::vector<std::int64_t>{2})}, 1);
    if (masks.summary.defined()) summary = summary * masks.summary;
    FinderMaps maps;
    maps.presence = presence_(merged);
    maps.distances = distances_(merged);
    maps.context = context_(summary).flatten(0);
    return maps;
}

std::int64_t NetworkImpl::judged_width() const {
    const TrunkShape& trunk = shape_.trunk;
    return trunk.head > 0 ? trunk.head : trunk.stages.back().width;
}

JudgeOpinions NetworkImpl::judge(const torch::Tensor& looks, const torch::Tensor& mask) {
    const auto features = judge_->forward(looks, kShallowStages).deep;
    auto pooled = features.mean(std::vector<std::int64_t>{2, 3});
    if (mask.defined()) pooled = pooled * mask;
    const auto opinion = opinion_(pooled);
    JudgeOpinions opinions{opinion.select(1, 0), opinion.select(1, 1), {}};
    if (describe_) opinions.described = describe_(pooled);
    return opinions;
}

void NetworkImpl::adopt_trunk(const WeightMap& trunk, Trained trained) {
    for (Trunk one : {finder_, judge_}) {
        one->adopt(trunk);
        one->freeze(trained);
    }
}

std::vector<torch::Tensor> NetworkImpl::trunk_parameters() const {
    std::vector<torch::Tensor> list;
    append_trained(list, *finder_);
    append_trained(list, *judge_);
    return list;
}

std::vector<torch::Tensor> NetworkImpl::head_parameters() const {
    std::vector<torch::Tensor> list;
    for (const nn::Conv2d& layer :
         {shallow_, deep_, merge_, locate_, presence_, distances_, around_})
        append_trained(list, *layer);
    append_trained(list, *context_);
    append_trained(list, *opinion_);
    if (describe_) append_trained(list, *describe_);
    return list;
}

void NetworkImpl::load_all(const WeightMap& weights) {
    const torch::NoGradGuard no_gradient;
    for (auto& item : named_parameters()) {
        const std::string& name = item.key();
        const auto found = weights.find(name);
        if (found == weights.end())
            throw Error(ErrorCode::kInvalidInput, "weights: no layer " + name);
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

NetworkShape network_shape_of(const WeightMap& weights) {
    const auto rows_of = [&](const std::string& name) {
        const auto found = weights.find(name);
        if (found == weights.end())
            throw Error(ErrorCode::kInvalidInput, "weights: no layer " + name);
        return static_cast<int>(found->second.shape.at(0));
    };
    NetworkShape shape;
    shape.trunk = trunk_shape_of(weights, "judge.");
    shape.merged = rows_of("shallow.weight");
    shape.descriptors = weights.contains("describe.weight") ? rows_of("describe.weight") : 0;
    return shape;
}

}  // namespace lucerna::learn
