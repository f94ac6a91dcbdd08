#include "http/shop.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/random.h"

namespace lucerna::http {
namespace {

/// Beyond those that may be open, until they are gone.
constexpr std::size_t kMostGivenUp = 64;
/// And for whoever comes of another address than those: who comes by the thousand is not to leave
/// the door shut to who comes once.
constexpr std::size_t kMostGivenUpForOthers = 128;
/// At once; others find the door shut.
constexpr std::size_t kMostAtTheDoor = 64;

/// Of `all`.
std::size_t most_of_one_address(std::size_t all) {
    return all - all / 4;
}

}  // namespace

Shop::Shop(const ServerOptions& server_options, Router server_router)
    : options(server_options),
      router(std::move(server_router)),
      guard(options),
      ledger(options.metrics),
      workers({options.threads, options.most_waiting, options.most_waiting_outside, true}),
      // Which go on for as long as their clients like.
      uploads({options.upload_threads, 0, options.most_slow_uploads, false,
               WorkerPool::Firsts::kOfKinds}),
      instance_(random_hex(4)) {
    if (options.metrics)
        open_gauge_ = &options.metrics->gauge("lucerna_http_connections", "Open connections.");
}

bool Shop::enter(AnyConnection& connection, const std::string& address) {
    std::shared_ptr<AnyConnection> given_up;
    {
        const std::lock_guard lock(mutex_);
        if (stopping_) return false;
        const bool is_its_own_crowd = is_crowd(address);
        if (open_.size() - given_up_ >= options.max_connections ||
            handshakes_ >= options.max_handshakes || is_its_own_crowd) {
            const bool are_handshakes_full = handshakes_ >= options.max_handshakes;
            AnyConnection* const other = one_to_give_up(
                address,
                is_its_own_crowd && !are_handshakes_full ? &addresses_.at(address) : nullptr);
            if (other == nullptr) return false;
            Place& place = open_.at(other);
            end_waiting(place);
            mark_given_up(place, true);
            given_up = other->weak_from_this().lock();
        }
        const auto at = addresses_.try_emplace(address).first;
        Place& place = open_[&connection];
        place.address = at;
        Neighbours& neighbours = at->second;
        ++neighbours.connected;
        const bool is_tls = !options.tls_certificate_chain.empty();
        begin_to_wait(connection, place, is_tls ? neighbours.in_handshake : neighbours.resting);
        count_open();
    }
    // Without the lock: it may be the last to know it.
    if (given_up) given_up->give_up();
    return true;
}

bool Shop::is_crowd(const std::string& address) const {
    const auto at = addresses_.find(address);
    return at != addresses_.end() && at->second.connected - at->second.given_up >=
                                         most_of_one_address(options.max_connections);
}

AnyConnection* Shop::one_to_give_up(const std::string& for_address, Neighbours* among) {
    // Those that stay after all are beyond those that may be open, too.
    const std::size_t most_open = options.max_connections + kMostGivenUpForOthers;
    if (given_up_ >= kMostGivenUpForOthers || open_.size() >= most_open) return nullptr;
    AnyConnection* const oldest = oldest_of_a_crowd(among);
    const bool is_for_another = oldest != nullptr && open_.at(oldest).address->first != for_address;
    if (given_up_ >= kMostGivenUp && !is_for_another) return nullptr;
    if (oldest != nullptr) return oldest;
    AnyConnection* const slowest = slowest_body(among);
    return slowest != nullptr ? slowest : slowest_taker(among);
}

/// One address has no more of them than others want.
AnyConnection* Shop::oldest_of_a_crowd(const Neighbours* among) const {
    const bool may_rest = handshakes_ < options.max_handshakes;
    const Waits none;
    AnyConnection* oldest = nullptr;
    std::size_t most = 0;
    std::uint64_t first = 0;
    for (const auto& [address, neighbours] : addresses_) {
        if (among != nullptr && &neighbours != among) continue;
        const Waits& in_handshake = neighbours.in_handshake;
        const Waits& resting = may_rest ? neighbours.resting : none;
        const std::size_t count = in_handshake.size() + resting.size();
        if (count == 0 || count < most) continue;
        const bool rests =
            in_handshake.empty() ||
            (!resting.empty() && resting.begin()->first < in_handshake.begin()->first);
        const auto& [number, wait] = *(rests ? resting : in_handshake).begin();
        if (count == most && number > first) continue;
        oldest = wait.connection;
        most = count;
        first = number;
    }
    return oldest;
}

/// Any byte ends a wait, so how long the last one is says little of one that trickles.
AnyConnection* Shop::slowest_body(const Neighbours* among) const {
    const auto now = std::chrono::steady_clock::now();
    AnyConnection* slowest = nullptr;
    double least = 0;
    for (const auto& [number, wait] : wait_for_body_) {
        if (!is_too_slow_for_a_crowd(wait.pace, wait.since)) continue;
        if (among != nullptr && &open_.at(wait.connection).address->second != among) continue;
        const BodyPace pace{wait.pace.bytes, wait.pace.waited + (now - wait.since)};
        if (slowest != nullptr && pace.bytes_per_second() >= least) continue;
        slowest = wait.connection;
        least = pace.bytes_per_second();
    }
    return slowest;
}

/// Writing an answer is to cost no lock: what is known of it stands with the connection.
AnyConnection* Shop::slowest_taker(Neighbours* among) {
    const auto now = std::chrono::steady_clock::now();
    auto& next_look = among != nullptr ? among->next_look_at_takers : next_look_at_takers_;
    if (now < next_look) return nullptr;
    AnyConnection* slowest = nullptr;
    auto first = now;
    for (const auto& [connection, place] : open_) {
        if (place.among != nullptr || place.is_given_up) continue;
        if (among != nullptr && &place.address->second != among) continue;
        const auto since = connection->takes_nothing_since();
        if (!since || *since >= first) continue;
        slowest = connection;
        first = *since;
    }
    if (now - first >= options.stall_where_others_wait) return slowest;
    next_look = first + options.stall_where_others_wait;
    return nullptr;
}

void Shop::begin_to_wait(AnyConnection& connection, Place& place, Waits& among,
                         const BodyPace& pace) {
    place.among = &among;
    place.wait = ++last_wait_;
    among.emplace(place.wait, Wait{&connection, std::chrono::steady_clock::now(), pace});
    if (&among == &place.address->second.in_handshake) ++handshakes_;
    if (&among == &streaming_) ++place.address->second.streaming;
}

void Shop::end_waiting(Place& place) {
    Waits* const among = std::exchange(place.among, nullptr);
    if (among != nullptr) among->erase(place.wait);
    if (among == &place.address->second.in_handshake) --handshakes_;
    if (among == &streaming_) --place.address->second.streaming;
    mark_given_up(place, false);
}

void Shop::mark_given_up(Place& place, bool is_given_up) {
    if (std::exchange(place.is_given_up, is_given_up) == is_given_up) return;
    given_up_ += is_given_up ? 1 : -1;
    place.address->second.given_up += is_given_up ? 1 : -1;
}

Shop::Place* Shop::go_on(AnyConnection& connection) {
    const auto place = open_.find(&connection);
    if (place == open_.end()) return nullptr;
    end_waiting(place->second);
    return &place->second;
}

void Shop::begin(AnyConnection& connection) {
    const std::lock_guard lock(mutex_);
    (void)go_on(connection);
}

void Shop::rest(AnyConnection& connection) {
    const std::lock_guard lock(mutex_);
    if (Place* const place = go_on(connection))
        begin_to_wait(connection, *place, place->address->second.resting);
}

void Shop::waits_for_body(AnyConnection& connection, const BodyPace& pace) {
    const std::lock_guard lock(mutex_);
    if (Place* const place = go_on(connection))
        begin_to_wait(connection, *place, wait_for_body_, pace);
}

void Shop::streams(AnyConnection& connection) {
    std::shared_ptr<AnyConnection> oldest;
    {
        const std::lock_guard lock(mutex_);
        if (Place* const place = go_on(connection)) begin_to_wait(connection, *place, streaming_);
        if (streaming_.size() <= options.max_event_streams) return;
        AnyConnection* const other = oldest_stream_of_a_crowd();
        end_waiting(open_.at(other));
        oldest = other->weak_from_this().lock();
    }
    if (oldest) oldest->give_up();
}

AnyConnection* Shop::oldest_stream_of_a_crowd() const {
    AnyConnection* oldest = nullptr;
    std::size_t most = 0;
    for (const auto& [number, wait] : streaming_) {
        const std::size_t count = open_.at(wait.connection).address->second.streaming;
        if (count > most) oldest = wait.connection;
        most = std::max(most, count);
    }
    return oldest;
}

bool Shop::enter_door() {
    const std::lock_guard lock(mutex_);
    if (at_the_door_ >= kMostAtTheDoor) return false;
    ++at_the_door_;
    return true;
}

void Shop::leave_door() {
    const std::lock_guard lock(mutex_);
    --at_the_door_;
}

void Shop::leave(AnyConnection& connection) {
    const std::lock_guard lock(mutex_);
    if (const auto place = open_.find(&connection); place != open_.end()) {
        end_waiting(place->second);
        const auto address = place->second.address;
        if (--address->second.connected == 0 && address->second.channels == 0)
            addresses_.erase(address);
        open_.erase(place);
    }
    count_open();
    left_.notify_all();
}

void Shop::stays(AnyConnection& connection) {
    const std::lock_guard lock(mutex_);
    const auto place = open_.find(&connection);
    if (place != open_.end()) mark_given_up(place->second, false);
}

bool Shop::enter_channel(const std::string& address) {
    const std::lock_guard lock(mutex_);
    const auto at = addresses_.find(address);
    if (at == addresses_.end() || channels_ >= options.max_channels ||
        at->second.channels >= most_of_one_address(options.max_channels))
        return false;
    ++at->second.channels;
    ++channels_;
    return true;
}

void Shop::leave_channel(const std::string& address) {
    const std::lock_guard lock(mutex_);
    const auto at = addresses_.find(address);
    --channels_;
    if (--at->second.channels == 0 && at->second.connected == 0) addresses_.erase(at);
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
    // Nobody would be there for what comes of a minute of it.
    workers.end_waits_for_memory();
    uploads.end_waits_for_memory();
    for (const auto& one : all) one->stop();
}

void Shop::wait_until_empty() {
    std::unique_lock lock(mutex_);
    left_.wait(lock, [&] { return open_.empty(); });
}

bool Shop::is_too_slow(const BodyPace& pace, const std::string& host) const {
    if (pace.waited <= options.stall_timeout) return false;
    const std::uint64_t least = uploads.is_held_up_by(host) ? options.least_upload_where_others_wait
                                                            : options.least_upload_bytes_per_second;
    return pace.bytes_per_second() < static_cast<double>(least);
}

bool Shop::is_too_slow_for_a_crowd(const BodyPace& pace,
                                   std::chrono::steady_clock::time_point since) const {
    const auto waits = std::chrono::steady_clock::now() - since;
    if (waits >= options.stall_where_others_wait) return true;
    const BodyPace now{pace.bytes, pace.waited + waits};
    return now.waited >= options.stall_where_others_wait &&
           now.bytes_per_second() < static_cast<double>(options.least_upload_where_others_wait);
}

std::string Shop::new_request_id() {
    return instance_ + "-" + std::to_string(++requests_);
}

}  // namespace lucerna::http
