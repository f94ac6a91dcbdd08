#pragma once

#include <cstddef>
#include <memory>

namespace lucerna::store {

/// For so many bytes of an object that a reader fetches before they are asked for, as long as what
/// is returned. Null where all readers together have 32 MiB already: each client that is slow to
/// take an answer may have one. Safe from any thread.
[[nodiscard]] std::shared_ptr<const void> room_ahead(std::size_t bytes);
/// What there is room for at the moment is that much less.
[[nodiscard]] std::size_t bytes_fetched_ahead();

}  // namespace lucerna::store
