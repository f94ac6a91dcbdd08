#include "dicom/byte_budget.h"

#include <algorithm>
#include <utility>

namespace lucerna::dicom {

ByteBudget::ByteBudget(std::size_t limit, std::string name, std::chrono::milliseconds patience)
    : name_(std::move(name)), patience_(patience), limit_(limit) {}

void ByteBudget::set_limit(std::size_t limit) {
    {
        const std::lock_guard lock(mutex_);
        limit_ = limit;
    }
    changed_.notify_all();
}

std::size_t ByteBudget::held() const {
    const std::lock_guard lock(mutex_);
    return held_;
}

/// With so many bytes more it needs no turn.
bool ByteBudget::is_small(const Holding& of, std::size_t bytes) const {
    return bytes <= kFreely && of.bytes_ <= kFreely - bytes &&
           held_by_small_ <= limit_ / 2 - std::min(bytes, limit_ / 2);
}

bool ByteBudget::fits(const Holding& of, std::size_t bytes) const {
    if (held_ > limit_ || bytes > limit_ - held_) return false;
    // Several of one thread's, the parts of a request, say, or one kept beside the next.
    return of.has_turn_ || have_turn_ == 0 || turn_of_ == std::this_thread::get_id() ||
           is_small(of, bytes);
}

bool ByteBudget::Holding::wait_until(std::unique_lock<std::mutex>& lock,
                                     const std::function<bool()>& fits) {
    if (fits()) return true;
    using Clock = std::chrono::steady_clock;
    const Clock::time_point begin = Clock::now();
    const bool came = of_.changed_.wait_for(lock, patience_left_.value_or(of_.patience_), fits);
    if (patience_left_) {
        const auto waited = std::chrono::ceil<std::chrono::milliseconds>(Clock::now() - begin);
        *patience_left_ -= std::min(waited, *patience_left_);
    }
    return came;
}

bool ByteBudget::Holding::take(std::size_t bytes) {
    if (bytes == 0) return true;
    std::unique_lock lock(of_.mutex_);
    if (!refusal_.empty()) return false;
    const bool never = bytes > of_.limit_ || bytes_ > of_.limit_ - bytes;
    const auto fits = [&] { return of_.fits(*this, bytes); };
    if (never || !wait_until(lock, fits)) {
        may_pass_later_ = !never;
        refusal_ = std::string(never ? "it is more than may be held at once"
                                     : "too many objects are on their way in, send it later") +
                   ": " + std::to_string(bytes_ + bytes) + " bytes of " +
                   std::to_string(of_.limit_) + " (" + of_.name_ + ")";
        return false;
    }
    if (!has_turn_ && !of_.is_small(*this, bytes)) {
        has_turn_ = true;
        ++of_.have_turn_;
        of_.turn_of_ = std::this_thread::get_id();
        of_.held_by_small_ -= bytes_;
    } else if (!has_turn_) {
        of_.held_by_small_ += bytes;
    }
    of_.held_ += bytes;
    bytes_ += bytes;
    return true;
}

void ByteBudget::Holding::give_back(std::size_t bytes) {
    if (bytes == 0 && refusal_.empty()) return;
    {
        const std::lock_guard lock(of_.mutex_);
        refusal_.clear();
        may_pass_later_ = false;
        of_.held_ -= bytes;
        if (!has_turn_) {
            of_.held_by_small_ -= bytes;
        } else if (bytes_ - bytes <= kFreely) {
            has_turn_ = false;
            --of_.have_turn_;
            of_.held_by_small_ += bytes_ - bytes;
        }
        bytes_ -= bytes;
    }
    of_.changed_.notify_all();
}

ByteBudget& intake_memory() {
    // Whoever sends an object is answered before it gives up on that.
    static ByteBudget budget(ByteBudget::kNoLimit,
                             "setting intake_mib: what may be held while it comes in",
                             std::chrono::seconds(2));
    return budget;
}

}  // namespace lucerna::dicom
