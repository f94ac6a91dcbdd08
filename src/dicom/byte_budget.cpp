#include "dicom/byte_budget.h"

#include <algorithm>
#include <utility>

namespace lucerna::dicom {

namespace {

/// Who waited for the turn tries again within that, or has given it up.
constexpr std::chrono::seconds kStillWanted{10};

}  // namespace

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
    const auto peer = of_peers_.find(of.peer_);
    if (peer == of_peers_.end()) return;
    peer->second.held += static_cast<std::size_t>(held);
    peer->second.by_small += static_cast<std::size_t>(by_small);
    if (peer->second.held == 0) of_peers_.erase(peer);
}

// What is left to others is some objects in any case, which are sealed while they come.
std::size_t ByteBudget::most_of_one(const Holding& of) const {
    if (of.peer_.empty()) return limit_;
    return limit_ - std::max(limit_ / 8, std::min(2 * kFreely, limit_ / 2));
}

std::size_t ByteBudget::most_by_small(const Holding& of) const {
    const std::size_t half = limit_ / 2;
    if (of.peer_.empty()) return half;
    return half - std::max(half / 4, std::min(kFreely, half / 2));
}

/// With so many bytes more it needs no turn.
bool ByteBudget::is_small(const Holding& of, std::size_t bytes) const {
    const auto has_room = [bytes](std::size_t most, std::size_t held) {
        return bytes <= most && held <= most - bytes;
    };
    // Of one that has the turn they do not count there yet.
    const std::size_t apart = of.has_turn_ ? of.bytes_ : 0;
    return has_room(kFreely, of.bytes_) && has_room(limit_ / 2, held_by_small_ + apart) &&
           has_room(most_by_small(of), of_peer(of).by_small + apart);
}

ByteBudget::Lacks ByteBudget::lacks(const Holding& of, std::size_t bytes, Holding::May may) const {
    if (held_ > limit_ || bytes > limit_ - held_) return Lacks::kRoom;
    const std::size_t most = most_of_one(of), has = of_peer(of).held;
    if (has > most || bytes > most - has) return Lacks::kRoom;
    if (of.has_turn_ || is_small(of, bytes)) return Lacks::kNothing;
    if (may == Holding::May::kBeSmall) return Lacks::kRoom;
    // Several of one thread's, the parts of a request, say, or one kept beside the next.
    const bool may_have_it =
        have_turn_ > 0 ? turn_of_ == std::this_thread::get_id() : !is_after_others(of);
    return may_have_it ? Lacks::kNothing : Lacks::kTurn;
}

bool ByteBudget::is_after_others(const Holding& of) const {
    if (of.peer_.empty()) return false;
    const std::uint64_t own = last_turn_of(of.peer_);
    return std::any_of(waiting_of_.begin(), waiting_of_.end(), [&](const auto& host) {
        return host.second.for_turn > 0 && last_turn_of(host.first) < own;
    });
}

std::uint64_t ByteBudget::last_turn_of(const std::string& host) const {
    const auto at = last_turn_of_.find(host);
    return at == last_turn_of_.end() ? last_turn_ - 1 : at->second;
}

void ByteBudget::forget_turns() noexcept {
    constexpr std::size_t kMostKnown = 256;
    if (last_turn_of_.size() <= kMostKnown) return;
    std::erase_if(last_turn_of_,
                  [&](const auto& host) { return !waiting_of_.contains(host.first); });
}

std::size_t ByteBudget::waiting_for_turn() const {
    const std::lock_guard lock(mutex_);
    std::size_t all = 0;
    for (const auto& [host, waiting] : waiting_of_) all += waiting.for_turn;
    return all;
}

