#include "store/fetched_ahead.h"

#include <atomic>

namespace lucerna::store {
namespace {

constexpr std::size_t kMostAhead = std::size_t{32} << 20;
std::atomic<std::size_t> fetched_ahead{0};

}  // namespace

std::shared_ptr<const void> room_ahead(std::size_t bytes) {
    std::size_t held = fetched_ahead;
    do {
        if (bytes > kMostAhead || held > kMostAhead - bytes) return nullptr;
    } while (!fetched_ahead.compare_exchange_weak(held, held + bytes));
    return {&fetched_ahead, [bytes](const void*) { fetched_ahead -= bytes; }};
}

std::size_t bytes_fetched_ahead() {
    return fetched_ahead;
}

}  // namespace lucerna::store
