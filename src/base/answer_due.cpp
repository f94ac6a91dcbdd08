#include "base/answer_due.h"

#include <algorithm>

namespace lucerna {
namespace {

thread_local std::optional<AnswerDue::Time> due_of_this_thread;

}  // namespace

AnswerDue::AnswerDue(std::chrono::milliseconds in) : is_outermost_(!due_of_this_thread) {
    if (is_outermost_) due_of_this_thread = std::chrono::steady_clock::now() + in;
}

AnswerDue::~AnswerDue() {
    if (is_outermost_) due_of_this_thread.reset();
}

std::optional<AnswerDue::Time> AnswerDue::of_this_thread() {
    return due_of_this_thread;
}

AnswerDue::Time AnswerDue::end_of(std::chrono::milliseconds patience) {
    const Time end = std::chrono::steady_clock::now() + patience;
    return due_of_this_thread ? std::min(*due_of_this_thread, end) : end;
}

}  // namespace lucerna
