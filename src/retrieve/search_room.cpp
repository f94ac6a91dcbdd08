#include "retrieve/search_room.h"

#include <algorithm>
#include <utility>

namespace lucerna::retrieve {
namespace {

/// As much as everybody may hold who waits for more.
constexpr std::size_t kLittle = std::size_t{128} << 10;

MemoryBudget& search_memory() {
    static MemoryBudget budget("what searches may find at once", std::size_t{64} << 20);
    return budget;
}

}  // namespace

void SearchRoom::take(std::size_t bytes) {
    bytes_ += bytes;
    if (bytes_ > kLittle) take_all();
}

void SearchRoom::take_all() {
    if (std::exchange(has_all_, true)) return;
    share_ = search_memory().take(std::min(2 * most_bytes_, search_memory().limit()),
                                  "what a search has found");
}

}  // namespace lucerna::retrieve
