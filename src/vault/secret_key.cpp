#include "vault/secret_key.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include <algorithm>
#include <string>

#include "base/error.h"

namespace lucerna::vault {
namespace {

void fill_randomly(std::span<std::uint8_t> bytes) {
    if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1)
        throw Error(ErrorCode::kInternal, "the random generator of OpenSSL failed");
}

}  // namespace

SecretKey SecretKey::random() {
    SecretKey key;
    fill_randomly(key.bytes_);
    return key;
}

SecretKey SecretKey::from(ByteView bytes) {
    if (bytes.size() != kBytes)
        throw Error(ErrorCode::kInvalidInput,
                    "a key has 32 bytes, not " + std::to_string(bytes.size()));
    SecretKey key;
    std::copy(bytes.begin(), bytes.end(), key.bytes_.begin());
    return key;
}

SecretKey::~SecretKey() {
    OPENSSL_cleanse(bytes_.data(), bytes_.size());
}

Id random_id() {
    Id id;
    fill_randomly(id);
    return id;
}

std::string to_text(const Id& id) {
    return to_hex(id);
}

Id id_from(std::string_view text) {
    const Bytes bytes = from_hex(text);
    Id id;
    if (bytes.size() != id.size())
        throw Error(ErrorCode::kInvalidInput, "a name has 32 hexadecimal digits, not " +
                                                  std::to_string(text.size()) + " characters");
    std::copy(bytes.begin(), bytes.end(), id.begin());
    return id;
}

}  // namespace lucerna::vault
