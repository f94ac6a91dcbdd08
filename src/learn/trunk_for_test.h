#pragma once

#include <torch/torch.h>

#include "learn/trunk.h"
#include "learn/weights.h"

namespace lucerna::learn {

/// A trunk file of random filters, for tests.
inline WeightMap random_trunk(const TrunkShape& shape) {
    WeightMap map;
    const Trunk trunk(shape, shape.stages.size());
    for (const TrunkImpl::Layer& layer : trunk->layers()) {
        const auto filters = layer.unit->weight.detach().contiguous();
        const float* first = filters.data_ptr<float>();
        map[layer.name + ".weight"] = {filters.sizes().vec(), {first, first + filters.numel()}};
        const auto channels = static_cast<std::size_t>(filters.size(0));
        map[layer.name + ".gain"] = {{filters.size(0)}, std::vector<float>(channels, 1.0F)};
        map[layer.name + ".offset"] = {{filters.size(0)}, std::vector<float>(channels, 0.1F)};
        map[layer.name + ".mean"] = {{filters.size(0)}, std::vector<float>(channels, 0.2F)};
        map[layer.name + ".variance"] = {{filters.size(0)}, std::vector<float>(channels, 0.5F)};
    }
    return map;
}

}  // namespace lucerna::learn
