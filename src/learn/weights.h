#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/encoding.h"

namespace lucerna::learn {

/// A named array of the network, outside any framework. Convolutions are O x I x H x W.
struct Weights {
    std::vector<std::int64_t> shape;
    std::vector<float> values;
};
/// By the network's parameter names: "finder.stem.weight".
using WeightMap = std::map<std::string, Weights>;

/// A safetensors file (8 bytes of header length, JSON header, float32 values), and back.
/// Reading throws Error(kCorrupt) when header and values do not fit together.
[[nodiscard]] Bytes encode_weights(const WeightMap& weights);
[[nodiscard]] WeightMap decode_weights(ByteView bytes);

}  // namespace lucerna::learn
