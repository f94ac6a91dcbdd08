#include "store/pace.h"

#include "base/answer_due.h"

namespace lucerna::store {
namespace {

thread_local bool is_long_in_this_thread = false;

}  // namespace

LongWork::LongWork() : is_outermost_(!is_long_in_this_thread) {
    is_long_in_this_thread = true;
}

LongWork::~LongWork() {
    if (is_outermost_) is_long_in_this_thread = false;
}

Pace pace_of_this_thread() {
    if (AnswerDue::of_this_thread()) return Pace::kAnswerIsDue;
    return is_long_in_this_thread ? Pace::kLong : Pace::kOrdinary;
}

}  // namespace lucerna::store
