#include "dicom/sparse_buffer.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>

namespace lucerna::dicom {
namespace {

constexpr std::size_t kFirstCapacity = std::size_t{1} << 20;

}  // namespace

std::span<std::uint8_t> SparseBuffer::grow(std::size_t count) {
    if (count == 0 || !holding_.take(count)) return {};
    if (count > capacity_ - size_) {
        // Pages that nobody has touched cost nothing: doubling is free.
        std::size_t wanted = std::max(kFirstCapacity, capacity_ * 2);
        while (wanted - size_ < count) wanted *= 2;
        void* const moved = data_ == nullptr
                                ? ::mmap(nullptr, wanted, PROT_READ | PROT_WRITE,
                                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
                                : ::mremap(data_, capacity_, wanted, MREMAP_MAYMOVE);
        if (moved == MAP_FAILED) {
            holding_.give_back(count);
            return {};
        }
        data_ = static_cast<std::uint8_t*>(moved);
        capacity_ = wanted;
    }
    size_ += count;
    held_ += count;
    return {data_ + size_ - count, count};
}

void SparseBuffer::forget(ByteRange range) {
    static const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    // Where it goes on from what was forgotten last, that one's last page goes with it.
    const bool goes_on = range.begin == forgotten_.end && forgotten_.end > 0;
    const std::size_t begin = goes_on ? forgotten_.begin : (range.begin + page - 1) / page * page;
    const std::size_t end = std::min(range.end, size_) / page * page;
    forgotten_ = {std::max(begin, end), std::min(range.end, size_)};
    if (end <= begin || ::madvise(data_ + begin, end - begin, MADV_DONTNEED) != 0) return;
    held_ -= end - begin;
    holding_.give_back(end - begin);
}

void SparseBuffer::unmap() {
    if (data_ != nullptr) ::munmap(data_, capacity_);
    data_ = nullptr;
    capacity_ = 0;
}

void SparseBuffer::clear() {
    holding_.give_back(held_);
    size_ = held_ = 0;
    forgotten_ = {};
    // A small one is kept for the next object; a large one would sit there while the peer is idle.
    if (capacity_ > kFirstCapacity) unmap();
}

SparseBuffer::~SparseBuffer() {
    holding_.give_back(held_);
    unmap();
}

}  // namespace lucerna::dicom
