#include "vault/held_keys.h"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <future>
#include <memory>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

#include "base/answer_due.h"
#include "base/errno_code.h"
#include "base/error.h"
#include "base/file.h"
#include "base/guarded.h"
#include "base/hash.h"
#include "base/random.h"
#include "vault/aes_gcm.h"

namespace lucerna::vault {
namespace {

constexpr std::string_view kFirstLine = "lucerna-key-encryption-keys/2";
// Without the checksum: what earlier programs wrote.
constexpr std::string_view kEarlierFirstLine = "lucerna-key-encryption-keys/1";
constexpr std::string_view kChecksum = "sha256 ";
constexpr std::size_t kLongestFile = 1 << 20;

[[noreturn]] void corrupt(const std::string& place, const std::string& what) {
    throw Error(ErrorCode::kCorrupt, "key file " + place + ": " + what);
}

std::optional<std::string_view> take_line(std::string_view& text) {
    if (text.empty()) return {};
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return line;
}

NamedKey key_from(std::string_view line, const std::string& place) {
    const std::size_t space = line.find(' ');
    if (space == std::string_view::npos) corrupt(place, "a line is not a name and a key");
    const std::string name(line.substr(0, space));
    try {
        Bytes key = from_base64(line.substr(space + 1));
        NamedKey named{name, SecretKey::from(key)};
        OPENSSL_cleanse(key.data(), key.size());
        return named;
    } catch (const Error&) {
        corrupt(place, "the key " + name + " is not 32 bytes");
    }
}

}  // namespace

void wipe(std::string& text) {
    OPENSSL_cleanse(text.data(), text.size());
}

NamedKey new_named_key() {
    return {to_text(random_id()), SecretKey::random()};
}

std::string with_checksum(std::string text) {
    const std::string sum = sha256(as_byte_view(text));
    return text.append(kChecksum).append(sum).append("\n");
}

std::string_view without_checksum(std::string_view text, const std::string& place) {
    const std::size_t length = kChecksum.size() + 64 + 1;
    if (text.size() < length) corrupt(place, "it is cut short");
    const std::string_view content = text.substr(0, text.size() - length);
    const std::string last = std::string(kChecksum) + sha256(as_byte_view(content)) + "\n";
    if (text.substr(content.size()) != last)
        corrupt(place, "it is not what was written: its checksum does not fit");
    return content;
}

std::string to_text(const std::vector<NamedKey>& keys) {
    std::string text = std::string(kFirstLine) + "\n";
    for (const NamedKey& key : keys) text += key.name + " " + to_base64(key.key.bytes()) + "\n";
    return with_checksum(std::move(text));
}

std::vector<NamedKey> keys_from(std::string_view text, const std::string& place) {
    std::string_view lines = text;
    const auto first = take_line(lines);
    if (first == kFirstLine) {
        lines = without_checksum(text, place);
        (void)take_line(lines);
    } else if (first != kEarlierFirstLine) {
        corrupt(place, "it does not begin with " + std::string(kFirstLine));
    }
    std::vector<NamedKey> keys;
    while (const auto line = take_line(lines)) keys.push_back(key_from(*line, place));
    if (keys.empty()) corrupt(place, "it holds no key");
    return keys;
}

// The mode must be right from the first byte on, hence not base's write_file.
namespace {

/// False when `place` says that the file is there by now.
bool put_secretly(const std::filesystem::path& path, std::string_view text,
                  const std::string& temporary, int (*place)(const char* from, const char* to)) {
    if (!path.parent_path().empty()) std::filesystem::create_directories(path.parent_path());
    ::unlink(temporary.c_str());
    const int file =
        ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    const bool written =
        file >= 0 && ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
        ::fsync(file) == 0;
    const int reason = errno;
    if (file >= 0) ::close(file);
    if (!written || place(temporary.c_str(), path.c_str()) != 0) {
        const int number = written ? errno : reason;
        ::unlink(temporary.c_str());
        if (written && number == EEXIST) return false;
        throw Error(code_of_errno(number),
                    "cannot write the key file " + path.string() + ": " + std::strerror(number));
    }
    sync_folder(path.parent_path().empty() ? "." : path.parent_path());
    return true;
}

/// Moves, so that no second copy of a key can stay behind.
int rename_unless_there(const char* from, const char* to) {
    return ::renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE);
}

}  // namespace

