#pragma once

#include <cstddef>

namespace lucerna {

/// Lets this process have `wanted` files and sockets open at once, or as many as the system's hard
/// limit allows it. Returns how many it may have, which is more where it might already.
[[nodiscard]] std::size_t raise_open_files(std::size_t wanted);

}  // namespace lucerna
