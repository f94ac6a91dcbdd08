#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "base/encoding.h"

namespace lucerna {

/// Memory for bytes that are all about to be written. Unlike Bytes it is not zeroed before, and a
/// large one asks for large pages: for tens of megabytes, both take as long as decrypting them.
class Buffer {
  public:
    Buffer() = default;
    /// Of bytes that must be written before they are read.
    explicit Buffer(std::size_t size);
    /// Takes them over.
    Buffer(Bytes&& bytes) noexcept;
    Buffer(Buffer&& other) noexcept;
    Buffer& operator=(Buffer&& other) noexcept;

    [[nodiscard]] std::size_t size() const { return view_.size(); }
    [[nodiscard]] bool empty() const { return view_.empty(); }
    [[nodiscard]] std::span<std::uint8_t> span() { return view_; }
    [[nodiscard]] ByteView view() const { return view_; }
    /// How large `resize` can make it without new memory.
    [[nodiscard]] std::size_t capacity() const { return capacity_; }
    /// All of it must be written anew.
    void resize(std::size_t size);

  private:
    struct Free {
        void operator()(std::uint8_t* memory) const;
    };
    Bytes taken_;
    std::unique_ptr<std::uint8_t, Free> own_;
    std::span<std::uint8_t> view_;
    std::size_t capacity_ = 0;
};

}  // namespace lucerna
