#include "base/memory.h"

#include <malloc.h>
#include <sys/mman.h>

#include <cstddef>
#include <cstdlib>
#include <memory>

namespace lucerna {

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
