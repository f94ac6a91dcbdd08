#include "pipeline/tidying.h"

namespace lucerna::pipeline {
namespace {

using namespace std::chrono_literals;

constexpr auto kEach = 24h;
constexpr auto kAfterAFailure = 1h;
/// So that it can be seen for a while what was sent when.
constexpr auto kDoneJobsStay = 30 * 24h;

}  // namespace

void Tidying::run(Instant now, const std::stop_token& stop) {
    const bool is_due = !tried_at_ || now < *tried_at_ || now >= *tried_at_ + until_next_;
    if (!is_due) return;
    tried_at_ = now;
    until_next_ = kAfterAFailure;
    while (!stop.stop_requested() && forget_(now - kDoneJobsStay) > 0) {
    }
    until_next_ = kEach;
}

}  // namespace lucerna::pipeline
