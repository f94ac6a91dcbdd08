#include "learn/trunk.h"

#include <torch/torch.h>

#include <array>

#include "base/error.h"

namespace lucerna::learn {
namespace {

namespace nn = torch::nn;

/// Of the batch normalisations that the trunk was trained with.
constexpr double kEpsilon = 1e-3;

torch::Tensor as_tensor(const WeightMap& map, const std::string& name,
                        const std::vector<std::int64_t>& shape) {
    const auto found = map.find(name);
    if (found == map.end()) throw Error(ErrorCode::kInvalidInput, "trunk: no layer " + name);
    if (found->second.shape != shape)
        throw Error(ErrorCode::kInvalidInput, "trunk: another shape of " + name);
    return torch::tensor(found->second.values).view(shape);
}

/// Pixels 0..1 as the trunk's authors fed it: (255 x - 127) / 128.
torch::Tensor as_trained(const torch::Tensor& pictures) {
    return pictures * (255.0 / 128) - 127.0 / 128;
}

}  // namespace

UnitImpl::UnitImpl(int in, int out, int the_kernel, int the_stride, int the_groups)
    : kernel(the_kernel), stride(the_stride), groups(the_groups) {
    weight = register_parameter(
        "weight", torch::randn({out, in / groups, kernel, kernel}) *
                      std::sqrt(2.0 / (static_cast<double>(in) / groups * kernel * kernel)));
    scale = register_parameter("scale", torch::ones({out}));
    bias = register_parameter("bias", torch::zeros({out}));
}

torch::Tensor UnitImpl::convolve(torch::Tensor x, const torch::Tensor& filters,
                                 const torch::Tensor& offset) const {
    std::int64_t pad = kernel / 2;
    if (stride == 2) {
        // TensorFlow pads an even picture by one less before than behind.
        x = torch::constant_pad_nd(x, {pad - 1, pad, pad - 1, pad});
        pad = 0;
    }
    return torch::conv2d(x, filters, offset, stride, pad, 1, groups);
}

torch::Tensor UnitImpl::forward(const torch::Tensor& x) {
    return convolve(x, weight * scale.view({-1, 1, 1, 1}), bias);
}

TrunkImpl::TrunkImpl(const TrunkShape& shape, std::size_t stages) {
    if (stages > shape.stages.size())
        throw Error(ErrorCode::kInvalidInput, "the trunk has fewer stages than the network needs");
    layers_.push_back({"stem", Unit(1, shape.stem, 3, 2, 1), true, 0, -1});
    int width = shape.stem;
    for (std::size_t i = 0; i < stages; ++i) add_stage(i, shape.stages[i], width);
    if (stages == shape.stages.size() && shape.head > 0)
        layers_.push_back({"head", Unit(width, shape.head, 1, 1, 1), true, stages + 1, -1});
    for (const Layer& layer : layers_) register_module(layer.name, layer.unit);
}

void TrunkImpl::add_stage(std::size_t number, const StageShape& shape, int& width) {
    for (int block = 0; block < shape.blocks; ++block) {
        const std::string name =
            "stage" + std::to_string(number + 1) + "_block" + std::to_string(block + 1) + "_";
        const int stride = block == 0 ? shape.stride : 1;
        const int inner = width * shape.expand;
        const int first = static_cast<int>(layers_.size());
        if (shape.expand != 1)
            layers_.push_back({name + "expand", Unit(width, inner, 1, 1, 1), true, number, -1});
        layers_.push_back({name + "depthwise", Unit(inner, inner, shape.kernel, stride, inner),
                           true, number, -1});
        const bool adds = stride == 1 && width == shape.width;
        const bool last = block + 1 == shape.blocks;
        layers_.push_back({name + "project", Unit(inner, shape.width, 1, 1, 1), false,
                           last ? number + 1 : number, adds ? first : -1});
        width = shape.width;
    }
}

std::size_t TrunkImpl::layers_of(std::size_t stages) const {
    for (std::size_t i = 0; i < layers_.size(); ++i)
        if (layers_[i].stages_done >= stages) return i + 1;
    return layers_.size();
}

torch::Tensor TrunkImpl::run(torch::Tensor x, std::size_t from, std::size_t to) {
    torch::Tensor kept;
    for (std::size_t i = from; i < to; ++i) {
        // The block that adds its input begins two layers before the one that adds.
        for (std::size_t ahead = i; ahead < to && ahead < i + 3; ++ahead)
            if (layers_[ahead].adds_input_of == static_cast<int>(i)) kept = x;
        x = layers_[i].unit(x);
        if (layers_[i].rectified) x = torch::clamp(x, 0, 6);
        if (layers_[i].adds_input_of >= 0) x = x + kept;
    }
    return x;
}

TrunkImpl::Features TrunkImpl::forward(const torch::Tensor& pictures, std::size_t shallow) {
    const std::size_t early = layers_of(kFrozenStages);
    torch::Tensor x = as_trained(pictures);
    {
        const torch::AutoGradMode gradient(!frozen_ && torch::GradMode::is_enabled());
        x = run(x, 0, early);
    }
    Features features;
    features.shallow = run(x, early, layers_of(shallow));
    features.deep = run(features.shallow, layers_of(shallow), layers_.size());
    return features;
}

void TrunkImpl::adopt(const WeightMap& trunk) {
    const torch::NoGradGuard no_gradient;
    for (Layer& layer : layers_) {
        UnitImpl& unit = *layer.unit;
        const auto channel = [&](const char* what) {
            return as_tensor(trunk, layer.name + what, {unit.weight.size(0)});
        };
        unit.weight.copy_(as_tensor(trunk, layer.name + ".weight", unit.weight.sizes().vec()));
        unit.scale.copy_(channel(".gain") / (channel(".variance") + kEpsilon).sqrt());
        unit.bias.copy_(channel(".offset") - channel(".mean") * unit.scale);
    }
}

void TrunkImpl::freeze(Trained trained) {
    frozen_ = true;
    const std::size_t early = layers_of(kFrozenStages);
    for (std::size_t i = 0; i < layers_.size(); ++i)
        if (i < early || (layers_[i].unit->groups > 1 && trained == Trained::kPointwise))
            for (auto& parameter : layers_[i].unit->parameters())
                parameter.set_requires_grad(false);
}

TrunkShape trunk_shape_of(const WeightMap& weights, const std::string& prefix) {
    constexpr std::array<int, 7> kStrides{1, 2, 2, 2, 1, 2, 1};
    const auto shape_of = [&](const std::string& layer) -> const std::vector<std::int64_t>& {
        const auto found = weights.find(prefix + layer + ".weight");
        if (found == weights.end())
            throw Error(ErrorCode::kInvalidInput, "weights: no layer " + prefix + layer);
        return found->second.shape;
    };
    const auto has = [&](const std::string& layer) {
        return weights.contains(prefix + layer + ".weight");
    };
    TrunkShape trunk;
    trunk.stem = static_cast<int>(shape_of("stem").at(0));
    trunk.head = has("head") ? static_cast<int>(shape_of("head").at(0)) : 0;
    trunk.stages.clear();
    for (std::size_t i = 0; i < kStrides.size(); ++i) {
        const std::string stage = "stage" + std::to_string(i + 1) + "_block";
        const auto& depthwise = shape_of(stage + "1_depthwise");
        const bool expands = has(stage + "1_expand");
        StageShape shape;
        shape.kernel = static_cast<int>(depthwise.at(2));
        shape.stride = kStrides[i];
        shape.width = static_cast<int>(shape_of(stage + "1_project").at(0));
        shape.expand =
            expands ? static_cast<int>(depthwise.at(0) / shape_of(stage + "1_expand").at(1)) : 1;
        while (has(stage + std::to_string(shape.blocks + 1) + "_depthwise")) ++shape.blocks;
        trunk.stages.push_back(shape);
    }
    return trunk;
}

}  // namespace lucerna::learn
