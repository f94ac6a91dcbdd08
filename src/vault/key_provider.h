#pragma once

#include <string>
#include <string_view>

#include "base/encoding.h"
#include "vault/secret_key.h"

namespace lucerna::vault {

/// A data key as it may lie on a disk: sealed by the key-encryption key that `provider_key` names.
struct WrappedKey {
    std::string provider_key;
    Bytes bytes;
};

/// Holds key-encryption keys and never lets them out: a file, a passphrase, or an outside service
/// that wraps and unwraps. Safe from several threads.
class KeyProvider {
  public:
    virtual ~KeyProvider() = default;

    /// The name of the key that `wrap` uses now.
    [[nodiscard]] virtual std::string current_key() const = 0;
    /// Seals under the current key, bound to `purpose`. Throws Error(kUnavailable).
    [[nodiscard]] virtual WrappedKey wrap(const SecretKey& key, std::string_view purpose) = 0;
    /// Throws Error: kNotFound (that key-encryption key is not held), kCorrupt (altered, or
    /// another purpose), kUnavailable.
    [[nodiscard]] virtual SecretKey unwrap(const WrappedKey& wrapped, std::string_view purpose) = 0;
};

}  // namespace lucerna::vault
