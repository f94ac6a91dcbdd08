#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "deidentify/project.h"
#include "vault/key_provider.h"

namespace lucerna::deidentify {

/// Opens a project of a data folder, or makes it: `projects/NAME.json` holds its secret, wrapped by
/// a key-encryption key (docs/formats/project.md). Throws Error: kInvalidInput for a name that is
/// not 1 to 40 of a-z, 0-9, '-' and '_'; kCorrupt; kIo; what the provider throws.
[[nodiscard]] Project open_project(const std::filesystem::path& data_folder,
                                   const std::string& name, vault::KeyProvider& keys);

/// There is a project in the folder.
[[nodiscard]] bool has_projects(const std::filesystem::path& data_folder);

/// The files of projects that are not as they were written, or whose secret does not open:
/// "projects/NAME.json", and what is wrong.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> damages_of_projects(
    const std::filesystem::path& data_folder, vault::KeyProvider& keys);

/// Wraps the secret of every project under the provider's current key, durably. Returns how many
/// were not so already.
std::size_t rewrap_projects(const std::filesystem::path& data_folder, vault::KeyProvider& keys);

/// A provider that takes the projects along when older keys are ended.
class ProjectKeys final : public vault::KeyProvider {
  public:
    /// Both must outlive it.
    ProjectKeys(vault::KeyProvider& keys, std::filesystem::path data_folder)
        : keys_(keys), data_folder_(std::move(data_folder)) {}

    [[nodiscard]] std::string current_key() const override { return keys_.current_key(); }
    [[nodiscard]] vault::WrappedKey wrap(const vault::SecretKey& key,
                                         std::string_view purpose) override {
        return keys_.wrap(key, purpose);
    }
    [[nodiscard]] vault::SecretKey unwrap(const vault::WrappedKey& wrapped,
                                          std::string_view purpose) override {
        return keys_.unwrap(wrapped, purpose);
    }
    [[nodiscard]] vault::WrappedKey rewrap(const vault::WrappedKey& wrapped,
                                           std::string_view purpose) override {
        return keys_.rewrap(wrapped, purpose);
    }
    void rotate() override { keys_.rotate(); }
    void forget_older(const std::string& kept) override {
        (void)rewrap_projects(data_folder_, keys_);
        keys_.forget_older(kept);
    }

  private:
    vault::KeyProvider& keys_;
    std::filesystem::path data_folder_;
};

}  // namespace lucerna::deidentify
