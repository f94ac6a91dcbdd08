#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "base/encoding.h"
#include "dicom/byte_budget.h"

namespace lucerna::dicom {

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
    explicit SparseBuffer(ByteBudget& budget) : own_(std::in_place, budget), holding_(*own_) {}
    /// One of several that hold together. The holding must outlive it.
    explicit SparseBuffer(ByteBudget::Holding& holding) : holding_(holding) {}
    ~SparseBuffer();
    SparseBuffer(const SparseBuffer&) = delete;
    SparseBuffer& operator=(const SparseBuffer&) = delete;

    /// Room for `count` more bytes at the end, to be written by the caller; empty, unless `count`
    /// is 0, when the budget (`holding` says why) or the machine has no more.
    [[nodiscard]] std::span<std::uint8_t> grow(std::size_t count);
    /// The whole pages within `range` read as zeros from now on and take no memory. No byte is to
    /// be named twice.
    void forget(ByteRange range);
    [[nodiscard]] ByteView bytes() const { return {data_, size_}; }
    [[nodiscard]] std::size_t size() const { return size_; }
    /// Without what was forgotten.
    [[nodiscard]] std::size_t held() const { return held_; }
    void clear();
    /// Why there was no room, where the budget had none.
    [[nodiscard]] const ByteBudget::Holding& holding() const { return holding_; }

  private:
    void unmap();

    std::optional<ByteBudget::Holding> own_;
    ByteBudget::Holding& holding_;
    std::uint8_t* data_ = nullptr;
    std::size_t size_ = 0;
    std::size_t held_ = 0;
    std::size_t capacity_ = 0;
    /// Up to which page the range that was forgotten last has been given back, and where it ended.
    ByteRange forgotten_;
};

}  // namespace lucerna::dicom