void write_secretly(const std::filesystem::path& path, std::string_view text) {
    put_secretly(path, text, path.string() + ".new", ::rename);
}

bool create_secretly(const std::filesystem::path& path, std::string_view text) {
    // A file of its own: two programs may begin at once.
    return put_secretly(path, text, path.string() + ".new-" + random_hex(8), rename_unless_there);
}

std::string read_secretly(const std::filesystem::path& path) {
    struct stat about {};
    if (::stat(path.c_str(), &about) != 0) {
        if (errno == ENOENT) return {};
        throw Error(code_of_errno(errno),
                    "cannot read the key file " + path.string() + ": " + std::strerror(errno));
    }
    if (S_ISREG(about.st_mode) && (about.st_mode & 077) != 0)
        throw Error(
            ErrorCode::kInvalidInput,
            "key file " + path.string() + ": its mode lets group or others at it; set 0600");
    Bytes bytes = read_file(path, kLongestFile);
    std::string text(as_text(bytes));
    OPENSSL_cleanse(bytes.data(), bytes.size());
    if (text.empty()) corrupt(path.string(), "it is empty");
    return text;
}

void require_unused(const std::filesystem::path& path, const IsUsed& is_used) {
    if (!is_used()) return;
    throw Error(ErrorCode::kNotFound,
                "the key file " + path.string() +
                    " is missing, and there are keys or objects that its key-encryption key has "
                    "to open: put it back, or say by keys where the key-encryption key is; no new "
                    "one is made");
}

namespace {

constexpr auto kPatience = std::chrono::seconds(5);
/// A look that has taken so long is waited for by nobody else.
constexpr auto kTelling = std::chrono::seconds(1);
/// After so long another look is taken, as the file may lie on another device by now: unless so
/// many looks never end.
constexpr auto kGivenUp = std::chrono::minutes(1);
constexpr int kLooksAtMost = 4;

std::string digest_of(const std::string& place) {
    Bytes bytes = read_file(place, kLongestFile);
    std::string digest = sha256(bytes);
    OPENSSL_cleanse(bytes.data(), bytes.size());
    return digest;
}

/// The digest of a file that a thread of its own reads.
struct Look {
    AnswerDue::Time begun;
    std::shared_future<std::string> digest;
};

bool is_over(const Look& look, AnswerDue::Time by) {
    return !look.digest.valid() || look.digest.wait_until(by) == std::future_status::ready;
}

/// One more, for as long as this lives.
class Counted {
  public:
    explicit Counted(std::atomic<int>& count) : count_(count) { ++count_; }
    ~Counted() { --count_; }
    Counted(const Counted&) = delete;
    Counted& operator=(const Counted&) = delete;

  private:
    std::atomic<int>& count_;
};

Look looking_at(const std::string& place, const std::shared_ptr<std::atomic<int>>& going_on) {
    std::packaged_task<std::string()> task([place, going_on] {
        const Counted counted(*going_on);
        return digest_of(place);
    });
    Look look{std::chrono::steady_clock::now(), task.get_future().share()};
    try {
        std::thread(std::move(task)).detach();
    } catch (const std::system_error&) {
        throw Error(ErrorCode::kUnavailable, "there is no thread to read the key file " + place);
    }
    return look;
}

}  // namespace

struct HeldKeyProvider::State {
    struct Keys {
        /// The current one is the last.
        std::vector<NamedKey> held;
        /// SHA-256 of the file that has them.
        std::string digest;
    };
    std::string place;
    Save save;
    Guarded<Keys> keys;
    Guarded<Look> last_look;
    std::shared_ptr<std::atomic<int>> looks = std::make_shared<std::atomic<int>>(0);

    void save_as(Keys& mine, std::vector<NamedKey> held) const {
        save(held);
        mine.held = std::move(held);
        mine.digest = digest_of(place);
    }
    [[nodiscard]] std::string digest_in_time();
};

