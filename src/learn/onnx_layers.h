#pragma once

#include <string>
#include <vector>

#include "learn/onnx_graph.h"
#include "learn/trunk.h"
#include "learn/weights.h"

namespace lucerna::learn {

/// Writes layers of the network into an ONNX graph, by the names that `weights` has for them.
class OnnxLayers {
  public:
    /// Both are borrowed.
    OnnxLayers(OnnxGraph& graph, const WeightMap& weights) : graph_(graph), weights_(weights) {}

    std::string conv(const std::string& x, const std::string& layer);
    /// y = x W' + b, for x of N x inputs.
    std::string linear(const std::string& x, const std::string& layer);
    /// The layers of a trunk called `prefix`; gives the values after `shallow` stages and at the
    /// end.
    struct Features {
        std::string shallow;
        std::string deep;
    };
    Features trunk(const std::string& x, const std::string& prefix,
                   const std::vector<TrunkImpl::Layer>& layers, std::size_t shallow);

    std::string node(const std::string& operation, const std::vector<std::string>& inputs) {
        return graph_.add_node(operation, inputs);
    }
    std::string number(double value) { return graph_.add_number(value); }
    std::string relu(const std::string& x) { return node("Relu", {x}); }
    std::string pooled(const std::string& x, const std::string& operation, std::int64_t window,
                       std::int64_t stride, std::int64_t pad);
    std::string reshaped(const std::string& x, const std::vector<std::int64_t>& extents);
    std::string with_axis(const std::string& x, std::int64_t axis);
    std::string joined(const std::vector<std::string>& parts, std::int64_t axis);
    /// Element `which` of `axis`, which is left out.
    std::string picked(const std::string& x, std::int64_t which, std::int64_t axis);
    std::string doubled(const std::string& x);

  private:
    const Weights& find(const std::string& name) const;
    std::string unit(const std::string& x, const std::string& name, const UnitImpl& unit);

    OnnxGraph& graph_;
    const WeightMap& weights_;
};

}  // namespace lucerna::learn
