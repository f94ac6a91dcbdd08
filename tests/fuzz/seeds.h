#pragma once

#include <vector>

#include "base/encoding.h"

namespace lucerna::fuzz {

/// What a target's mutations begin with: small inputs that are right, or nearly. Each target
/// defines its own, beside LLVMFuzzerTestOneInput.
[[nodiscard]] std::vector<Bytes> seeds();

}  // namespace lucerna::fuzz
