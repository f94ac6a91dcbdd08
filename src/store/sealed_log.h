#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "base/encoding.h"
#include "vault/secret_key.h"

namespace lucerna::store {

/// What is wrong with the log that a crash left of a sealed index, in words; empty if nothing is.
///
/// SQLite ends the log at the first frame whose checksum does not fit, which is right for a
/// transaction that the crash cut short, and would silently drop every later one where a bit has
/// flipped. The two are told apart by what follows: a transaction is flushed before the next one
/// is begun, so a frame behind a committed transaction proves that one to have been whole. In the
/// last transaction of the log nothing follows: there a flipped bit looks like a cut.
///
/// Requires that nobody has the index open. Throws Error(kIo).
[[nodiscard]] std::string damage_of_log(const std::filesystem::path& log,
                                        const vault::SecretKey& key);

/// The index's first page, opened, as the last whole transaction in the log left it; nothing where
/// none of them wrote it. Requires and throws as above.
[[nodiscard]] std::optional<Bytes> newest_first_page(const std::filesystem::path& log,
                                                     const vault::SecretKey& key);

}  // namespace lucerna::store
