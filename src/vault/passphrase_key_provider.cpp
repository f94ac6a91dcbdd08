#include "vault/passphrase_key_provider.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

#include "base/error.h"
#include "base/guarded.h"
#include "vault/aes_gcm.h"

namespace lucerna::vault {
namespace {

constexpr std::string_view kFirstLine = "lucerna-passphrase-keys/1";
// More than 1 GiB of memory is no cost that this program wrote.
constexpr std::uint64_t kMostMemory = std::uint64_t{1} << 30;

SecretKey derive(std::string_view passphrase, const Id& salt, const ScryptCost& cost) {
    std::array<std::uint8_t, SecretKey::kBytes> bytes;
    const int done = EVP_PBE_scrypt(passphrase.data(), passphrase.size(), salt.data(), salt.size(),
                                    cost.cost, cost.block, cost.parallel, kMostMemory + (64 << 20),
                                    bytes.data(), bytes.size());
    if (done != 1) throw Error(ErrorCode::kInternal, "scrypt failed");
    const SecretKey key = SecretKey::from(bytes);
    OPENSSL_cleanse(bytes.data(), bytes.size());
    return key;
}

/// The two lines that say how the key is derived; authenticated with what it seals.
std::string head_of(const ScryptCost& cost, const Id& salt) {
    return std::string(kFirstLine) + "\nscrypt " + std::to_string(cost.cost) + " " +
           std::to_string(cost.block) + " " + std::to_string(cost.parallel) + " " +
           to_base64(salt) + "\n";
}

template <typename Number>
bool take_number(std::string_view& text, Number& number) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end == text.data() + text.size() || *end != ' ') return false;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()) + 1);
    return true;
}

struct Sealed {
    ScryptCost cost;
    Id salt{};
    Bytes bytes;
};

Sealed sealed_from(std::string_view text, const std::string& place) {
    const auto wrong = [&] {
        return Error(ErrorCode::kCorrupt,
                     "key file " + place + ": it is not of the form " + std::string(kFirstLine));
    };
    std::string_view rest = without_checksum(text, place);
    const auto take = [&](std::string_view label) {
        const std::size_t end = rest.find('\n');
        if (end == std::string_view::npos || !rest.starts_with(label)) throw wrong();
        const std::string_view value = rest.substr(label.size(), end - label.size());
        rest.remove_prefix(end + 1);
        return value;
    };
    if (!take(kFirstLine).empty()) throw wrong();
    Sealed sealed;
    std::string_view numbers = take("scrypt ");
    if (!take_number(numbers, sealed.cost.cost) || !take_number(numbers, sealed.cost.block) ||
        !take_number(numbers, sealed.cost.parallel))
        throw wrong();
    const bool bounded = sealed.cost.cost > 1 && sealed.cost.cost <= (1U << 24) &&
                         sealed.cost.block >= 1 && sealed.cost.block <= 64 &&
                         sealed.cost.parallel >= 1 && sealed.cost.parallel <= 64 &&
                         128 * sealed.cost.cost * sealed.cost.block <= kMostMemory;
    const Bytes salt = from_base64(numbers);
    sealed.bytes = from_base64(take("sealed "));
    if (!bounded || salt.size() != sealed.salt.size() ||
        sealed.bytes.size() < AesGcm::Nonce{}.size() + AesGcm::kTagBytes)
        throw wrong();
    std::copy(salt.begin(), salt.end(), sealed.salt.begin());
    return sealed;
}

std::string text_of(const std::vector<NamedKey>& keys, const ScryptCost& cost, const Id& salt,
                    const SecretKey& key) {
    const std::string head = head_of(cost, salt);
    std::string plain = to_text(keys);
    AesGcm::Nonce nonce;
    const Id random = random_id();
    std::copy_n(random.begin(), nonce.size(), nonce.begin());
    Bytes sealed(nonce.begin(), nonce.end());
    sealed.resize(nonce.size() + plain.size() + AesGcm::kTagBytes);
    AesGcm(key).seal(nonce, as_byte_view(head), as_byte_view(plain),
                     std::span(sealed).subspan(nonce.size()));
    wipe(plain);
    return with_checksum(head + "sealed " + to_base64(sealed) + "\n");
}

