#include "retrieve/search_room.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/error.h"
#include "base/memory.h"

namespace lucerna::retrieve {
namespace {

/// As much as everybody may hold who waits for more.
constexpr std::size_t kLittle = std::size_t{128} << 10;

MemoryBudget& search_memory() {
    static MemoryBudget budget("what searches may find at once", std::size_t{32} << 20);
    return budget;
}

}  // namespace

void SearchRoom::take(std::size_t bytes) {
    bytes_ += bytes;
    if (bytes_ > kLittle) take_all();
}

std::shared_ptr<FoundItems> FoundItems::hold(std::vector<std::string> items) {
    // As long as a client may take nothing while others wait (http::AnswerMemory).
    constexpr std::chrono::seconds kGrace{5};
    std::size_t bytes = 0;
    for (const std::string& item : items) bytes += item.size();
    std::shared_ptr<FoundItems> held(new FoundItems(std::move(items)));
    if (bytes > kLittle) {
        held->share_ =
            search_memory().take(std::min(bytes, search_memory().limit()), "what is sent");
        held->share_.detach();
        search_memory().may_ask(held, kGrace);
    }
    return held;
}

std::optional<std::string> FoundItems::next() {
    const std::lock_guard lock(mutex_);
    if (have_gone_)
        throw Error(ErrorCode::kUnavailable,
                    "others needed the memory of what was found: ask again, for less at once");
    if (at_ == items_.size()) return std::nullopt;
    return std::exchange(items_[at_++], std::string());
}

bool FoundItems::let_go() noexcept {
    const std::unique_lock lock(mutex_, std::try_to_lock);
    if (!lock) return false;
    have_gone_ = at_ < items_.size();
    std::vector<std::string>().swap(items_);
    at_ = 0;
    share_ = {};
    return true;
}

void SearchRoom::take_all() {
    if (std::exchange(has_all_, true)) return;
    share_ = search_memory().take(std::min(2 * most_bytes_, search_memory().limit()),
                                  "what a search has found");
    // What others have freed is not to lie beside it.
    give_back_freed_memory();
}

}  // namespace lucerna::retrieve
