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

/// Bytes of unknown final size, in one piece. Growing moves pages instead of copying them, so the
/// memory in use is never more than what was written.
class ReceiveBuffer {
  public:
    explicit ReceiveBuffer(ByteBudget& budget) : budget_(budget) {}
    ~ReceiveBuffer();
    ReceiveBuffer(const ReceiveBuffer&) = delete;
    ReceiveBuffer& operator=(const ReceiveBuffer&) = delete;

    /// Room for `count` more bytes at the end, to be written by the caller; empty, unless `count`
    /// is 0, when the budget or the machine has no more.
    [[nodiscard]] std::span<std::uint8_t> grow(std::size_t count);
    [[nodiscard]] ByteView bytes() const { return {data_, size_}; }
    [[nodiscard]] std::size_t size() const { return size_; }
    void clear();

  private:
    void unmap();

    ByteBudget& budget_;
    std::uint8_t* data_ = nullptr;
    std::size_t size_ = 0;
    std::size_t capacity_ = 0;
};

}  // namespace lucerna::dicom
