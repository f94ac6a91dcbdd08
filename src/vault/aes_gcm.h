#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>

#include "base/encoding.h"
#include "vault/secret_key.h"

namespace lucerna::vault {

/// AES-256-GCM (NIST SP 800-38D) with 96-bit nonces and 128-bit tags, under one key. Not safe to
/// use from two threads at once. The caller holds that no nonce is used twice for sealing.
class AesGcm {
  public:
    using Nonce = std::array<std::uint8_t, 12>;
    static constexpr std::size_t kTagBytes = 16;

    explicit AesGcm(const SecretKey& key);
    ~AesGcm();
    AesGcm(AesGcm&&) noexcept;
    AesGcm& operator=(AesGcm&&) noexcept;

    /// Writes ciphertext and tag. Requires sealed.size() == plain.size() + kTagBytes.
    void seal(const Nonce& nonce, ByteView associated, ByteView plain,
              std::span<std::uint8_t> sealed);
    /// The other way. Requires plain.size() + kTagBytes == sealed.size(). False when the tag does
    /// not fit: then `plain` is zeroed.
    [[nodiscard]] bool open(const Nonce& nonce, ByteView associated, ByteView sealed,
                            std::span<std::uint8_t> plain);

  private:
    struct State;
    std::unique_ptr<State> state_;
};

/// HKDF with SHA-256 (RFC 5869), extract and expand.
[[nodiscard]] Bytes hkdf_sha256(ByteView key, ByteView salt, ByteView info, std::size_t length);

}  // namespace lucerna::vault
