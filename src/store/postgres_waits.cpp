#include "store/postgres_waits.h"

#include <poll.h>

#include <algorithm>
#include <utility>

#include "base/error.h"

namespace lucerna::store {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

/// Of an answer, once a stop was asked for.
constexpr auto kWhileStopping = 4s;
/// Between two looks whether one was.
constexpr std::chrono::milliseconds kLook{250};

}  // namespace

PostgresWaits::PostgresWaits(std::function<bool()> is_stopping)
    : is_stopping_(std::move(is_stopping)) {}

void PostgresWaits::require_patience() const {
    if (is_given_up_)
        throw Error(ErrorCode::kCancelled, "stopped while PostgreSQL says nothing any more");
}

bool PostgresWaits::is_stopping() const {
    return is_stopping_ && is_stopping_();
}

std::optional<PostgresWaits::Time> PostgresWaits::end_by_stop(Time begun) {
    if (!is_stopping()) return {};
    Time since = Time::max();
    const Time now = steady_clock::now();
    if (stopping_since_.compare_exchange_strong(since, now)) since = now;
    return std::max(begun, since) + kWhileStopping;
}

bool PostgresWaits::wait(int socket, short events, Time begun, std::optional<Time> end) {
    // libpq says why it has none.
    if (socket < 0) return true;
    for (;;) {
        require_patience();
        const Time now = steady_clock::now();
        if (const auto stop = end_by_stop(begun); stop && now >= *stop) {
            is_given_up_ = true;
            continue;
        }
        // What has come is taken, however late this thread looks.
        const bool is_late = end && now >= *end;
        auto left = is_late ? std::chrono::milliseconds(0) : kLook;
        if (end && !is_late)
            left = std::min(left, std::chrono::ceil<std::chrono::milliseconds>(*end - now));
        pollfd one{socket, events, 0};
        if (::poll(&one, 1, static_cast<int>(left.count())) > 0) return true;
        if (is_late) return false;
    }
}

}  // namespace lucerna::store
