#include "dicom/association_gate.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace lucerna::dicom {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

bool AssociationGate::Place::enter(const std::string& address, std::function<void()> cut) {
    // Who is told to leave needs no longer; nor does the one that comes wait for others.
    constexpr milliseconds kPatience{1000};
    std::unique_lock lock(of_.mutex_);
    if (of_.inside_.size() >= of_.limit_) of_.give_up_one(address);
    const auto has_room = [&] { return of_.inside_.size() < of_.limit_; };
    const bool may_wait = std::any_of(of_.inside_.begin(), of_.inside_.end(),
                                      [](const Place* one) { return one->is_given_up_; });
    if (!has_room() && !(may_wait && of_.left_.wait_for(lock, kPatience, has_room))) return false;
    address_ = address;
    cut_ = std::move(cut);
    of_.inside_.push_back(this);
    is_inside_ = true;
    return true;
}

void AssociationGate::Place::leave() {
    if (!std::exchange(is_inside_, false)) return;
    const std::lock_guard lock(of_.mutex_);
    std::erase(of_.inside_, this);
    of_.left_.notify_one();
}

void AssociationGate::Place::rest() {
    const std::lock_guard lock(of_.mutex_);
    rests_from_ = steady_clock::now();
}

void AssociationGate::Place::go_on() {
    const std::lock_guard lock(of_.mutex_);
    rests_from_.reset();
}

bool AssociationGate::Place::is_given_up() const {
    const std::lock_guard lock(of_.mutex_);
    return is_given_up_;
}

std::size_t AssociationGate::inside() const {
    const std::lock_guard lock(mutex_);
    return inside_.size();
}

/// Those that leave count no more.
std::size_t AssociationGate::places_of(const std::string& address) const {
    return static_cast<std::size_t>(std::count_if(
        inside_.begin(), inside_.end(),
        [&](const Place* one) { return !one->is_given_up_ && one->address_ == address; }));
}

/// Whoever waits for its peer leaves at once, and has lost least where nothing is under way.
AssociationGate::Place* AssociationGate::of_a_crowded_address(
    const std::string& for_address) const {
    const auto worth = [](const Place& one) {
        return std::tuple(one.lag_.is_waiting(), one.lag_.now(), one.rests_from_.has_value());
    };
    Place* chosen = nullptr;
    for (Place* const one : inside_) {
        const bool may_go = !one->is_given_up_ && one->address_ != for_address &&
                            places_of(one->address_) > (limit_ + 1) / 2;
        if (may_go && (chosen == nullptr || worth(*one) > worth(*chosen))) chosen = one;
    }
    return chosen;
}

/// The one that has rested for longest, of whichever address has most.
AssociationGate::Place* AssociationGate::that_rests() const {
    const Moment latest = steady_clock::now() - rest_;
    Place* chosen = nullptr;
    std::size_t most = 0;
    for (Place* const one : inside_) {
        if (one->is_given_up_ || !one->rests_from_ || *one->rests_from_ > latest) continue;
        const std::size_t count = places_of(one->address_);
        if (chosen != nullptr &&
            (count < most || (count == most && *one->rests_from_ >= *chosen->rests_from_)))
            continue;
        chosen = one;
        most = count;
    }
    return chosen;
}

AssociationGate::Place* AssociationGate::that_lags() const {
    Place* chosen = nullptr;
    for (Place* const one : inside_)
        if (!one->is_given_up_ && one->lag_.is_waiting() && one->lag_.now() >= rest_ &&
            (chosen == nullptr || one->lag_.now() > chosen->lag_.now()))
            chosen = one;
    return chosen;
}

void AssociationGate::give_up_one(const std::string& for_address) {
    Place* chosen = of_a_crowded_address(for_address);
    if (chosen == nullptr) chosen = that_rests();
    if (chosen == nullptr) chosen = that_lags();
    if (chosen == nullptr) return;
    chosen->is_given_up_ = true;
    chosen->cut_();
}

}  // namespace lucerna::dicom
