#pragma once

#include "base/encoding.h"
#include "learn/network_shape.h"
#include "learn/weights.h"

namespace lucerna::learn {

/// The network as an ONNX model that puts out candidates (docs/formats/model-package.md): `image`
/// 1 x 1 x H x W -> `boxes` N x 4, `presence` N, `suspicion` N, `image_score` 1. N is kCandidates,
/// or the number of cells of a tiny picture; candidates that are no peaks have presence 0.
/// The same arithmetic as `decode(network(image))`; dropout is left out.
/// Throws Error(kInvalidInput) naming a layer that `weights` lacks.
[[nodiscard]] Bytes export_onnx(const WeightMap& weights, const NetworkShape& shape);

}  // namespace lucerna::learn
