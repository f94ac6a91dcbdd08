#pragma once

#include "store/store.h"

namespace lucerna::store {

/// Something was kept here: wrapped keys, objects, an index, or a server's note in the folder.
/// Looks without opening the store, and makes nothing. Throws Error(kUnavailable) where an index or
/// objects elsewhere cannot be asked.
[[nodiscard]] bool is_used(const StoreOptions& options);

}  // namespace lucerna::store
