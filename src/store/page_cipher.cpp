#include "store/page_cipher.h"

#include <algorithm>
#include <fstream>

#include "base/error.h"

namespace lucerna::store {
namespace {

constexpr std::string_view kPurpose = "lucerna sealed index 1";
constexpr std::size_t kPlainBytes = kPageBytes - kReservedBytes;
// In the reserved bytes: tag, salt, nonce.
constexpr std::size_t kSaltAt = kPlainBytes + vault::AesGcm::kTagBytes;
constexpr std::size_t kNonceAt = kSaltAt + 12;
static_assert(kNonceAt + 12 == kPageBytes);
// Salts of processes long ended; each costs a key schedule of some hundred bytes.
constexpr std::size_t kMostCiphers = 256;
/// SQLite leaves the page with the bytes that it locks (at 1 GiB) unused.
constexpr std::uint64_t kLockPage = (std::uint64_t{1} << 30) / kPageBytes + 1;

void put_number(std::uint64_t number, std::span<std::uint8_t> into) {
    for (std::size_t i = 0; i < 8; ++i)
        into[into.size() - 1 - i] = static_cast<std::uint8_t>((number >> (8 * i)) & 0xff);
}

std::array<std::uint8_t, 9> associated(PagePlace place) {
    std::array<std::uint8_t, 9> bytes{};
    bytes[0] = static_cast<std::uint8_t>(place.in);
    put_number(place.at, bytes);
    bytes[0] = static_cast<std::uint8_t>(place.in);
    return bytes;
}

bool all_zero(ByteView bytes) {
    return std::all_of(bytes.begin(), bytes.end(), [](std::uint8_t byte) { return byte == 0; });
}

}  // namespace

PageCipher::PageCipher(const vault::SecretKey& key) : key_(key) {
    const vault::Id random = vault::random_id();
    std::copy_n(random.begin(), salt_.size(), salt_.begin());
}

vault::AesGcm& PageCipher::cipher_of(const Salt& salt) {
    const auto known = ciphers_.find(salt);
    if (known != ciphers_.end()) return known->second;
    if (ciphers_.size() >= kMostCiphers) ciphers_.clear();
    const Bytes derived =
        vault::hkdf_sha256(key_.bytes(), salt, as_byte_view(kPurpose), vault::SecretKey::kBytes);
    return ciphers_.emplace(salt, vault::AesGcm(vault::SecretKey::from(derived))).first->second;
}

bool PageCipher::seal(PagePlace place, ByteView plain, std::span<std::uint8_t> sealed) {
    if (!all_zero(plain.subspan(kPlainBytes))) return false;
    vault::AesGcm::Nonce nonce{};
    put_number(++written_, nonce);
    cipher_of(salt_).seal(nonce, associated(place), plain.first(kPlainBytes),
                          sealed.first(kSaltAt));
    std::copy(salt_.begin(), salt_.end(), sealed.begin() + kSaltAt);
    std::copy(nonce.begin(), nonce.end(), sealed.begin() + kNonceAt);
    return true;
}

bool PageCipher::open(PagePlace place, ByteView sealed, std::span<std::uint8_t> plain) {
    Salt salt;
    vault::AesGcm::Nonce nonce;
    std::copy_n(sealed.begin() + kSaltAt, salt.size(), salt.begin());
    std::copy_n(sealed.begin() + kNonceAt, nonce.size(), nonce.begin());
    std::fill(plain.begin() + kPlainBytes, plain.end(), std::uint8_t{0});
    return cipher_of(salt).open(nonce, associated(place), sealed.first(kSaltAt),
                                plain.first(kPlainBytes));
}

std::vector<std::string> damages_of_pages(const std::filesystem::path& file,
                                          const vault::SecretKey& key) {
    const std::string name = file.filename().string();
    std::vector<std::string> damages;
    std::ifstream input(file, std::ios::binary);
    if (!input) throw Error(ErrorCode::kIo, "cannot read " + file.string());
    PageCipher cipher(key);
    std::array<std::uint8_t, kPageBytes> sealed;
    std::array<std::uint8_t, kPageBytes> plain;
    for (std::uint64_t number = 1;; ++number) {
        input.read(reinterpret_cast<char*>(sealed.data()), sealed.size());
        const auto got = static_cast<std::size_t>(input.gcount());
        if (input.bad()) throw Error(ErrorCode::kIo, "cannot read " + file.string());
        if (got == 0) return damages;
        if (number == kLockPage && all_zero(sealed)) continue;
        if (got < sealed.size())
            damages.push_back("page " + std::to_string(number) + " of " + name + " is cut short");
        else if (!cipher.open({PagePlace::In::kFile, number}, sealed, plain))
            damages.push_back("page " + std::to_string(number) + " of " + name +
                              " is not what was stored");
    }
}

}  // namespace lucerna::store
