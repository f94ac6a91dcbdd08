#include "vault/keyed_hash.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/error.h"

namespace lucerna::vault {

std::array<std::uint8_t, 32> hmac_sha256(const SecretKey& key, ByteView message) {
    std::array<std::uint8_t, 32> mac{};
    unsigned int length = 0;
    const ByteView secret = key.bytes();
    if (::HMAC(::EVP_sha256(), secret.data(), static_cast<int>(secret.size()), message.data(),
               message.size(), mac.data(), &length) == nullptr ||
        length != mac.size())
        throw Error(ErrorCode::kInternal, "HMAC-SHA-256 failed");
    return mac;
}

}  // namespace lucerna::vault
