#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>

#include "vault/held_keys.h"

namespace lucerna::vault {

/// What guessing one passphrase costs (RFC 7914 section 2): memory is 128 * block * cost bytes, and
/// time is that times `parallel`.
struct ScryptCost {
    std::uint64_t cost = 1 << 16;
    std::uint32_t block = 8;
    std::uint32_t parallel = 2;
};

/// Key-encryption keys in a file that is sealed under a passphrase (docs/formats/sealed-object.md):
/// the file alone opens nothing, so that it may lie in the data folder.
class PassphraseKeyProvider final : public HeldKeyProvider {
  public:
    static constexpr std::size_t kLeastCharacters = 12;

    /// The file is created where it does not exist. Throws Error: kInvalidInput (the passphrase is
    /// too short, or wrong), kCorrupt (the file was altered), kIo, kOutOfSpace.
    PassphraseKeyProvider(const std::filesystem::path& path, std::string_view passphrase,
                          const ScryptCost& cost = {});

    /// Seals the same keys under another passphrase, durably. Who has an old copy of the file and
    /// the old passphrase still has the keys in it: rotate after this.
    void change_passphrase(std::string_view passphrase);

  private:
    struct Lock;
    PassphraseKeyProvider(const std::filesystem::path& path, const std::shared_ptr<Lock>& lock);

    // Shared with the function that saves.
    std::shared_ptr<Lock> lock_;
};

/// The first line of a file that holds a passphrase. Throws Error(kInvalidInput), kIo, kNotFound.
[[nodiscard]] std::string read_passphrase(const std::filesystem::path& path);
/// Where the sealed key file of a data folder lies.
[[nodiscard]] std::filesystem::path passphrase_key_file(const std::filesystem::path& data_folder);

}  // namespace lucerna::vault
