#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "http/exchange.h"
#include "http/guard.h"
#include "http/server.h"
#include "http/worker_pool.h"

namespace lucerna::http {

/// What a server needs of a connection, whatever its stream.
class AnyConnection : public std::enable_shared_from_this<AnyConnection> {
  public:
    virtual ~AnyConnection() = default;
    /// From any thread: finish the answer in hand, quickly, and close.
    virtual void stop() = 0;
    /// From any thread: close, if no request is in hand (RFC 9112 9.5), or one whose body has not
    /// come any further for as long as a crowd leaves it.
    virtual void give_up() = 0;
};

/// What connections share: what was configured, the threads, who is connected. Outlives them.
class Shop {
  public:
    Shop(const ServerOptions& server_options, Router server_router);

    /// False when there are too many connections, or the server stops. Where there are too many,
    /// the one that has rested for longest is given up for it, or else the one whose body has been
    /// waited for for longest, so that nobody who does nothing keeps others out. Over TLS it has a
    /// handshake under way from here to `rest`; where those are too many, the oldest is given up.
    [[nodiscard]] bool enter(AnyConnection& connection);
    /// It has a request in hand from here on, or more of one; and none, as at first.
    void begin(AnyConnection& connection);
    void rest(AnyConnection& connection);
    /// The next bytes of its body are waited for, from here to `begin`.
    void waits_for_body(AnyConnection& connection);
    void leave(AnyConnection& connection);
    /// False when there are too many WebSockets.
    [[nodiscard]] bool enter_channel();
    void leave_channel();
    void stop_all();
    void wait_until_empty();
    [[nodiscard]] bool is_stopping() const { return stopping_; }
    [[nodiscard]] std::string new_request_id();
    /// A body of which so many bytes came while it was waited for, as things stand.
    [[nodiscard]] bool is_too_slow(std::uint64_t bytes, std::chrono::nanoseconds waited) const;

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
    std::atomic<std::size_t> channels_{0};
    std::atomic<bool> stopping_{false};
    std::string instance_;
    std::atomic<std::uint64_t> requests_{0};
    std::mutex mutex_;
    std::condition_variable left_;
    /// Of those that wait for their clients, the one that began to first.
    struct Wait {
        AnyConnection* connection = nullptr;
        std::chrono::steady_clock::time_point since;
    };
    using Waits = std::map<std::uint64_t, Wait>;
    struct Place {
        /// Null: it has a request in hand, all that came of it, or is given up.
        Waits* among = nullptr;
        std::uint64_t wait = 0;
        bool is_given_up = false;
    };
    // Of a thread that has the lock.
    void begin_to_wait(AnyConnection& connection, Place& place, Waits& among);
    void end_waiting(Place& place);
    [[nodiscard]] AnyConnection* one_to_give_up();
    void change(AnyConnection& connection, Waits* among);
    std::unordered_map<AnyConnection*, Place> open_;
    Waits resting_;
    Waits in_handshake_;
    Waits wait_for_body_;
    std::uint64_t last_wait_ = 0;
    /// That are given up and not gone yet.
    std::size_t given_up_ = 0;
};

/// That a connection is there: what it has of the shop's places goes with this.
struct ShopEntry {
    Shop& shop;
    AnyConnection& connection;
    bool entered = false;
    bool has_channel = false;
    ~ShopEntry() {
        if (has_channel) shop.leave_channel();
        if (entered) shop.leave(connection);
    }
};

}  // namespace lucerna::http
