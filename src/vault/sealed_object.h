#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "base/encoding.h"
#include "vault/aes_gcm.h"
#include "vault/secret_key.h"

namespace lucerna::vault {

/// The format of a stored object (docs/formats/sealed-object.md): a header of 64 bytes, then the
/// plain bytes in chunks, each sealed by AES-256-GCM under a key derived for this object alone. The
/// nonce is the chunk's number and whether it is the last, so that chunks cannot be reordered,
/// dropped or appended; the header is authenticated with each of them.
inline constexpr std::size_t kSealedHeaderBytes = 64;
inline constexpr std::size_t kChunkBytes = 65536;
inline constexpr std::size_t kSealedChunkBytes = kChunkBytes + AesGcm::kTagBytes;

struct SealedHeader {
    /// The object's own name; binds content to name.
    Id object{};
    /// The data key of its patient.
    Id data_key{};
    Id salt{};
    /// A power of two from 4 KiB to 16 MiB.
    std::uint32_t chunk_bytes = kChunkBytes;
    /// What the archive notes beside, so that its index can be rebuilt from the objects alone: what
    /// kind of object it is, and when it came in milliseconds since 1970 UTC (below 2^48).
    std::uint8_t kind = 0;
    std::uint64_t received_ms = 0;
};

[[nodiscard]] std::array<std::uint8_t, kSealedHeaderBytes> encode(const SealedHeader& header);
/// Throws Error(kCorrupt) on another magic, a chunk size outside 4 KiB to 16 MiB, or too few bytes;
/// Error(kUnsupported) on a newer version.
[[nodiscard]] SealedHeader decode_header(ByteView bytes);

/// Bytes on the disk for so many plain bytes, and back. `plain_size` throws Error(kCorrupt) for a
/// length that no object can have.
[[nodiscard]] std::uint64_t sealed_size(std::uint64_t plain_bytes,
                                        std::uint32_t chunk_bytes = kChunkBytes);
[[nodiscard]] std::uint64_t plain_size(std::uint64_t sealed_bytes,
                                       std::uint32_t chunk_bytes = kChunkBytes);

enum class Chunk { kMore, kLast };

/// Seals or opens the chunks of one object, in any order.
class ChunkCipher {
  public:
    ChunkCipher(const SecretKey& data_key, const SealedHeader& header);

    /// Requires plain.size() == chunk_bytes, or <= for the last; sealed 16 bytes longer.
    void seal(std::uint64_t number, Chunk which, ByteView plain, std::span<std::uint8_t> sealed);
    /// False when the chunk is not what was sealed at that place of that object.
    [[nodiscard]] bool open(std::uint64_t number, Chunk which, ByteView sealed,
                            std::span<std::uint8_t> plain);

  private:
    std::array<std::uint8_t, kSealedHeaderBytes> header_;
    AesGcm cipher_;
};

}  // namespace lucerna::vault
