#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "vault/key_provider.h"

namespace lucerna::vault {

/// Key-encryption keys in a file that only its owner may read (docs/formats/sealed-object.md).
/// The file is created with mode 0600 and one random key when it does not exist.
///
/// Whoever has this file and the data folder can read everything: keep them apart.
class FileKeyProvider final : public KeyProvider {
  public:
    /// Throws Error: kIo; kCorrupt (not a key file, or no key in it); kInvalidInput when group or
    /// others may read it, naming the mode.
    explicit FileKeyProvider(std::filesystem::path path);
    ~FileKeyProvider() override;

    [[nodiscard]] std::string current_key() const override;
    [[nodiscard]] WrappedKey wrap(const SecretKey& key, std::string_view purpose) override;
    [[nodiscard]] SecretKey unwrap(const WrappedKey& wrapped, std::string_view purpose) override;

    /// Adds a new key, durably, and uses it from now on; the older ones still unwrap.
    void rotate();
    /// Drops every key but the current one, durably. Call after everything was rewrapped.
    void forget_older();
    [[nodiscard]] std::vector<std::string> keys() const;

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace lucerna::vault
