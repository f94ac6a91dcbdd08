#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "vault/key_provider.h"

namespace lucerna::vault {

/// A key-encryption key and its name, which is no secret.
struct NamedKey {
    std::string name;
    SecretKey key;
};

/// The text of a key file (docs/formats/sealed-object.md), the current key last, and back. `place`
/// stands in the messages. Throws Error(kCorrupt), saying what is wrong.
[[nodiscard]] std::string to_text(const std::vector<NamedKey>& keys);
[[nodiscard]] std::vector<NamedKey> keys_from(std::string_view text, const std::string& place);
[[nodiscard]] NamedKey new_named_key();

/// A text whose last line is the SHA-256 of the lines above, so that a flipped bit is found, and
/// the text without that line. Throws Error(kCorrupt) when it does not fit.
[[nodiscard]] std::string with_checksum(std::string text);
[[nodiscard]] std::string_view without_checksum(std::string_view text, const std::string& place);

/// Replaces a file that only its owner may read, durably. Throws Error: kOutOfSpace, kIo.
void write_secretly(const std::filesystem::path& path, std::string_view text);
/// The same for a file that is not there yet; false, and nothing written, where another program was
/// first: keys that it may have used by now must not be lost.
[[nodiscard]] bool create_secretly(const std::filesystem::path& path, std::string_view text);
/// Empty where there is no such file. Throws Error: kIo; kInvalidInput when group or others may
/// read it, naming the mode.
[[nodiscard]] std::string read_secretly(const std::filesystem::path& path);
void wipe(std::string& text);
/// Throws Error(kNotFound), naming the key file that is not there, where `is_used` says that
/// something is sealed under its keys.
void require_unused(const std::filesystem::path& path, const IsUsed& is_used);

/// Key-encryption keys that this process holds; how they are kept is for the class below it.
class HeldKeyProvider : public KeyProvider {
  public:
    ~HeldKeyProvider() override;

    [[nodiscard]] std::string current_key() const override;
    [[nodiscard]] WrappedKey wrap(const SecretKey& key, std::string_view purpose) override;
    [[nodiscard]] SecretKey unwrap(const WrappedKey& wrapped, std::string_view purpose) override;
    /// Its file is what it was when it was last read or written here.
    void require_kept() override;
    void rotate() override;
    void forget_older(const std::string& kept) override;
    [[nodiscard]] std::vector<std::string> keys() const;

  protected:
    using Save = std::function<void(const std::vector<NamedKey>&)>;
    /// Of the key file `place`. `save` makes durable in it what it is given, or throws and leaves
    /// what was.
    HeldKeyProvider(std::string place, std::vector<NamedKey> keys, Save save);

    void save_again();

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace lucerna::vault
