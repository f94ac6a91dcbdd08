#include "base/memory_budget.h"

#include <algorithm>
#include <utility>

#include "base/error.h"

namespace lucerna {
namespace {

/// Times its patience, nobody waits longer whatever moves.
constexpr int kLongest = 3;

}  // namespace

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
    const auto end = std::chrono::steady_clock::now() + kLongest * patience_;
    for (bool moves = true; moves && !came && std::chrono::steady_clock::now() < end;) {
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
    ++shares_of_[std::this_thread::get_id()];
    held_ += bytes;
    return {*this, bytes, std::this_thread::get_id()};
}

void MemoryBudget::give_back(std::size_t bytes, std::thread::id holder) {
    {
        const std::lock_guard lock(mutex_);
        held_ -= bytes;
        forget(holder);
    }
    changed_.notify_all();
}

void MemoryBudget::forget(std::thread::id holder) {
    const auto at = shares_of_.find(holder);
    if (at != shares_of_.end() && --at->second == 0) shares_of_.erase(at);
}

void MemoryBudget::Share::keep_only(std::size_t bytes) {
    if (of_ == nullptr || bytes >= bytes_) return;
    {
        const std::lock_guard lock(of_->mutex_);
        of_->held_ -= bytes_ - bytes;
        bytes_ = bytes;
    }
    of_->changed_.notify_all();
}

void MemoryBudget::Share::detach() {
    if (of_ == nullptr) return;
    const std::lock_guard lock(of_->mutex_);
    of_->forget(std::exchange(holder_, {}));
}

}  // namespace lucerna
