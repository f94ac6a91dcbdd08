#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>

#include "base/encoding.h"

namespace lucerna::http {

/// A body that is read piece by piece while it is sent: no more than one piece is held.
struct Pieces {
    std::uint64_t size = 0;
    /// Bytes [offset, offset + length), all within `size`.
    std::function<Bytes(std::uint64_t offset, std::uint64_t length)> read;
};

/// How much is read at once, at most (answer_memory.h).
inline constexpr std::uint64_t kPieceBytes = std::uint64_t{1} << 20;

}  // namespace lucerna::http
