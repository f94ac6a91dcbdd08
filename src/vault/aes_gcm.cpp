#include "vault/aes_gcm.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <utility>

#include "base/error.h"

namespace lucerna::vault {
namespace {

struct FreeCipher {
    void operator()(EVP_CIPHER_CTX* pointer) const { EVP_CIPHER_CTX_free(pointer); }
};
using Cipher = std::unique_ptr<EVP_CIPHER_CTX, FreeCipher>;

void require(bool worked, const char* what) {
    if (!worked) throw Error(ErrorCode::kInternal, std::string("AES-256-GCM: ") + what + " failed");
}

int length_of(std::size_t size) {
    require(size <= (std::size_t{1} << 30), "a message above 1 GiB");
    return static_cast<int>(size);
}

}  // namespace

/// One context a direction: the key schedule is computed once, a message only sets its nonce.
struct AesGcm::State {
    explicit State(const SecretKey& key_to_hold) : key(key_to_hold) {}

    EVP_CIPHER_CTX* sealing() {
        if (!seal) {
            seal.reset(EVP_CIPHER_CTX_new());
            require(seal && EVP_EncryptInit_ex(seal.get(), EVP_aes_256_gcm(), nullptr,
                                               key.bytes().data(), nullptr) == 1,
                    "setting the key");
        }
        return seal.get();
    }
    EVP_CIPHER_CTX* opening() {
        if (!open) {
            open.reset(EVP_CIPHER_CTX_new());
            require(open && EVP_DecryptInit_ex(open.get(), EVP_aes_256_gcm(), nullptr,
                                               key.bytes().data(), nullptr) == 1,
                    "setting the key");
        }
        return open.get();
    }

    SecretKey key;
    Cipher seal;
    Cipher open;
};

AesGcm::AesGcm(const SecretKey& key) : state_(std::make_unique<State>(key)) {}
AesGcm::~AesGcm() = default;
AesGcm::AesGcm(AesGcm&&) noexcept = default;
AesGcm& AesGcm::operator=(AesGcm&&) noexcept = default;

void AesGcm::seal(const Nonce& nonce, ByteView associated, ByteView plain,
                  std::span<std::uint8_t> sealed) {
    require(sealed.size() == plain.size() + kTagBytes, "a buffer of that size");
    EVP_CIPHER_CTX* cipher = state_->sealing();
    int done = 0;
    require(EVP_EncryptInit_ex(cipher, nullptr, nullptr, nullptr, nonce.data()) == 1, "the nonce");
    require(EVP_EncryptUpdate(cipher, nullptr, &done, associated.data(),
                              length_of(associated.size())) == 1,
            "the associated data");
    if (!plain.empty())
        require(EVP_EncryptUpdate(cipher, sealed.data(), &done, plain.data(),
                                  length_of(plain.size())) == 1,
                "sealing");
    require(EVP_EncryptFinal_ex(cipher, sealed.data() + plain.size(), &done) == 1, "sealing");
    require(EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_GCM_GET_TAG, static_cast<int>(kTagBytes),
                                sealed.data() + plain.size()) == 1,
            "the tag");
}

bool AesGcm::open(const Nonce& nonce, ByteView associated, ByteView sealed,
                  std::span<std::uint8_t> plain) {
    require(sealed.size() == plain.size() + kTagBytes, "a buffer of that size");
    EVP_CIPHER_CTX* cipher = state_->opening();
    int done = 0;
    std::array<std::uint8_t, kTagBytes> tag;
    std::copy(sealed.end() - static_cast<std::ptrdiff_t>(kTagBytes), sealed.end(), tag.begin());
    require(EVP_DecryptInit_ex(cipher, nullptr, nullptr, nullptr, nonce.data()) == 1, "the nonce");
    require(EVP_DecryptUpdate(cipher, nullptr, &done, associated.data(),
                              length_of(associated.size())) == 1,
            "the associated data");
    if (!plain.empty())
        require(EVP_DecryptUpdate(cipher, plain.data(), &done, sealed.data(),
                                  length_of(plain.size())) == 1,
                "opening");
    require(EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_GCM_SET_TAG, static_cast<int>(kTagBytes),
                                tag.data()) == 1,
            "the tag");
    std::uint8_t nothing[16];
    if (EVP_DecryptFinal_ex(cipher, nothing, &done) == 1) return true;
    OPENSSL_cleanse(plain.data(), plain.size());
    return false;
}

Bytes hkdf_sha256(ByteView key, ByteView salt, ByteView info, std::size_t length) {
    constexpr std::size_t kHash = 32;
    if (length > 255 * kHash) throw Error(ErrorCode::kInternal, "HKDF gives at most 8160 bytes");
    std::array<std::uint8_t, kHash> extracted;
    unsigned size = 0;
    static constexpr std::uint8_t kNoSalt[kHash] = {};
    const ByteView used = salt.empty() ? ByteView(kNoSalt) : salt;
    require(HMAC(EVP_sha256(), used.data(), static_cast<int>(used.size()), key.data(), key.size(),
                 extracted.data(), &size) != nullptr,
            "HKDF");
    Bytes derived;
    Bytes block;
    for (std::uint8_t counter = 1; derived.size() < length; ++counter) {
        Bytes message = block;
        message.insert(message.end(), info.begin(), info.end());
        message.push_back(counter);
        block.resize(kHash);
        require(HMAC(EVP_sha256(), extracted.data(), static_cast<int>(kHash), message.data(),
                     message.size(), block.data(), &size) != nullptr,
                "HKDF");
        derived.insert(derived.end(), block.begin(), block.end());
        OPENSSL_cleanse(message.data(), message.size());
    }
    OPENSSL_cleanse(extracted.data(), extracted.size());
    derived.resize(length);
    return derived;
}

}  // namespace lucerna::vault
