#include "http/shop.h"

#include <utility>
#include <vector>

#include "base/random.h"

namespace lucerna::http {
namespace {

/// Beyond those that may be open, until they are gone.
constexpr std::size_t kMostGivenUp = 64;

}  // namespace

Shop::Shop(const ServerOptions& server_options, Router server_router)
    : options(server_options),
      router(std::move(server_router)),
      guard(options),
      ledger(options.metrics),
      workers({options.threads, options.most_waiting, options.most_waiting_outside, true}),
      uploads({options.upload_threads, 0, options.most_slow_uploads, false}),
      instance_(random_hex(4)) {
    if (options.metrics)
        open_gauge_ = &options.metrics->gauge("lucerna_http_connections", "Open connections.");
}

bool Shop::enter(AnyConnection& connection) {
    std::shared_ptr<AnyConnection> given_up;
    {
        const std::lock_guard lock(mutex_);
        if (stopping_) return false;
        if (open_.size() - given_up_ >= options.max_connections ||
            in_handshake_.size() >= options.max_handshakes) {
            AnyConnection* const other = one_to_give_up();
            if (other == nullptr) return false;
            Place& place = open_.at(other);
            end_waiting(place);
            place.is_given_up = true;
            ++given_up_;
            given_up = other->weak_from_this().lock();
        }
        const bool is_tls = !options.tls_certificate_chain.empty();
        begin_to_wait(connection, open_[&connection], is_tls ? in_handshake_ : resting_);
        count_open();
    }
    // Without the lock: it may be the last to know it.
    if (given_up) given_up->give_up();
    return true;
}

AnyConnection* Shop::one_to_give_up() {
    if (given_up_ >= kMostGivenUp) return nullptr;
    if (in_handshake_.size() >= options.max_handshakes)
        return in_handshake_.begin()->second.connection;
    if (!resting_.empty() || !in_handshake_.empty()) {
        // In the order in which they began to.
        const bool rests =
            in_handshake_.empty() ||
            (!resting_.empty() && resting_.begin()->first < in_handshake_.begin()->first);
        return (rests ? resting_ : in_handshake_).begin()->second.connection;
    }
    if (wait_for_body_.empty()) return nullptr;
    const Wait& longest = wait_for_body_.begin()->second;
    const bool is_long =
        std::chrono::steady_clock::now() - longest.since >= options.stall_where_others_wait;
    return is_long ? longest.connection : nullptr;
}

void Shop::begin_to_wait(AnyConnection& connection, Place& place, Waits& among) {
    place.among = &among;
    place.wait = ++last_wait_;
    among.emplace(place.wait, Wait{&connection, std::chrono::steady_clock::now()});
}

void Shop::end_waiting(Place& place) {
    if (place.among != nullptr) std::exchange(place.among, nullptr)->erase(place.wait);
    if (std::exchange(place.is_given_up, false)) --given_up_;
}

void Shop::change(AnyConnection& connection, Waits* among) {
    const std::lock_guard lock(mutex_);
    const auto place = open_.find(&connection);
    if (place == open_.end()) return;
    end_waiting(place->second);
    if (among != nullptr) begin_to_wait(connection, place->second, *among);
}

void Shop::begin(AnyConnection& connection) {
    change(connection, nullptr);
}

void Shop::rest(AnyConnection& connection) {
    change(connection, &resting_);
}

void Shop::waits_for_body(AnyConnection& connection) {
    change(connection, &wait_for_body_);
}

void Shop::leave(AnyConnection& connection) {
    const std::lock_guard lock(mutex_);
    if (const auto place = open_.find(&connection); place != open_.end()) {
        end_waiting(place->second);
        open_.erase(place);
    }
    count_open();
    left_.notify_all();
}

bool Shop::enter_channel() {
    if (channels_.fetch_add(1) < options.max_channels) return true;
    leave_channel();
    return false;
}

void Shop::leave_channel() {
    channels_.fetch_sub(1);
}

void Shop::count_open() {
    if (open_gauge_) open_gauge_->set(static_cast<double>(open_.size()));
}

void Shop::stop_all() {
    std::vector<std::shared_ptr<AnyConnection>> all;
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
        for (const auto& [one, place] : open_)
            if (auto alive = one->weak_from_this().lock()) all.push_back(std::move(alive));
    }
    for (const auto& one : all) one->stop();
}

void Shop::wait_until_empty() {
    std::unique_lock lock(mutex_);
    left_.wait(lock, [&] { return open_.empty(); });
}

bool Shop::is_too_slow(std::uint64_t bytes, std::chrono::nanoseconds waited) const {
    if (waited <= options.stall_timeout) return false;
    const std::uint64_t least = uploads.is_held_up() ? options.least_upload_where_others_wait
                                                     : options.least_upload_bytes_per_second;
    return static_cast<double>(bytes) <
           static_cast<double>(least) * std::chrono::duration<double>(waited).count();
}

std::string Shop::new_request_id() {
    return instance_ + "-" + std::to_string(++requests_);
}

}  // namespace lucerna::http
