#include "base/outside_wait.h"

#include <string>

#include "base/error.h"

namespace lucerna {
namespace {

thread_local OutsideWait::Host* host_of_thread = nullptr;
thread_local bool is_waiting = false;
thread_local std::string_view last_of_thread;

}  // namespace

void OutsideWait::set_host(Host* host) {
    host_of_thread = host;
    is_waiting = false;
}

OutsideWait::Together::Together() : of_(is_waiting ? nullptr : host_of_thread) {
    if (of_ != nullptr) host_of_thread = this;
}

OutsideWait::Together::~Together() {
    if (of_ != nullptr) host_of_thread = of_;
}

void OutsideWait::Together::join() {
    set_host(of_ != nullptr ? this : nullptr);
}

bool OutsideWait::Together::begin_outside() noexcept {
    const std::lock_guard lock(mutex_);
    if (waiting_ == 0 && !of_->begin_outside()) return false;
    ++waiting_;
    return true;
}

void OutsideWait::Together::end_outside() noexcept {
    const std::lock_guard lock(mutex_);
    if (--waiting_ == 0) of_->end_outside();
}

std::string_view OutsideWait::last() {
    return last_of_thread;
}

void OutsideWait::forget_last() {
    last_of_thread = {};
}

OutsideWait::OutsideWait(std::string_view what, Crowded crowded) {
    last_of_thread = what;
    if (host_of_thread == nullptr || is_waiting) return;
    has_place_ = host_of_thread->begin_outside();
    if (!has_place_ && crowded == Crowded::kIsRefused && host_of_thread->refuses())
        throw Error(ErrorCode::kUnavailable, "too many wait for " + std::string(what));
    is_outermost_ = true;
    is_waiting = true;
}

OutsideWait::~OutsideWait() {
    if (!is_outermost_) return;
    is_waiting = false;
    if (has_place_) host_of_thread->end_outside();
}

}  // namespace lucerna
