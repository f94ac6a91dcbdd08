#include "dicom/association_lag.h"

#include <algorithm>

namespace lucerna::dicom {
namespace {

using std::chrono::microseconds;

microseconds::rep ticks_now() {
    return std::chrono::duration_cast<microseconds>(
               std::chrono::steady_clock::now().time_since_epoch())
        .count();
}

}  // namespace

AssociationLag::Wait::Wait(AssociationLag* of) : of_(of) {
    if (of_ != nullptr && of_->depth_++ == 0) of_->waits_from_ = ticks_now();
}

AssociationLag::Wait::~Wait() {
    if (of_ == nullptr || --of_->depth_ > 0) return;
    const Ticks lag = of_->now().count();
    // Who asks in between finds less, not twice as much.
    of_->waits_from_ = kNever;
    of_->lag_ = lag;
}

void AssociationLag::moved(std::size_t bytes) {
    make_up(microseconds(static_cast<Ticks>(bytes) * 1'000'000 /
                         static_cast<Ticks>(usual_bytes_per_second_)));
}

void AssociationLag::make_up(microseconds time) {
    lag_ = std::max<Ticks>(lag_.load() - time.count(), 0);
}

microseconds AssociationLag::now() const {
    const Ticks from = waits_from_.load();
    const Ticks waited = from == kNever ? 0 : std::max<Ticks>(ticks_now() - from, 0);
    return std::min(microseconds(lag_.load() + waited), most_);
}

}  // namespace lucerna::dicom
