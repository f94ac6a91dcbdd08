#pragma once

#include <filesystem>
#include <functional>
#include <memory>
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

    /// The name of the key that `wrap` uses now. Throws Error(kUnavailable).
    [[nodiscard]] virtual std::string current_key() const = 0;
    /// Seals under the current key, bound to `purpose`: it has been seen to open. Throws
    /// Error(kUnavailable).
    [[nodiscard]] virtual WrappedKey wrap(const SecretKey& key, std::string_view purpose) = 0;
    /// Throws Error: kNotFound (that key-encryption key is not held), kCorrupt (altered, or
    /// another purpose), kUnavailable.
    [[nodiscard]] virtual SecretKey unwrap(const WrappedKey& wrapped, std::string_view purpose) = 0;
    /// The same data key under the current key. Throws as unwrap and wrap do.
    [[nodiscard]] WrappedKey rewrap(const WrappedKey& wrapped, std::string_view purpose);

    /// Asked from time to time before more is sealed under its keys. Throws Error(kUnavailable)
    /// where they are held in memory alone: no other program would open what they wrap.
    virtual void require_kept() {}

    /// Makes a new key, durably, and uses it from now on; the older ones still unwrap.
    virtual void rotate() = 0;
    /// Ends every key that is older than `kept`, which current_key named, durably. Call after
    /// everything was rewrapped under it or a newer one: somebody else may have rotated meanwhile.
    virtual void forget_older(const std::string& kept) = 0;

    /// The program is about to end: from here on what would wait for long for somebody else gives
    /// up soon, with Error(kUnavailable).
    virtual void end_waits() {}
};

/// Whether something is sealed already under keys that are to be opened. Asked only where they are
/// not there: then they are missing, and new ones would open nothing.
using IsUsed = std::function<bool()>;

/// One way to hold key-encryption keys, as the configuration names it: "SCHEME:REST". A new one is
/// a file that defines its kind and a line in the table of key_provider.cpp.
struct KeyProviderKind {
    std::string_view scheme;
    /// Opens or, where it can and nothing is sealed under them, creates the keys. `rest` is what
    /// stands behind the colon.
    std::unique_ptr<KeyProvider> (*open)(std::string_view rest,
                                         const std::filesystem::path& data_folder,
                                         const IsUsed& is_used);
};

/// Opens what `setting` names: "file:PATH", "passphrase:PATH", "transit:URL?..." (docs/keys.md).
/// Empty: a key file in the data folder. Throws Error: kInvalidInput (no such scheme, or its rest
/// is wrong), kNotFound (the key file is missing, and `is_used` says so: nothing is made), and
/// whatever the kind's own opening throws. The first form makes what is not there: for what
/// everything is to move to.
[[nodiscard]] std::unique_ptr<KeyProvider> open_key_provider(
    std::string_view setting, const std::filesystem::path& data_folder);
[[nodiscard]] std::unique_ptr<KeyProvider> open_key_provider(
    std::string_view setting, const std::filesystem::path& data_folder, const IsUsed& is_used);

/// Two providers while everything moves from one to the other: wraps by `to`, unwraps by either.
class MovingKeyProvider final : public KeyProvider {
  public:
    /// Both must outlive it.
    MovingKeyProvider(KeyProvider& from, KeyProvider& to) : from_(from), to_(to) {}

    /// A name that no record carries, so that each is wrapped anew: two services may hold keys of
    /// one name.
    [[nodiscard]] std::string current_key() const override {
        return "moving to " + to_.current_key();
    }
    [[nodiscard]] WrappedKey wrap(const SecretKey& key, std::string_view purpose) override {
        return to_.wrap(key, purpose);
    }
    [[nodiscard]] SecretKey unwrap(const WrappedKey& wrapped, std::string_view purpose) override;
    void require_kept() override { to_.require_kept(); }
    void rotate() override { to_.rotate(); }
    void forget_older(const std::string& kept) override { to_.forget_older(kept); }

  private:
    KeyProvider& from_;
    KeyProvider& to_;
};

}  // namespace lucerna::vault
