#include "base/buffer.h"

#include <sys/mman.h>

#include <cstdlib>
#include <new>
#include <utility>

namespace lucerna {
namespace {

constexpr std::size_t kLargePage = std::size_t{2} << 20;

std::uint8_t* new_memory(std::size_t size) {
    if (size < 2 * kLargePage) {
        if (void* memory = std::malloc(size)) return static_cast<std::uint8_t*>(memory);
        throw std::bad_alloc();
    }
    const std::size_t whole = (size + kLargePage - 1) / kLargePage * kLargePage;
    void* memory = std::aligned_alloc(kLargePage, whole);
    if (memory == nullptr) throw std::bad_alloc();
    // Where there are none it is memory all the same.
    (void)::madvise(memory, whole, MADV_HUGEPAGE);
    return static_cast<std::uint8_t*>(memory);
}

}  // namespace

void Buffer::Free::operator()(std::uint8_t* memory) const {
    std::free(memory);
}

Buffer::Buffer(std::size_t size) {
    resize(size);
}

Buffer::Buffer(Bytes&& bytes) noexcept
    : taken_(std::move(bytes)), view_(taken_), capacity_(taken_.size()) {}

Buffer::Buffer(Buffer&& other) noexcept {
    *this = std::move(other);
}

Buffer& Buffer::operator=(Buffer&& other) noexcept {
    taken_ = std::exchange(other.taken_, {});
    own_ = std::move(other.own_);
    view_ = std::exchange(other.view_, {});
    capacity_ = std::exchange(other.capacity_, 0);
    return *this;
}

void Buffer::resize(std::size_t size) {
    if (size > capacity_) {
        view_ = {};
        capacity_ = 0;
        taken_ = Bytes();
        own_.reset();
        own_.reset(new_memory(size));
        capacity_ = size;
    }
    view_ = {own_ ? own_.get() : taken_.data(), size};
}

}  // namespace lucerna
