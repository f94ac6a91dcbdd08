#include "vault/file_key_provider.h"

#include <utility>

namespace lucerna::vault {
namespace {

void save(const std::filesystem::path& path, const std::vector<NamedKey>& keys) {
    std::string text = to_text(keys);
    write_secretly(path, text);
    wipe(text);
}

std::vector<NamedKey> load(const std::filesystem::path& path, const IsUsed& is_used) {
    std::string text = read_secretly(path);
    if (text.empty()) {
        require_unused(path, is_used);
        std::vector<NamedKey> keys{new_named_key()};
        std::string fresh = to_text(keys);
        const bool first = create_secretly(path, fresh);
        wipe(fresh);
        if (first) return keys;
        text = read_secretly(path);
    }
    std::vector<NamedKey> keys = keys_from(text, path.string());
    wipe(text);
    return keys;
}

std::unique_ptr<KeyProvider> open(std::string_view rest, const std::filesystem::path& data_folder,
                                  const IsUsed& is_used) {
    // The name of the file as it always was; it holds no JSON.
    return std::make_unique<FileKeyProvider>(
        rest.empty() ? data_folder / "kek.json" : std::filesystem::path(rest), is_used);
}

}  // namespace

extern const KeyProviderKind kFileKeys;
const KeyProviderKind kFileKeys{"file", open};

FileKeyProvider::FileKeyProvider(const std::filesystem::path& path)
    : FileKeyProvider(path, [] { return false; }) {}

FileKeyProvider::FileKeyProvider(const std::filesystem::path& path, const IsUsed& is_used)
    : HeldKeyProvider(path.string(), load(path, is_used),
                      [path](const std::vector<NamedKey>& keys) { save(path, keys); }) {}

}  // namespace lucerna::vault