bool ByteBudget::Holding::wait_for(std::unique_lock<std::mutex>& lock, std::size_t bytes, May may) {
    if (of_.lacks(*this, bytes, may) == Lacks::kNothing) return true;
    const Clock::time_point begin = Clock::now();
    of_.last_turn_of_.try_emplace(peer_, of_.last_turn_ - 1);
    const auto waiting = of_.waiting_of_.try_emplace(peer_).first;
    ++waiting->second.all;
    bool waits_for_turn = false;
    const auto fits = [&] {
        const Lacks lacks = of_.lacks(*this, bytes, may);
        const bool is_full = of_.held_ > of_.limit_ || bytes > of_.limit_ - of_.held_;
        // Of all that is held the turn may have most.
        const bool is_anothers = of_.have_turn_ > 0 && of_.turn_of_ != std::this_thread::get_id();
        if (lacks == Lacks::kTurn || (is_full && is_anothers)) of_.turn_wanted_ = Clock::now();
        if ((lacks == Lacks::kTurn) == waits_for_turn) return lacks == Lacks::kNothing;
        waits_for_turn = !waits_for_turn;
        if (waits_for_turn) {
            ++waiting->second.for_turn;
        } else {
            --waiting->second.for_turn;
            of_.changed_.notify_all();
        }
        return lacks == Lacks::kNothing;
    };
    const bool came = of_.changed_.wait_for(lock, patience_left_.value_or(of_.patience_), fits);
    if (waits_for_turn) --waiting->second.for_turn;
    if (--waiting->second.all == 0) of_.waiting_of_.erase(waiting);
    // Those that it was before.
    if (waits_for_turn) of_.changed_.notify_all();
    if (patience_left_) {
        const auto waited = std::chrono::ceil<std::chrono::milliseconds>(Clock::now() - begin);
        *patience_left_ -= std::min(waited, *patience_left_);
    }
    return came;
}

bool ByteBudget::Holding::take(std::size_t bytes, May may) {
    if (bytes == 0) return true;
    std::unique_lock lock(of_.mutex_);
    if (!refusal_.empty()) return false;
    // One that was used before may be another host's now.
    if (bytes_ == 0) peer_ = CurrentPeer::host();
    const std::size_t of_host = of_.most_of_one(*this);
    const std::size_t of_one = of_host - std::min(leaves_, of_host / 8);
    const std::size_t most = may == May::kHaveTurn ? of_one : std::min(kFreely, of_one);
    const bool never = bytes > most || bytes_ > most - bytes;
    if (never || !wait_for(lock, bytes, may)) {
        may_pass_later_ = !never;
        refusal_ = std::string(never ? "it is more than may be held at once"
                                     : "too many objects are on their way in, send it later") +
                   ": " + std::to_string(bytes_ + bytes) + " bytes of " +
                   std::to_string(never ? most : of_.limit_) + " (" + of_.name_ + ")";
        return false;
    }
    const bool takes_turn = !has_turn_ && !of_.is_small(*this, bytes);
    // The last that may throw.
    if (takes_turn) {
        of_.forget_turns();
        of_.last_turn_of_[peer_] = of_.last_turn_ += 2;
    }
    if (!peer_.empty()) of_.of_peers_.try_emplace(peer_);
    const auto more = static_cast<std::ptrdiff_t>(bytes);
    if (takes_turn) {
        has_turn_ = true;
        turn_since_ = Clock::now();
        // By those that go on waiting.
        const bool is_wanted =
            std::any_of(of_.waiting_of_.begin(), of_.waiting_of_.end(),
                        [](const auto& host) { return host.second.for_turn > 0; });
        if (is_wanted) of_.turn_wanted_ = turn_since_;
        ++of_.have_turn_;
        of_.turn_of_ = std::this_thread::get_id();
        of_.count(*this, more, -static_cast<std::ptrdiff_t>(bytes_));
    } else {
        of_.count(*this, more, has_turn_ ? 0 : more);
    }
    bytes_ += bytes;
    return true;
}

bool ByteBudget::Holding::is_wanted() const {
    const std::lock_guard lock(of_.mutex_);
    return has_turn_ && of_.turn_wanted_ >= turn_since_ &&
           Clock::now() - of_.turn_wanted_ < kStillWanted;
}

void ByteBudget::Holding::give_back(std::size_t bytes) {
    if (bytes == 0 && refusal_.empty()) return;
    {
        const std::lock_guard lock(of_.mutex_);
        refusal_.clear();
        may_pass_later_ = false;
        const auto less = static_cast<std::ptrdiff_t>(bytes);
        bytes_ -= bytes;
        of_.count(*this, -less, has_turn_ ? 0 : -less);
        // As what is left is one of the small holdings then, there has to be room among those.
        const bool ends_turn = has_turn_ && (bytes_ == 0 || of_.is_small(*this, 0));
        if (ends_turn) of_.count(*this, 0, static_cast<std::ptrdiff_t>(bytes_));
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
