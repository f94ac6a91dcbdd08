#pragma once

#include <filesystem>
#include <string>

#include "store/store.h"

namespace lucerna::store {

/// What holds index and objects of a store, as the file `back-ends` of a data folder says it
/// (docs/formats/sealed-object.md): "index sqlite\nobjects folder\n". Addresses are not in it: they
/// change, and hold passwords.
[[nodiscard]] std::string back_ends_of(const StoreOptions& options);

/// A server noted of this folder what it belongs to.
[[nodiscard]] bool has_back_ends(const std::filesystem::path& folder);

/// Refuses to open a folder over other back ends than those noted: a store beside the one that is
/// kept would know none of its keys. Throws Error(kConflict) naming both.
void require_back_ends(const StoreOptions& options);

}  // namespace lucerna::store