std::vector<NamedKey> open_sealed(const Sealed& sealed, const SecretKey& key,
                                  const std::string& place) {
    AesGcm::Nonce nonce;
    std::copy_n(sealed.bytes.begin(), nonce.size(), nonce.begin());
    const ByteView body = ByteView(sealed.bytes).subspan(nonce.size());
    Bytes plain(body.size() - AesGcm::kTagBytes);
    // The checksum fitted: what does not open was sealed under another passphrase.
    if (!AesGcm(key).open(nonce, as_byte_view(head_of(sealed.cost, sealed.salt)), body, plain))
        throw Error(ErrorCode::kInvalidInput, "the passphrase does not open the key file " + place);
    std::vector<NamedKey> keys = keys_from(as_text(plain), place);
    OPENSSL_cleanse(plain.data(), plain.size());
    return keys;
}

void require_long_enough(std::string_view passphrase) {
    if (passphrase.size() < PassphraseKeyProvider::kLeastCharacters)
        throw Error(ErrorCode::kInvalidInput,
                    "a passphrase has at least " +
                        std::to_string(PassphraseKeyProvider::kLeastCharacters) + " characters");
}

std::unique_ptr<KeyProvider> open(std::string_view rest, const std::filesystem::path& data_folder,
                                  const IsUsed& is_used) {
    const std::filesystem::path file = passphrase_key_file(data_folder);
    if (std::error_code ignored; !std::filesystem::exists(file, ignored))
        require_unused(file, is_used);
    std::string passphrase = read_passphrase(rest);
    auto provider = std::make_unique<PassphraseKeyProvider>(file, passphrase);
    wipe(passphrase);
    return provider;
}

}  // namespace

extern const KeyProviderKind kPassphraseKeys;
const KeyProviderKind kPassphraseKeys{"passphrase", open};

/// What the file is sealed by now.
struct PassphraseKeyProvider::Lock {
    struct Derived {
        ScryptCost cost;
        Id salt;
        SecretKey key;
    };
    Guarded<std::optional<Derived>> derived;
    std::vector<NamedKey> loaded;

    Lock(const std::filesystem::path& path, std::string_view passphrase, const ScryptCost& cost) {
        require_long_enough(passphrase);
        std::string text = read_secretly(path);
        if (text.empty()) {
            set(passphrase, cost);
            loaded.push_back(new_named_key());
            if (create_secretly(path, sealed_text(loaded))) return;
            text = read_secretly(path);
        }
        const Sealed sealed = sealed_from(text, path.string());
        Derived opening{sealed.cost, sealed.salt, derive(passphrase, sealed.salt, sealed.cost)};
        loaded = open_sealed(sealed, opening.key, path.string());
        derived.with([&](auto& held) { held.emplace(opening); });
    }

    void set(std::string_view passphrase, const ScryptCost& cost) {
        const Id salt = random_id();
        Derived fresh{cost, salt, derive(passphrase, salt, cost)};
        derived.with([&](auto& held) { held.emplace(fresh); });
    }

    void save(const std::filesystem::path& path, const std::vector<NamedKey>& keys) const {
        write_secretly(path, sealed_text(keys));
    }

    [[nodiscard]] std::string sealed_text(const std::vector<NamedKey>& keys) const {
        return derived.with(
            [&](const auto& held) { return text_of(keys, held->cost, held->salt, held->key); });
    }
};

PassphraseKeyProvider::PassphraseKeyProvider(const std::filesystem::path& path,
                                             std::string_view passphrase, const ScryptCost& cost)
    : PassphraseKeyProvider(path, std::make_shared<Lock>(path, passphrase, cost)) {}

PassphraseKeyProvider::PassphraseKeyProvider(const std::filesystem::path& path,
                                             const std::shared_ptr<Lock>& lock)
    : HeldKeyProvider(path.string(), std::exchange(lock->loaded, {}),
                      [path, lock](const std::vector<NamedKey>& keys) { lock->save(path, keys); }),
      lock_(lock) {}

void PassphraseKeyProvider::change_passphrase(std::string_view passphrase) {
    require_long_enough(passphrase);
    const ScryptCost cost = lock_->derived.with([](const auto& held) { return held->cost; });
    lock_->set(passphrase, cost);
    save_again();
}

std::string read_passphrase(const std::filesystem::path& path) {
    if (path.empty())
        throw Error(ErrorCode::kInvalidInput,
                    "keys = \"passphrase:PATH\" wants the file that the passphrase is in");
    std::string text = read_secretly(path);
    if (text.empty())
        throw Error(ErrorCode::kNotFound, "there is no passphrase file " + path.string());
    std::string line = text.substr(0, text.find('\n'));
    wipe(text);
    if (!line.empty() && line.back() == '\r') line.pop_back();
    return line;
}

std::filesystem::path passphrase_key_file(const std::filesystem::path& data_folder) {
    return data_folder / "passphrase.keys";
}

}  // namespace lucerna::vault
