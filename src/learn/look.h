#pragma once

#include <torch/types.h>

#include <vector>

#include "exam/geometry.h"

namespace lucerna::learn {

/// Cuts a square around each box out of one picture (1 x H x W, 0..1): K x 1 x kLookSize x
/// kLookSize. What lies outside the picture is black.
[[nodiscard]] torch::Tensor looks_at(const torch::Tensor& picture,
                                     const std::vector<exam::Box>& boxes);

}  // namespace lucerna::learn
