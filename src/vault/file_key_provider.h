#pragma once

#include <filesystem>

#include "vault/held_keys.h"

namespace lucerna::vault {

/// Key-encryption keys in a file that only its owner may read (docs/formats/sealed-object.md).
/// The file is created with mode 0600 and one random key when it does not exist.
///
/// Whoever has this file and the data folder can read everything: keep them apart.
class FileKeyProvider final : public HeldKeyProvider {
  public:
    /// Throws Error: kIo; kCorrupt (not a key file, altered, or no key in it); kInvalidInput when
    /// group or others may read it, naming the mode.
    explicit FileKeyProvider(const std::filesystem::path& path);
    /// The same; and kNotFound, and no file, where there is none and `is_used` says that there
    /// was.
    FileKeyProvider(const std::filesystem::path& path, const IsUsed& is_used);
};

}  // namespace lucerna::vault
