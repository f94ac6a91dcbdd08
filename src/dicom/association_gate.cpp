#include "dicom/association_gate.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace lucerna::dicom {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

bool AssociationGate::Place::enter(const std::string& address, std::function<void()> cut) {
    // Who is told to leave while it waits for its peer needs no longer; who is at work may.
    constexpr milliseconds kPatience{1000};
    constexpr milliseconds kPatienceOfAnHeir{5000};
    std::unique_lock lock(of_.mutex_);
    address_ = address;
    cut_ = std::move(cut);
    const auto has_room = [&] { return of_.inside_.size() < of_.limit_; };
    if (!has_room()) {
        const bool is_heir = of_.give_up_one_for(*this);
        const bool may_wait = std::any_of(of_.inside_.begin(), of_.inside_.end(),
                                          [](const Place* one) { return one->is_given_up(); });
        if (may_wait)
            of_.left_.wait_for(lock, is_heir ? kPatienceOfAnHeir : kPatience,
                               [&] { return is_inside_ || has_room(); });
        for (Place* const one : of_.inside_)
            if (one->heir_ == this) one->heir_ = nullptr;
    }
    if (is_inside_) return true;
    if (!has_room()) return false;
    of_.inside_.push_back(this);
    is_inside_ = true;
    return true;
}

/// Whom it was given up for has the place at once: of those that wait for any, or come meanwhile,
/// most may be of the address that it was taken from.
void AssociationGate::Place::leave() {
    const std::lock_guard lock(of_.mutex_);
    if (!std::exchange(is_inside_, false)) return;
    std::erase(of_.inside_, this);
    if (Place* const heir = std::exchange(heir_, nullptr)) {
        of_.inside_.push_back(heir);
        heir->is_inside_ = true;
    }
    // Each waits for something else.
    of_.left_.notify_all();
}

void AssociationGate::Place::rest() {
    const std::lock_guard lock(of_.mutex_);
    rests_from_ = steady_clock::now();
}

void AssociationGate::Place::go_on() {
    const std::lock_guard lock(of_.mutex_);
    rests_from_.reset();
}

std::size_t AssociationGate::inside() const {
    const std::lock_guard lock(mutex_);
    return inside_.size();
}

/// Those that leave count no more.
std::size_t AssociationGate::places_of(const std::string& address) const {
    return static_cast<std::size_t>(std::count_if(
        inside_.begin(), inside_.end(),
        [&](const Place* one) { return !one->is_given_up() && one->address_ == address; }));
}

/// Whoever waits for its peer leaves at once, and has lost least where nothing is under way.
AssociationGate::Place* AssociationGate::of_a_crowded_address(
    const std::string& for_address) const {
    const auto worth = [](const Place& one) {
        return std::tuple(one.lag_.is_waiting(), one.lag_.now(), one.rests_from_.has_value());
    };
    Place* chosen = nullptr;
    for (Place* const one : inside_) {
        const bool may_go = !one->is_given_up() && one->address_ != for_address &&
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
        if (one->is_given_up() || !one->rests_from_ || *one->rests_from_ > latest) continue;
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
        if (!one->is_given_up() && one->lag_.is_waiting() && one->lag_.now() >= rest_ &&
            (chosen == nullptr || one->lag_.now() > chosen->lag_.now()))
            chosen = one;
    return chosen;
}

bool AssociationGate::give_up_one_for(Place& newcomer) {
    Place* chosen = of_a_crowded_address(newcomer.address_);
    if (chosen == nullptr) chosen = that_rests();
    if (chosen == nullptr) chosen = that_lags();
    if (chosen == nullptr) return false;
    chosen->is_given_up_ = true;
    chosen->heir_ = &newcomer;
    chosen->cut_();
    return true;
}

}  // namespace lucerna::dicom
