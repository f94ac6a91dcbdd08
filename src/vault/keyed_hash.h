#pragma once

#include <array>
#include <cstdint>

#include "base/encoding.h"
#include "vault/secret_key.h"

namespace lucerna::vault {

/// HMAC-SHA-256 (RFC 2104) of `message`.
[[nodiscard]] std::array<std::uint8_t, 32> hmac_sha256(const SecretKey& key, ByteView message);

}  // namespace lucerna::vault
