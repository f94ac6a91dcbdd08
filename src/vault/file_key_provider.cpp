#include "vault/file_key_provider.h"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "base/guarded.h"
#include "vault/aes_gcm.h"

namespace lucerna::vault {
namespace {

constexpr std::string_view kFirstLine = "lucerna-key-encryption-keys/1";

struct NamedKey {
    std::string name;
    SecretKey key;
};

void wipe(std::string& text) {
    OPENSSL_cleanse(text.data(), text.size());
}

/// The mode must be right from the first byte on, hence not base's write_file.
void write_secretly(const std::filesystem::path& path, const std::vector<NamedKey>& keys) {
    std::string text = std::string(kFirstLine) + "\n";
    for (const NamedKey& key : keys) text += key.name + " " + to_base64(key.key.bytes()) + "\n";
    const std::string temporary = path.string() + ".new";
    ::unlink(temporary.c_str());
    const int file =
        ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    const bool written =
        file >= 0 && ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
        ::fsync(file) == 0;
    const int reason = errno;
    wipe(text);
    if (file >= 0) ::close(file);
    if (!written || ::rename(temporary.c_str(), path.c_str()) != 0) {
        const int number = written ? errno : reason;
        ::unlink(temporary.c_str());
        throw Error(number == ENOSPC ? ErrorCode::kOutOfSpace : ErrorCode::kIo,
                    "cannot write the key file " + path.string() + ": " + std::strerror(number));
    }
    sync_folder(path.parent_path());
}

NamedKey new_key() {
    return {to_text(random_id()), SecretKey::random()};
}

std::vector<NamedKey> parse(std::string_view text, const std::string& path) {
    const auto corrupt = [&](const std::string& what) {
        return Error(ErrorCode::kCorrupt, "key file " + path + ": " + what);
    };
    const auto next_line = [&]() -> std::optional<std::string_view> {
        if (text.empty()) return {};
        const std::size_t end = std::min(text.find('\n'), text.size());
        const std::string_view line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        return line;
    };
    if (next_line() != kFirstLine)
        throw corrupt("it does not begin with " + std::string(kFirstLine));
    std::vector<NamedKey> keys;
    while (const auto line = next_line()) {
        const std::size_t space = line->find(' ');
        if (space == std::string_view::npos) throw corrupt("a line is not a name and a key");
        try {
            Bytes key = from_base64(line->substr(space + 1));
            keys.push_back({std::string(line->substr(0, space)), SecretKey::from(key)});
            OPENSSL_cleanse(key.data(), key.size());
        } catch (const Error&) {
            throw corrupt("the key " + std::string(line->substr(0, space)) + " is not 32 bytes");
        }
    }
    if (keys.empty()) throw corrupt("it holds no key");
    return keys;
}

std::vector<NamedKey> load(const std::filesystem::path& path) {
    struct stat about {};
    if (::stat(path.c_str(), &about) != 0) {
        if (errno != ENOENT)
            throw Error(ErrorCode::kIo,
                        "cannot read the key file " + path.string() + ": " + std::strerror(errno));
        if (!path.parent_path().empty()) std::filesystem::create_directories(path.parent_path());
        std::vector<NamedKey> keys{new_key()};
        write_secretly(path, keys);
        return keys;
    }
    if ((about.st_mode & 077) != 0)
        throw Error(
            ErrorCode::kInvalidInput,
            "key file " + path.string() + ": its mode lets group or others at it; set 0600");
    Bytes bytes = read_file(path, 1 << 20);
    std::vector<NamedKey> keys = parse(as_text(bytes), path.string());
    OPENSSL_cleanse(bytes.data(), bytes.size());
    return keys;
}

}  // namespace

struct FileKeyProvider::State {
    std::filesystem::path path;
    /// The current one is the last.
    Guarded<std::vector<NamedKey>> keys;
};

FileKeyProvider::FileKeyProvider(std::filesystem::path path) : state_(std::make_unique<State>()) {
    state_->path = std::move(path);
    state_->keys.with([&](auto& keys) { keys = load(state_->path); });
}

FileKeyProvider::~FileKeyProvider() = default;

std::string FileKeyProvider::current_key() const {
    return state_->keys.with([](const auto& keys) { return keys.back().name; });
}

// A wrapped key is a random nonce of 12 bytes, the sealed key, and the tag.
WrappedKey FileKeyProvider::wrap(const SecretKey& key, std::string_view purpose) {
    const NamedKey current = state_->keys.with([](const auto& keys) { return keys.back(); });
    AesGcm::Nonce nonce;
    const Id random = random_id();
    std::copy_n(random.begin(), nonce.size(), nonce.begin());
    WrappedKey wrapped{current.name, Bytes(nonce.begin(), nonce.end())};
    wrapped.bytes.resize(nonce.size() + SecretKey::kBytes + AesGcm::kTagBytes);
    AesGcm(current.key)
        .seal(nonce, as_byte_view(purpose), key.bytes(),
              std::span(wrapped.bytes).subspan(nonce.size()));
    return wrapped;
}

SecretKey FileKeyProvider::unwrap(const WrappedKey& wrapped, std::string_view purpose) {
    const auto held = state_->keys.with([&](const auto& keys) -> std::optional<SecretKey> {
        for (const NamedKey& key : keys)
            if (key.name == wrapped.provider_key) return key.key;
        return {};
    });
    if (!held)
        throw Error(ErrorCode::kNotFound, "the key file " + state_->path.string() +
                                              " does not hold the key-encryption key " +
                                              wrapped.provider_key);
    AesGcm::Nonce nonce;
    std::array<std::uint8_t, SecretKey::kBytes> plain;
    if (wrapped.bytes.size() != nonce.size() + plain.size() + AesGcm::kTagBytes)
        throw Error(ErrorCode::kCorrupt, "a wrapped data key has the wrong length");
    std::copy_n(wrapped.bytes.begin(), nonce.size(), nonce.begin());
    if (!AesGcm(*held).open(nonce, as_byte_view(purpose),
                            ByteView(wrapped.bytes).subspan(nonce.size()), plain))
        throw Error(ErrorCode::kCorrupt, "a wrapped data key does not open under " +
                                             wrapped.provider_key + ": altered, or another's");
    const SecretKey key = SecretKey::from(plain);
    OPENSSL_cleanse(plain.data(), plain.size());
    return key;
}

void FileKeyProvider::rotate() {
    state_->keys.with([&](auto& keys) {
        std::vector<NamedKey> more = keys;
        more.push_back(new_key());
        write_secretly(state_->path, more);
        keys = std::move(more);
    });
}

void FileKeyProvider::forget_older() {
    state_->keys.with([&](auto& keys) {
        std::vector<NamedKey> last{keys.back()};
        write_secretly(state_->path, last);
        keys = std::move(last);
    });
}

std::vector<std::string> FileKeyProvider::keys() const {
    return state_->keys.with([](const auto& keys) {
        std::vector<std::string> names;
        for (const NamedKey& key : keys) names.push_back(key.name);
        return names;
    });
}

}  // namespace lucerna::vault
