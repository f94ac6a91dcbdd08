#pragma once

#include "store/store.h"

namespace lucerna::store {

/// Something was kept here: wrapped keys, objects, an index; or a server has noted in the folder
/// that index or objects are elsewhere, and the options say nothing of that.
/// Looks without opening the store, and makes nothing. Throws Error(kUnavailable) where an index or
/// objects elsewhere cannot be asked.
[[nodiscard]] bool is_used(const StoreOptions& options);

}  // namespace lucerna::store