/// Of the file as it is after the call began. A device that is silent may keep who reads from it
/// for ever: that is one thread of its own, whose end nobody needs.
std::string HeldKeyProvider::State::digest_in_time() {
    const AnswerDue::Time called = std::chrono::steady_clock::now();
    const AnswerDue::Time end = AnswerDue::end_of(kPatience);
    for (;;) {
        const Look look = last_look.with([&](Look& last) {
            const bool is_given_up = last.begun + kGivenUp < called && *looks < kLooksAtMost;
            if (is_over(last, called) || is_given_up) last = looking_at(place, looks);
            return last;
        });
        const bool is_known = look.begun + kTelling < called;
        if (!is_over(look, is_known ? called : end))
            throw Error(ErrorCode::kUnavailable, "the key file " + place + " is silent");
        if (look.begun >= called) return look.digest.get();
    }
}

HeldKeyProvider::HeldKeyProvider(std::string place, std::vector<NamedKey> keys, Save save)
    : state_(std::make_unique<State>()) {
    state_->place = std::move(place);
    state_->save = std::move(save);
    state_->keys.with([&](State::Keys& mine) {
        mine.held = std::move(keys);
        mine.digest = digest_of(state_->place);
    });
}

HeldKeyProvider::~HeldKeyProvider() = default;

std::string HeldKeyProvider::current_key() const {
    return state_->keys.with([](const State::Keys& keys) { return keys.held.back().name; });
}

// A wrapped key is a random nonce of 12 bytes, the sealed key, and the tag.
WrappedKey HeldKeyProvider::wrap(const SecretKey& key, std::string_view purpose) {
    const NamedKey current =
        state_->keys.with([](const State::Keys& keys) { return keys.held.back(); });
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

SecretKey HeldKeyProvider::unwrap(const WrappedKey& wrapped, std::string_view purpose) {
    const auto held = state_->keys.with([&](const State::Keys& keys) -> std::optional<SecretKey> {
        for (const NamedKey& key : keys.held)
            if (key.name == wrapped.provider_key) return key.key;
        return {};
    });
    if (!held)
        throw Error(ErrorCode::kNotFound, "the key file " + state_->place +
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

void HeldKeyProvider::require_kept() {
    const std::string expected =
        state_->keys.with([](const State::Keys& keys) { return keys.digest; });
    std::string found;
    try {
        found = state_->digest_in_time();
    } catch (const Error& error) {
        throw Error(ErrorCode::kUnavailable,
                    "nothing more is sealed under the keys of a file that cannot be read", error);
    }
    // Written by this process in the meantime: that is no other's.
    const bool is_ours = found == expected || state_->keys.with([&](const State::Keys& keys) {
        return keys.digest == found;
    });
    if (!is_ours)
        throw Error(ErrorCode::kUnavailable,
                    "nothing more is sealed under the keys of the file " + state_->place +
                        ", which is not what it was: put it back, or start again");
}

void HeldKeyProvider::rotate() {
    state_->keys.with([&](State::Keys& keys) {
        std::vector<NamedKey> more = keys.held;
        more.push_back(new_named_key());
        state_->save_as(keys, std::move(more));
    });
}

void HeldKeyProvider::forget_older(const std::string& kept) {
    state_->keys.with([&](State::Keys& keys) {
        const auto first = std::find_if(keys.held.begin(), keys.held.end(),
                                        [&](const NamedKey& key) { return key.name == kept; });
        if (first == keys.held.end())
            throw Error(ErrorCode::kNotFound, "the key file " + state_->place +
                                                  " does not hold the key-encryption key " + kept);
        state_->save_as(keys, std::vector<NamedKey>(first, keys.held.end()));
    });
}

void HeldKeyProvider::save_again() {
    state_->keys.with([&](State::Keys& keys) { state_->save_as(keys, keys.held); });
}

std::vector<std::string> HeldKeyProvider::keys() const {
    return state_->keys.with([](const State::Keys& keys) {
        std::vector<std::string> names;
        for (const NamedKey& key : keys.held) names.push_back(key.name);
        return names;
    });
}

}  // namespace lucerna::vault
