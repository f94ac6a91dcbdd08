#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/encoding.h"
#include "vault/aes_gcm.h"
#include "vault/secret_key.h"

namespace lucerna::store {

/// A page of the index as SQLite sees it: the last bytes are reserved and zero. On the disk they
/// hold the tag, the salt and the nonce (docs/formats/index.md).
inline constexpr std::size_t kPageBytes = 4096;
inline constexpr std::size_t kReservedBytes = 40;

/// Where a sealed page lies: it opens nowhere else.
struct PagePlace {
    enum class In : std::uint8_t { kFile = 'F', kLog = 'L' };
    In in = In::kFile;
    /// The page's number from 1, or the offset of its bytes in the log.
    std::uint64_t at = 0;
};

/// Seals and opens pages under keys that are derived from one. Used by one thread at a time.
class PageCipher {
  public:
    /// Each cipher draws a salt and so writes under a key of its own: its nonces may count.
    explicit PageCipher(const vault::SecretKey& key);

    /// Requires kPageBytes of both. False, and nothing written, where the reserved bytes of `plain`
    /// are not zero: they would be lost.
    [[nodiscard]] bool seal(PagePlace place, ByteView plain, std::span<std::uint8_t> sealed);
    /// False, and `plain` zeroed, where the page is not what was sealed at that place.
    [[nodiscard]] bool open(PagePlace place, ByteView sealed, std::span<std::uint8_t> plain);

  private:
    using Salt = std::array<std::uint8_t, 12>;
    vault::AesGcm& cipher_of(const Salt& salt);

    vault::SecretKey key_;
    Salt salt_{};
    std::uint64_t written_ = 0;
    std::map<Salt, vault::AesGcm> ciphers_;
};

/// Reads a sealed file page by page and names each that is not what was written ("page 3 of
/// index.sqlite is not what was stored"). Throws Error(kIo).
[[nodiscard]] std::vector<std::string> damages_of_pages(const std::filesystem::path& file,
                                                        const vault::SecretKey& key);

}  // namespace lucerna::store
