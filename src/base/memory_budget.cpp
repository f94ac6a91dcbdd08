#include "base/memory_budget.h"

#include <algorithm>
#include <utility>

#include "base/error.h"

namespace lucerna {

MemoryBudget::MemoryBudget(std::string name, std::size_t limit, std::chrono::milliseconds patience)
    : name_(std::move(name)), patience_(patience), limit_(limit) {}

void MemoryBudget::set_limit(std::size_t limit) {
    {
        const std::lock_guard lock(mutex_);
        limit_ = limit;
    }
    changed_.notify_all();
}

std::size_t MemoryBudget::limit() const {
    const std::lock_guard lock(mutex_);
    return limit_;
}

std::size_t MemoryBudget::held() const {
    const std::lock_guard lock(mutex_);
    return held_;
}

MemoryBudget::Share::Share(Share&& other) noexcept
    : of_(std::exchange(other.of_, nullptr)), bytes_(other.bytes_), holder_(other.holder_) {}

MemoryBudget::Share& MemoryBudget::Share::operator=(Share&& other) noexcept {
    std::swap(of_, other.of_);
    std::swap(bytes_, other.bytes_);
    std::swap(holder_, other.holder_);
    return *this;
}

MemoryBudget::Share::~Share() {
    if (of_ != nullptr) of_->give_back(bytes_, holder_);
}

MemoryBudget::Share MemoryBudget::take(std::size_t bytes, const std::string& what) {
    std::unique_lock lock(mutex_);
    if (bytes > limit_)
        throw Error(ErrorCode::kUnsupported, what + " takes " + std::to_string(bytes) +
                                                 " bytes, more than the limit of " +
                                                 std::to_string(limit_) + " bytes (" + name_ + ")");
    if (shares_of_.contains(std::this_thread::get_id())) return hold(bytes);
    const std::uint64_t ticket = next_ticket_++;
    waiting_.push_back(ticket);
    const auto my_turn = [&] { return waiting_.front() == ticket && fits(bytes); };
    bool came = false;
    for (bool moves = true; moves && !came;) {
        const auto before = std::pair(waiting_.front(), held_);
        came = changed_.wait_for(lock, patience_, my_turn);
        moves = before != std::pair(waiting_.front(), held_);
    }
    waiting_.erase(std::find(waiting_.begin(), waiting_.end(), ticket));
    // Whoever was behind is the first now, and may fit.
    if (!waiting_.empty()) changed_.notify_all();
    if (!came)
        throw Error(ErrorCode::kUnavailable, what + " has to wait: others hold " +
                                                 std::to_string(held_) + " of " +
                                                 std::to_string(limit_) + " bytes (" + name_ + ")");
    return hold(bytes);
}

MemoryBudget::Share MemoryBudget::hold(std::size_t bytes) {
    held_ += bytes;
    ++shares_of_[std::this_thread::get_id()];
    return {*this, bytes, std::this_thread::get_id()};
}

void MemoryBudget::give_back(std::size_t bytes, std::thread::id holder) {
    {
        const std::lock_guard lock(mutex_);
        held_ -= bytes;
        const auto at = shares_of_.find(holder);
        if (--at->second == 0) shares_of_.erase(at);
    }
    changed_.notify_all();
}

}  // namespace lucerna
