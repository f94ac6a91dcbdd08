#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "base/encoding.h"
#include "store/facts.h"
#include "store/held_chunks.h"
#include "store/key_ring.h"
#include "store/objects.h"
#include "vault/sealed_object.h"

namespace lucerna::store {

/// Seals an object as it comes. Destroyed before `finish`, it leaves nothing behind.
class SealedWriter {
  public:
    /// Into the object `placing` names; its number of bytes does not count here.
    SealedWriter(Objects& objects, const Placing& placing, const DataKey& key);

    /// The next chunk: vault::kChunkBytes bytes, or fewer if it is the last. Throws Error:
    /// kOutOfSpace, kIo.
    void seal(ByteView chunk, vault::Chunk which);
    /// Requires that the last chunk was sealed. On return the bytes are on the device.
    void finish();

  private:
    vault::SealedHeader header_;
    vault::ChunkCipher cipher_;
    std::unique_ptr<ObjectWriter> writer_;
    std::unique_ptr<std::uint8_t[]> buffer_;
    std::size_t filled_ = 0;
    std::uint64_t number_ = 0;
};

/// Seals what is left, `plain`, a chunk at a time, and finishes.
void seal_rest(SealedWriter& writer, ByteView plain);

/// As Placing::is_nobodys. What such an object holds was never kept, and nobody can read it any
/// more.
[[nodiscard]] bool is_nobodys(const vault::SealedHeader& header);

/// Reads a sealed object, any part of it. What is not what it should be is read once more: an
/// object store, or the way to it, may give what it does not hold. Throws Error: kNotFound,
/// kCorrupt (naming object and chunk), kIo.
class SealedReader {
  public:
    /// `plain_bytes` is how many the index says it has, where that is known.
    SealedReader(Objects& objects, KeyRing& keys, const std::string& name,
                 std::optional<std::uint64_t> plain_bytes = {});
    /// With the key that it was sealed under, whether or not that is kept any more.
    SealedReader(Objects& objects, const DataKey& key, const std::string& name);

    /// Of the plain bytes, as far as it is known: what the index does not know, where the object
    /// lies says so, until the last chunk shows it.
    [[nodiscard]] std::uint64_t size() const { return size_; }
    /// Before memory of that size is taken. Throws as `read`.
    void show_size();
    /// As it was placed; without head_bytes.
    [[nodiscard]] Placing placing() const;
    /// Requires offset + into.size() <= size().
    void read(std::uint64_t offset, std::span<std::uint8_t> into);

  private:
    using KeyOf = std::function<vault::SecretKey(const vault::SealedHeader& header)>;
    SealedReader(Objects& objects, const std::string& name,
                 std::optional<std::uint64_t> plain_bytes, KeyOf key_of);
    void begin(std::optional<std::uint64_t> plain_bytes);
    [[nodiscard]] bool opens_chunk(std::uint64_t number, std::span<std::uint8_t> plain);
    void read_chunk(std::uint64_t number, std::span<std::uint8_t> plain);
    /// Of which a part is wanted. `held` is what was read before, if it is still there.
    [[nodiscard]] HeldChunks::Chunk chunk_at(std::uint64_t number, std::size_t length,
                                             std::optional<HeldChunks::Chunk> held);
    [[nodiscard]] std::uint64_t last_chunk() const {
        return size_ == 0 ? 0 : (size_ - 1) / header_.chunk_bytes;
    }

    std::string name_;
    KeyOf key_of_;
    std::unique_ptr<ObjectReader> file_;
    vault::SealedHeader header_;
    std::uint64_t size_ = 0;
    std::unique_ptr<vault::ChunkCipher> cipher_;
    /// The last chunk that was read, where that was a part of it.
    HeldChunk held_;
};

}  // namespace lucerna::store
