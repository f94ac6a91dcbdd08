#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/encoding.h"

namespace lucerna::dicom {

/// What several buffers may hold together.
class ByteBudget {
  public:
    explicit ByteBudget(std::size_t limit) : limit_(limit) {}
    /// False, taking nothing, if it would pass the limit.
    [[nodiscard]] bool take(std::size_t bytes);
    void give_back(std::size_t bytes) { taken_ -= bytes; }

  private:
    const std::size_t limit_;
    std::atomic<std::size_t> taken_ = 0;
};

/// Bytes [begin, end).
struct ByteRange {
    std::size_t begin = 0;
    std::size_t end = 0;
    friend bool operator==(const ByteRange&, const ByteRange&) = default;
};

/// Bytes of unknown final size, in one piece, some of which may be forgotten. Growing moves pages
/// instead of copying them, so the memory in use is never more than what was written and is still
/// wanted.
class SparseBuffer {
  public:
    explicit SparseBuffer(ByteBudget& budget) : budget_(budget) {}
    ~SparseBuffer();
    SparseBuffer(const SparseBuffer&) = delete;
    SparseBuffer& operator=(const SparseBuffer&) = delete;

    /// Room for `count` more bytes at the end, to be written by the caller; empty, unless `count`
    /// is 0, when the budget or the machine has no more.
    [[nodiscard]] std::span<std::uint8_t> grow(std::size_t count);
    /// The whole pages within `range` read as zeros from now on and take no memory. No byte is to
    /// be named twice.
    void forget(ByteRange range);
    [[nodiscard]] ByteView bytes() const { return {data_, size_}; }
    [[nodiscard]] std::size_t size() const { return size_; }
    /// Without what was forgotten.
    [[nodiscard]] std::size_t held() const { return held_; }
    void clear();

  private:
    void unmap();

    ByteBudget& budget_;
    std::uint8_t* data_ = nullptr;
    std::size_t size_ = 0;
    std::size_t held_ = 0;
    std::size_t capacity_ = 0;
};

}  // namespace lucerna::dicom
