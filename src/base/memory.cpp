#include "base/memory.h"

#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <fstream>
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

namespace {

/// Pages of this process that are in memory, as bytes; 0 where the system does not say.
std::size_t resident_bytes() {
    std::ifstream statm("/proc/self/statm");
    std::size_t whole = 0;
    std::size_t resident = 0;
    if (!(statm >> whole >> resident)) return 0;
    return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace

void give_back_surplus_memory() {
    using std::chrono::steady_clock;
    constexpr std::size_t kSurplus = std::size_t{64} << 20;
    // Both looks are short, but whoever allocates waits for the second, and longer where it gives
    // back.
    constexpr std::chrono::milliseconds kBetweenLooks{100};
    static std::atomic<steady_clock::duration> next_look{};
    const auto now = steady_clock::now().time_since_epoch();
    auto due = next_look.load();
    if (now < due || !next_look.compare_exchange_strong(due, now + kBetweenLooks)) return;
    const std::size_t resident = resident_bytes();
    if (resident < kSurplus) return;
    const struct mallinfo2 heap = ::mallinfo2();
    if (resident - kSurplus <= heap.uordblks + heap.hblkhd) return;
    give_back_freed_memory();
    // Where it was not the heap's there is nothing more to be had soon.
    constexpr std::size_t kWorthIt = kSurplus / 4;
    constexpr std::chrono::seconds kWhereItWasNot{10};
    if (resident_bytes() + kWorthIt > resident) next_look = now + kWhereItWasNot;
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
