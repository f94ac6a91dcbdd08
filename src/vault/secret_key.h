#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "base/encoding.h"

namespace lucerna::vault {

/// 256 bits that are wiped from memory when they go. No stream operator, no text form.
class SecretKey {
  public:
    static constexpr std::size_t kBytes = 32;

    /// From the operating system's generator. Throws Error(kInternal) if it fails.
    [[nodiscard]] static SecretKey random();
    /// Throws Error(kInvalidInput) unless there are exactly 32 bytes.
    [[nodiscard]] static SecretKey from(ByteView bytes);

    SecretKey(const SecretKey&) = default;
    SecretKey& operator=(const SecretKey&) = default;
    ~SecretKey();

    [[nodiscard]] ByteView bytes() const { return bytes_; }
    friend bool operator==(const SecretKey&, const SecretKey&) = default;

  private:
    SecretKey() = default;
    std::array<std::uint8_t, kBytes> bytes_{};
};

/// 128 random bits that name an object or a key; no secret.
using Id = std::array<std::uint8_t, 16>;

[[nodiscard]] Id random_id();
/// 32 lower-case hexadecimal digits, and back: throws Error(kInvalidInput) on anything else.
[[nodiscard]] std::string to_text(const Id& id);
[[nodiscard]] Id id_from(std::string_view text);

}  // namespace lucerna::vault
