#pragma once

#include "base/error.h"

namespace lucerna {

/// What an operation of the system failed of: kOutOfSpace for a full disk or quota and a file that
/// may not grow, kUnavailable for a lack of descriptors or memory, which passes, kNotFound for what
/// does not exist, else kIo.
[[nodiscard]] ErrorCode code_of_errno(int number);

}  // namespace lucerna
