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
/// By the network's parameter names: "fire2.squeeze.weight".
using WeightMap = std::map<std::string, Weights>;

/// Reads the Keras SqueezeNet 1.1 (DeepCognition/keras-squeezenet, HDF5, kernels H x W x I x O)
/// into the network's names and order. The network reads grey pictures of 0..1 while the original
/// reads 0..255 BGR minus the channel means (103.939, 116.779, 123.68): both are folded into the
/// stem, so that stem(grey) equals the original's first layer on the grey picture as RGB.
/// Throws Error(kInvalidInput) naming the layer that is missing or of another shape.
[[nodiscard]] WeightMap read_squeezenet(const std::filesystem::path& path);

/// The fold alone: kernels of 3 BGR inputs (O x 3 x H x W) and biases to kernels of one.
void fold_grey_input(Weights& kernels, Weights& biases);

/// A safetensors file (8 bytes of header length, JSON header, float32 values), and back.
/// Reading throws Error(kCorrupt) when header and values do not fit together.
[[nodiscard]] Bytes encode_weights(const WeightMap& weights);
[[nodiscard]] WeightMap decode_weights(ByteView bytes);

}  // namespace lucerna::learn
