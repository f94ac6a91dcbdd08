#include "base/memory.h"

#include <malloc.h>
#include <sys/mman.h>

#include <cstddef>
#include <cstdlib>
#include <memory>

namespace lucerna {

void share_freed_memory() {
    // The C library gives back what lies at the end of its first heap alone: one for all threads.
    // Buffers as large as an image are on it too, so that they need not be had page by page again.
    mallopt(M_ARENA_MAX, 1);
    mallopt(M_MMAP_THRESHOLD, 32 << 20);
    mallopt(M_TRIM_THRESHOLD, 1 << 30);
}

void give_back_freed_memory() {
    (void)malloc_trim(0);
}

void keep_freed_memory() {
    // One heap for all threads: what one gave back another can have.
    mallopt(M_ARENA_MAX, 1);
    mallopt(M_MMAP_MAX, 0);
    mallopt(M_TRIM_THRESHOLD, 1 << 30);
    constexpr std::size_t kExpectedBytes = std::size_t{384} << 20;
    constexpr std::size_t kLargePage = std::size_t{2} << 20;
    void* const whole = std::malloc(kExpectedBytes);
    void* pages = whole;
    std::size_t size = kExpectedBytes;
    // Only said of the addresses: nothing is touched, and what is not used stays untaken.
    if (std::align(kLargePage, kLargePage, pages, size) != nullptr)
        madvise(pages, size / kLargePage * kLargePage, MADV_HUGEPAGE);
    std::free(whole);
}

}  // namespace lucerna
