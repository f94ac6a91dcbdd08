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

ByteBudget::OfPeer ByteBudget::of_peer(const Holding& of) const {
    const auto at = of_peers_.find(of.peer_);
    return at == of_peers_.end() ? OfPeer() : at->second;
}

void ByteBudget::count(const Holding& of, std::ptrdiff_t held, std::ptrdiff_t by_small) {
    held_ += static_cast<std::size_t>(held);
    held_by_small_ += static_cast<std::size_t>(by_small);
    if (of.peer_.empty()) return;
    OfPeer& peer = of_peers_[of.peer_];
    peer.held += static_cast<std::size_t>(held);
    peer.by_small += static_cast<std::size_t>(by_small);
    if (peer.held == 0) of_peers_.erase(of.peer_);
}

std::size_t ByteBudget::most_of_one(const Holding& of) const {
    return of.peer_.empty() ? limit_ : limit_ - limit_ / 8;
}

/// With so many bytes more it needs no turn.
bool ByteBudget::is_small(const Holding& of, std::size_t bytes) const {
    const auto has_room = [bytes](std::size_t most, std::size_t held) {
        return bytes <= most && held <= most - bytes;
    };
    const std::size_t half = limit_ / 2;
    return has_room(kFreely, of.bytes_) && has_room(half, held_by_small_) &&
           (of.peer_.empty() || has_room(half - half / 4, of_peer(of).by_small));
}

bool ByteBudget::fits(const Holding& of, std::size_t bytes) const {
    if (held_ > limit_ || bytes > limit_ - held_) return false;
    const std::size_t most = most_of_one(of), has = of_peer(of).held;
    if (has > most || bytes > most - has) return false;
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
    const std::size_t most = of_.most_of_one(*this);
    const bool never = bytes > most || bytes_ > most - bytes;
    const auto fits = [&] { return of_.fits(*this, bytes); };
    if (never || !wait_until(lock, fits)) {
        may_pass_later_ = !never;
        refusal_ = std::string(never ? "it is more than may be held at once"
                                     : "too many objects are on their way in, send it later") +
                   ": " + std::to_string(bytes_ + bytes) + " bytes of " +
                   std::to_string(never ? most : of_.limit_) + " (" + of_.name_ + ")";
        return false;
    }
    const auto more = static_cast<std::ptrdiff_t>(bytes);
    if (!has_turn_ && !of_.is_small(*this, bytes)) {
        has_turn_ = true;
        ++of_.have_turn_;
        of_.turn_of_ = std::this_thread::get_id();
        of_.count(*this, more, -static_cast<std::ptrdiff_t>(bytes_));
    } else {
        of_.count(*this, more, has_turn_ ? 0 : more);
    }
    bytes_ += bytes;
    return true;
}

void ByteBudget::Holding::give_back(std::size_t bytes) {
    if (bytes == 0 && refusal_.empty()) return;
    {
        const std::lock_guard lock(of_.mutex_);
        refusal_.clear();
        may_pass_later_ = false;
        const auto less = static_cast<std::ptrdiff_t>(bytes);
        bytes_ -= bytes;
        const bool ends_turn = has_turn_ && bytes_ <= kFreely;
        of_.count(*this, -less,
                  ends_turn   ? static_cast<std::ptrdiff_t>(bytes_)
                  : has_turn_ ? 0
                              : -less);
        if (ends_turn) {
            has_turn_ = false;
            --of_.have_turn_;
        }
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
