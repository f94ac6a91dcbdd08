#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

#include "http/exchange.h"
#include "http/guard.h"
#include "http/server.h"
#include "http/worker_pool.h"

namespace lucerna::http {

/// Of a body, how much has come while it was waited for.
struct BodyPace {
    std::uint64_t bytes = 0;
    std::chrono::nanoseconds waited{};
    [[nodiscard]] double bytes_per_second() const {
        return static_cast<double>(bytes) / std::chrono::duration<double>(waited).count();
    }
};

/// What a server needs of a connection, whatever its stream.
class AnyConnection : public std::enable_shared_from_this<AnyConnection> {
  public:
    virtual ~AnyConnection() = default;
    /// From any thread: finish the answer in hand, quickly, and close.
    virtual void stop() = 0;
    /// From any thread: close, if no request is in hand (RFC 9112 9.5), or one whose body comes
    /// more slowly than a crowd leaves it, or whose answer is an event stream or not taken. If it
    /// does not, it says so (Shop::stays).
    virtual void give_up() = 0;

    using Moment = std::chrono::steady_clock::time_point;
    /// From any thread: since when the client was seen to take no more of the answer that is being
    /// written; nothing where none is.
    [[nodiscard]] std::optional<Moment> takes_nothing_since() const {
        const Moment since{Moment::duration(takes_nothing_since_.load(std::memory_order_relaxed))};
        return since == Moment() ? std::nullopt : std::optional(since);
    }

  protected:
    /// Moment(): no longer.
    void set_takes_nothing_since(Moment since) {
        takes_nothing_since_.store(since.time_since_epoch().count(), std::memory_order_relaxed);
    }

  private:
    // Here, as a shop may ask until the connection has left it, last of all.
    std::atomic<Moment::rep> takes_nothing_since_{0};
};

/// What connections share: what was configured, the threads, who is connected. Outlives them.
class Shop {
  public:
    Shop(const ServerOptions& server_options, Router server_router);

    /// False when there are too many connections, or the server stops. Where there are too many,
    /// one that rests or has a handshake under way is given up for it, the oldest of the address
    /// that has most of those; or else the one whose body comes in most slowly; or else the one
    /// that has taken nothing of its answer for longest: so that nobody who does next to nothing
    /// keeps others out. Of one address there are no more than three quarters of all, so that
    /// whoever does much keeps out no other either: where it has them, one of its own is given up,
    /// or none for it. Over TLS it has a handshake under way from here to `rest`; where those are
    /// too many, one of them is given up in the same way.
    [[nodiscard]] bool enter(AnyConnection& connection, const std::string& address);
    /// It has a request in hand from here on, or more of one; and none, as at first.
    void begin(AnyConnection& connection);
    void rest(AnyConnection& connection);
    /// The next bytes of its body are waited for, from here to `begin`.
    void waits_for_body(AnyConnection& connection, const BodyPace& pace);
    /// Its answer is an event stream from here on, until it rests. Where those are too many, the
    /// oldest is given up of the address that has most of them.
    void streams(AnyConnection& connection);
    /// So many more may be told that there are too many, before `leave_door`.
    [[nodiscard]] bool enter_door();
    void leave_door();
    void leave(AnyConnection& connection);
    /// It was to be given up, and is none of those any more that may be.
    void stays(AnyConnection& connection);
    /// False when there are too many WebSockets, or the address has three quarters of them.
    [[nodiscard]] bool enter_channel(const std::string& address);
    void leave_channel(const std::string& address);
    void stop_all();
    void wait_until_empty();
    [[nodiscard]] bool is_stopping() const { return stopping_; }
    [[nodiscard]] std::string new_request_id();
    /// As things stand.
    [[nodiscard]] bool is_too_slow(const BodyPace& pace, const std::string& host) const;
    /// One that is waited for since then, where all connections are taken.
    [[nodiscard]] bool is_too_slow_for_a_crowd(const BodyPace& pace,
                                               std::chrono::steady_clock::time_point since) const;

    const ServerOptions options;
    const Router router;
    const Guard guard;
    Ledger ledger;
    WorkerPool workers;
    /// For handlers whose body is still coming in: slow senders hold none of the others.
    WorkerPool uploads;

  private:
    void count_open();

    Gauge* open_gauge_ = nullptr;
    std::atomic<bool> stopping_{false};
    std::string instance_;
    std::atomic<std::uint64_t> requests_{0};
    std::mutex mutex_;
    std::condition_variable left_;
    /// Of those that wait for their clients, the one that began to first.
    struct Wait {
        AnyConnection* connection = nullptr;
        std::chrono::steady_clock::time_point since;
        /// Before; of a body alone.
        BodyPace pace;
    };
    using Waits = std::map<std::uint64_t, Wait>;
    /// What is connected of one address, as long as anything is.
    struct Neighbours {
        std::size_t connected = 0;
        /// Of those.
        std::size_t given_up = 0;
        std::size_t channels = 0;
        std::size_t streaming = 0;
        Waits resting;
        Waits in_handshake;
        /// As that of all, for their own.
        AnyConnection::Moment next_look_at_takers;
    };
    using Addresses = std::map<std::string, Neighbours>;
    struct Place {
        Addresses::iterator address;
        /// Null: it has a request in hand, all that came of it, or is given up.
        Waits* among = nullptr;
        std::uint64_t wait = 0;
        bool is_given_up = false;
    };
    // Of a thread that has the lock.
    void begin_to_wait(AnyConnection& connection, Place& place, Waits& among,
                       const BodyPace& pace = {});
    void end_waiting(Place& place);
    void mark_given_up(Place& place, bool is_given_up);
    /// Null: it is none of those that are open. Otherwise it waits no longer.
    [[nodiscard]] Place* go_on(AnyConnection& connection);
    [[nodiscard]] bool is_crowd(const std::string& address) const;
    /// Of `among`, where that is not null, and else of whichever address.
    [[nodiscard]] AnyConnection* one_to_give_up(const std::string& for_address, Neighbours* among);
    [[nodiscard]] AnyConnection* oldest_of_a_crowd(const Neighbours* among) const;
    [[nodiscard]] AnyConnection* slowest_body(const Neighbours* among) const;
    [[nodiscard]] AnyConnection* slowest_taker(Neighbours* among);
    [[nodiscard]] AnyConnection* oldest_stream_of_a_crowd() const;
    std::unordered_map<AnyConnection*, Place> open_;
    Addresses addresses_;
    /// Of all addresses.
    std::size_t handshakes_ = 0;
    Waits wait_for_body_;
    Waits streaming_;
    /// That are told that there are too many.
    std::size_t at_the_door_ = 0;
    std::uint64_t last_wait_ = 0;
    /// That are given up and not gone yet.
    std::size_t given_up_ = 0;
    std::size_t channels_ = 0;
    /// Before then nobody will have taken nothing for so long that it is given up.
    AnyConnection::Moment next_look_at_takers_;
};

/// That a connection is there: what it has of the shop's places goes with this.
struct ShopEntry {
    Shop& shop;
    AnyConnection& connection;
    bool entered = false;
    /// Of which address it has a channel.
    std::optional<std::string> has_channel = {};
    bool is_at_the_door = false;
    ~ShopEntry() {
        if (is_at_the_door) shop.leave_door();
        if (has_channel) shop.leave_channel(*has_channel);
        if (entered) shop.leave(connection);
    }
};

}  // namespace lucerna::http
