#include "learn/onnx_layers.h"

#include "base/error.h"

namespace lucerna::learn {

const Weights& OnnxLayers::find(const std::string& name) const {
    const auto found = weights_.find(name);
    if (found == weights_.end())
        throw Error(ErrorCode::kInvalidInput, "ONNX export: no layer " + name);
    return found->second;
}

std::string OnnxLayers::conv(const std::string& x, const std::string& layer) {
    const Weights& weight = find(layer + ".weight");
    if (weight.shape.size() != 4)
        throw Error(ErrorCode::kInvalidInput, "ONNX export: no convolution " + layer);
    const std::int64_t size = weight.shape[2];
    const std::int64_t pad = size / 2;
    return graph_.add_node(
        "Conv",
        {x, graph_.add_weights(layer + ".weight", weight),
         graph_.add_weights(layer + ".bias", find(layer + ".bias"))},
        {{"kernel_shape", {size, size}, {}, false}, {"pads", {pad, pad, pad, pad}, {}, false}});
}

std::string OnnxLayers::linear(const std::string& x, const std::string& layer) {
    return graph_.add_node("Gemm",
                           {x, graph_.add_weights(layer + ".weight", find(layer + ".weight")),
                            graph_.add_weights(layer + ".bias", find(layer + ".bias"))},
                           {{"transB", {1}, {}, true}});
}

std::string OnnxLayers::unit(const std::string& x, const std::string& name, const UnitImpl& shape) {
    // The channel scale goes into the filters.
    Weights filters = find(name + ".weight");
    const Weights& scale = find(name + ".scale");
    const std::size_t each = filters.values.size() / scale.values.size();
    for (std::size_t i = 0; i < filters.values.size(); ++i)
        filters.values[i] *= scale.values[i / each];
    const std::int64_t size = shape.kernel;
    const std::int64_t behind = size / 2;
    const std::int64_t before = shape.stride == 2 ? behind - 1 : behind;
    return graph_.add_node("Conv",
                           {x, graph_.add_weights(name + ".weight", filters),
                            graph_.add_weights(name + ".bias", find(name + ".bias"))},
                           {{"kernel_shape", {size, size}, {}, false},
                            {"strides", {shape.stride, shape.stride}, {}, false},
                            {"pads", {before, before, behind, behind}, {}, false},
                            {"group", {shape.groups}, {}, true}});
}

OnnxLayers::Features OnnxLayers::trunk(const std::string& pictures, const std::string& prefix,
                                       const std::vector<TrunkImpl::Layer>& layers,
                                       std::size_t shallow) {
    Features features;
    std::vector<std::string> inputs;
    std::string x =
        node("Sub", {node("Mul", {pictures, number(255.0 / 128)}), number(127.0 / 128)});
    for (const TrunkImpl::Layer& layer : layers) {
        inputs.push_back(x);
        x = unit(x, prefix + "." + layer.name, *layer.unit);
        if (layer.rectified) x = node("Clip", {x, number(0), number(6)});
        if (layer.adds_input_of >= 0)
            x = node("Add", {x, inputs[static_cast<std::size_t>(layer.adds_input_of)]});
        if (features.shallow.empty() && layer.stages_done >= shallow) features.shallow = x;
    }
    features.deep = x;
    return features;
}

std::string OnnxLayers::pooled(const std::string& x, const std::string& operation,
                               std::int64_t window, std::int64_t stride, std::int64_t pad) {
    return graph_.add_node(operation, {x},
                           {{"kernel_shape", {window, window}, {}, false},
                            {"strides", {stride, stride}, {}, false},
                            {"pads", {pad, pad, pad, pad}, {}, false}});
}

std::string OnnxLayers::reshaped(const std::string& x, const std::vector<std::int64_t>& extents) {
    return node("Reshape", {x, graph_.add_integers(extents)});
}

std::string OnnxLayers::with_axis(const std::string& x, std::int64_t axis) {
    return node("Unsqueeze", {x, graph_.add_integers({axis})});
}

std::string OnnxLayers::joined(const std::vector<std::string>& parts, std::int64_t axis) {
    return graph_.add_node("Concat", parts, {{"axis", {axis}, {}, true}});
}

std::string OnnxLayers::picked(const std::string& x, std::int64_t which, std::int64_t axis) {
    return graph_.add_node("Gather", {x, graph_.add_integer(which)}, {{"axis", {axis}, {}, true}});
}

std::string OnnxLayers::doubled(const std::string& x) {
    const std::string scales = graph_.add_weights("doubling", {{4}, {1, 1, 2, 2}});
    return graph_.add_node("Resize", {x, "", scales},
                           {{"mode", {}, "nearest", false},
                            {"coordinate_transformation_mode", {}, "asymmetric", false},
                            {"nearest_mode", {}, "floor", false}});
}

}  // namespace lucerna::learn
