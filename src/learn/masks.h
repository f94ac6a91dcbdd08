#pragma once

#include <torch/types.h>

#include <cstdint>
#include <vector>

namespace lucerna::learn {

/// Dropout (Srivastava et al. 2014) whose choice depends on the streams alone: `width` factors for
/// each, 0 with probability `rate`, else 1 / (1 - rate). So a picture loses the same features
/// whichever process trains on it. N x width.
[[nodiscard]] torch::Tensor dropout_masks(const std::vector<std::uint64_t>& streams,
                                          std::int64_t width, double rate, torch::Device device);

}  // namespace lucerna::learn
