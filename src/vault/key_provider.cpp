#include "vault/key_provider.h"

#include "base/error.h"

namespace lucerna::vault {

extern const KeyProviderKind kFileKeys;
extern const KeyProviderKind kPassphraseKeys;
extern const KeyProviderKind kTransitKeys;

namespace {

const KeyProviderKind* const kKinds[] = {&kFileKeys, &kPassphraseKeys, &kTransitKeys};

}  // namespace

std::unique_ptr<KeyProvider> open_key_provider(std::string_view setting,
                                               const std::filesystem::path& data_folder) {
    return open_key_provider(setting, data_folder, [] { return false; });
}

std::unique_ptr<KeyProvider> open_key_provider(std::string_view setting,
                                               const std::filesystem::path& data_folder,
                                               const IsUsed& is_used) {
    const std::size_t colon = setting.find(':');
    const std::string_view scheme = setting.empty() ? "file" : setting.substr(0, colon);
    const std::string_view rest =
        colon == std::string_view::npos ? std::string_view() : setting.substr(colon + 1);
    std::string known;
    for (const KeyProviderKind* kind : kKinds) {
        if (kind->scheme == scheme) return kind->open(rest, data_folder, is_used);
        known += (known.empty() ? "" : ", ") + std::string(kind->scheme);
    }
    throw Error(ErrorCode::kInvalidInput, "keys: there is no provider \"" + std::string(scheme) +
                                              "\" (SCHEME:REST with one of " + known + ")");
}

WrappedKey KeyProvider::rewrap(const WrappedKey& wrapped, std::string_view purpose) {
    return wrap(unwrap(wrapped, purpose), purpose);
}

SecretKey MovingKeyProvider::unwrap(const WrappedKey& wrapped, std::string_view purpose) {
    try {
        return from_.unwrap(wrapped, purpose);
    } catch (const Error& error) {
        // Of a key of the same name that is held elsewhere it says whatever it takes it for.
        try {
            return to_.unwrap(wrapped, purpose);
        } catch (const Error& other) {
            // What is wrong with it is said by the one that holds its key.
            if (error.code() == ErrorCode::kUnavailable || other.code() == ErrorCode::kNotFound)
                throw Error(error.code(), error.what());
            throw;
        }
    }
}

}  // namespace lucerna::vault
