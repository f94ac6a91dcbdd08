#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "base/encoding.h"
#include "store/facts.h"
#include "store/key_ring.h"
#include "store/objects.h"
#include "vault/sealed_object.h"

namespace lucerna::store {

/// Seals `plain` into the object `placing` names, a few chunks at a time: no second copy of it is
/// made. On return the bytes are on the device.
void write_sealed(Objects& objects, const Placing& placing, const DataKey& key, ByteView plain);

/// Reads a sealed object, any part of it. Throws Error: kNotFound, kCorrupt (naming object and
/// chunk), kIo.
class SealedReader {
  public:
    SealedReader(Objects& objects, KeyRing& keys, const std::string& name);

    /// Of the plain bytes.
    [[nodiscard]] std::uint64_t size() const { return size_; }
    /// As it was placed; without head_bytes.
    [[nodiscard]] Placing placing() const;
    /// Requires offset + into.size() <= size().
    void read(std::uint64_t offset, std::span<std::uint8_t> into);

  private:
    void read_chunk(std::uint64_t number, std::span<std::uint8_t> plain);
    [[nodiscard]] std::uint64_t last_chunk() const {
        return size_ == 0 ? 0 : (size_ - 1) / header_.chunk_bytes;
    }

    std::string name_;
    std::unique_ptr<ObjectReader> file_;
    vault::SealedHeader header_;
    std::uint64_t size_ = 0;
    std::unique_ptr<vault::ChunkCipher> cipher_;
    Bytes sealed_;
};

}  // namespace lucerna::store
