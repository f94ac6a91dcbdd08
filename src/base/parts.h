#pragma once

#include <cstddef>
#include <functional>

namespace lucerna {

/// Does `part(0)` .. `part(parts - 1)` and returns when all are done: side by side, or one after
/// another. What a part throws is thrown. For rooms that start no threads, and take a caller's.
using RunParts =
    std::function<void(std::size_t parts, const std::function<void(std::size_t)>& part)>;

inline void one_after_another(std::size_t parts, const std::function<void(std::size_t)>& part) {
    for (std::size_t i = 0; i < parts; ++i) part(i);
}

}  // namespace lucerna
