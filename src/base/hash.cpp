#include "base/hash.h"

#include <openssl/evp.h>

#include <array>

#include "base/error.h"

namespace lucerna {

struct Sha256::State {
    EVP_MD_CTX* context = EVP_MD_CTX_new();
    ~State() { EVP_MD_CTX_free(context); }
};

Sha256::Sha256() : state_(std::make_unique<State>()) {
    if (EVP_DigestInit_ex(state_->context, EVP_sha256(), nullptr) != 1)
        throw Error(ErrorCode::kInternal, "SHA-256 is not available");
}
Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;

void Sha256::add(ByteView bytes) {
    EVP_DigestUpdate(state_->context, bytes.data(), bytes.size());
}

std::string Sha256::finish() {
    std::array<std::uint8_t, 32> digest{};
    EVP_DigestFinal_ex(state_->context, digest.data(), nullptr);
    return to_hex(digest);
}

}  // namespace lucerna
