#include "http/shop.h"

#include <utility>
#include <vector>

#include "base/random.h"

namespace lucerna::http {

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
    const std::lock_guard lock(mutex_);
    if (stopping_ || open_.size() >= options.max_connections) return false;
    open_.insert(&connection);
    count_open();
    return true;
}

void Shop::leave(AnyConnection& connection) {
    const std::lock_guard lock(mutex_);
    open_.erase(&connection);
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
        for (AnyConnection* one : open_)
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
