#pragma once

#include "base/encoding.h"
#include "learn/blend.h"
#include "learn/network_shape.h"
#include "learn/weights.h"

namespace lucerna::learn {

/// The network and its blend as an ONNX model (opset 16) for one picture: input `image`
/// (1 x 1 x H x W, 0..1, H and W multiples of 32); outputs `boxes` (K x 4: left, top, right,
/// bottom), `presence` (K), `suspicion` (K) and `image_score` (1), K at most kCandidates. A place
/// of presence 0 is none. Throws Error(kInvalidInput) naming a layer that `weights` lacks.
[[nodiscard]] Bytes export_onnx(const WeightMap& weights, const NetworkShape& shape,
                                const Blend& blend);

}  // namespace lucerna::learn
