#pragma once

// Included by server.cpp alone, as connection.h is.

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/websocket/ssl.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/log.h"
#include "http/answer_memory.h"
#include "http/exchange.h"
#include "http/shop.h"

namespace lucerna::http::connection {

/// A connection that has become a WebSocket. Everything happens on the connection's thread, but the
/// source of the messages, which a worker asks. The library frames, pings and closes.
///
///     open -> pull (on a worker) -> write -> pull ...
///         |                            `-> ping, pong -> pull ...
///         `-> read, and drop ...
template <typename Wire>
class ChannelSession {
  public:
    using Ended = std::function<void(Ending)>;

    /// `ended` is called once, on that thread. All references are the connection's own.
    ChannelSession(Wire& wire, Shop& shop, AnyConnection& connection, Exchange& exchange,
                   Channel channel, Ended ended)
        : shop_(shop),
          connection_(connection),
          exchange_(exchange),
          channel_(std::move(channel)),
          ended_(std::move(ended)),
          socket_(std::in_place, wire),
          pause_(wire.get_executor()),
          deadline_(wire.get_executor()) {}

    /// Answers the handshake of `head`, which must outlive the answer.
    template <typename Head>
    void open(const Head& head) {
        namespace websocket = boost::beast::websocket;
        // The socket's own deadlines would be in the way of the library's.
        boost::beast::get_lowest_layer(*socket_).expires_never();
        socket_->set_option(websocket::stream_base::timeout{shop_.options.header_timeout,
                                                            shop_.options.channel_idle, true});
        socket_->set_option(websocket::stream_base::decorator(
            [id = exchange_.request.id](websocket::response_type& answer) {
                answer.set("X-Request-Id", id);
            }));
        socket_->read_message_max(kMostFromClient);
        socket_->text(true);
        socket_->async_accept(head, [this, alive = alive()](boost::system::error_code failed) {
            if (over_) return;
            if (failed) return end(Ending::kCut);
            if (stopping_) return say_farewell();
            open_ = true;
            listen_for_pongs();
            read();
            pull();
        });
    }

    void stop() {
        if (std::exchange(stopping_, true) || over_) return;
        pause_.cancel();
        watch(kFarewellTime);
        if (open_ && !writing_ && !closing_) say_farewell();
    }

  private:
    /// Nothing is expected of clients: what they say is dropped.
    static constexpr std::size_t kMostFromClient = 16 * 1024;
    static constexpr std::chrono::seconds kFarewellTime{2};

    std::shared_ptr<AnyConnection> alive() { return connection_.shared_from_this(); }

    void read() {
        socket_->async_read(
            from_client_, [this, alive = alive()](boost::system::error_code failed, std::size_t) {
                if (over_) return;
                if (failed)
                    return end(failed == boost::beast::websocket::error::closed ? Ending::kAnswered
                                                                                : Ending::kCut);
                from_client_.clear();
                read();
            });
    }

    void pull() {
        shop_.workers.submit([this, alive = alive()]() mutable {
            std::optional<Chunk> chunk;
            std::string failure;
            try {
                chunk = channel_.next();
            } catch (const std::exception& error) {
                failure = error.what();
            }
            boost::asio::post(pause_.get_executor(),
                              [this, alive = std::move(alive), chunk = std::move(chunk),
                               failure = std::move(failure)]() mutable {
                                  if (over_ || stopping_) return;
                                  if (!chunk) return fail(failure);
                                  if (!chunk->bytes.empty()) return write(std::move(*chunk));
                                  if (chunk->last)
                                      return close(boost::beast::websocket::close_code::normal);
                                  wait(chunk->wait);
                              });
        });
    }

    void wait(std::chrono::milliseconds time) {
        pause_.expires_after(std::max(time, std::chrono::milliseconds(1)));
        pause_.async_wait([this, alive = alive()](boost::system::error_code) {
            if (!over_ && !stopping_) pull();
        });
    }

    void write(Chunk chunk) {
        message_ = std::move(chunk.bytes);
        // From here on it is held for this client, which is cut where others need the room.
        ++messages_;
        const bool is_large = chunk.room != nullptr;
        chunk.room.reset();
        if (is_large) room_ = answer_memory().hold(message_.size(), cut_from_outside());
        writing_ = true;
        watch(shop_.options.stall_timeout);
        socket_->async_write(boost::asio::buffer(message_),
                             [this, alive = alive(), until_heard = chunk.until_heard](
                                 boost::system::error_code failed, std::size_t count) {
                                 writing_ = false;
                                 message_ = Bytes();
                                 room_.reset();
                                 if (over_) return;
                                 if (failed) return end(Ending::kCut);
                                 exchange_.bytes_sent += count;
                                 if (stopping_) return say_farewell();
                                 deadline_.cancel();
                                 if (until_heard)
                                     ping();
                                 else
                                     pull();
                             });
    }

    std::function<void()> cut_from_outside() {
        return [this, connection = std::weak_ptr<AnyConnection>(alive()),
                executor = pause_.get_executor(), message = messages_] {
            boost::asio::post(executor, [this, connection, message] {
                if (const auto alive = connection.lock();
                    alive && !over_ && writing_ && message == messages_)
                    end_slow();
            });
        };
    }

    /// That bytes were taken says that the kernel has them. Who answers none is dropped by the
    /// library, as idle.
    void ping() {
        awaited_ = std::to_string(++pings_);
        pinging_ = true;
        boost::beast::websocket::ping_data data;
        data.assign(awaited_.begin(), awaited_.end());
        socket_->async_ping(data, [this, alive = alive()](boost::system::error_code failed) {
            pinging_ = false;
            if (over_) return;
            if (failed) return end(Ending::kCut);
            if (awaited_.empty() && !stopping_) pull();
        });
    }

    /// Pongs that nobody asked for, and those to the library's own pings, say nothing.
    void listen_for_pongs() {
        namespace websocket = boost::beast::websocket;
        socket_->control_callback([this](websocket::frame_type kind, auto payload) {
            if (kind != websocket::frame_type::pong || awaited_.empty() ||
                std::string_view(payload.data(), payload.size()) != awaited_)
                return;
            awaited_.clear();
            if (!pinging_ && !over_ && !stopping_) pull();
        });
    }

    void say_farewell() {
        if (channel_.farewell.empty())
            return close(boost::beast::websocket::close_code::going_away);
        socket_->async_write(
            boost::asio::buffer(channel_.farewell),
            [this, alive = alive()](boost::system::error_code failed, std::size_t) {
                if (over_) return;
                if (failed) return end(Ending::kCut);
                close(boost::beast::websocket::close_code::going_away);
            });
    }

    /// The library takes one close, and nothing to send behind it.
    void close(boost::beast::websocket::close_code why) {
        if (std::exchange(closing_, true)) return;
        watch(kFarewellTime);
        socket_->async_close(why, [this, alive = alive()](boost::system::error_code failed) {
            if (!over_) end(failed ? Ending::kCut : Ending::kAnswered);
        });
    }

    void fail(const std::string& why) {
        log_event(LogLevel::kWarning, "http.cut",
                  {{"request", exchange_.request.id}, {"why", why}});
        is_said_ = true;
        close(boost::beast::websocket::close_code::internal_error);
    }

    /// Ends it where the client has not taken what is being sent after `time`.
    void watch(std::chrono::milliseconds time) {
        deadline_.expires_after(time);
        deadline_.async_wait([this, alive = alive()](boost::system::error_code cancelled) {
            if (cancelled || over_ || deadline_.expiry() > std::chrono::steady_clock::now()) return;
            end_slow();
        });
    }

    void end_slow() {
        if (!is_said_)
            log_event(LogLevel::kWarning, "http.channel-slow",
                      {{"request", exchange_.request.id},
                       {"why", "the client did not take what was sent"}});
        end(Ending::kCut);
    }

    void end(Ending ending) {
        over_ = true;
        pause_.cancel();
        deadline_.cancel();
        ended_(ending);
        // What the library keeps suspended in it holds this connection, which holds it.
        boost::asio::post(pause_.get_executor(), [this, alive = alive()] { socket_.reset(); });
    }

    Shop& shop_;
    AnyConnection& connection_;
    Exchange& exchange_;
    Channel channel_;
    Ended ended_;
    std::optional<boost::beast::websocket::stream<Wire&>> socket_;
    boost::asio::steady_timer pause_;
    boost::asio::steady_timer deadline_;
    boost::beast::flat_buffer from_client_;
    Bytes message_;
    std::unique_ptr<AnswerMemory::Holding> room_;
    std::uint64_t messages_ = 0;
    std::uint64_t pings_ = 0;
    /// What the pong has to say that is waited for; empty for none.
    std::string awaited_;
    bool pinging_ = false;
    bool open_ = false;
    bool writing_ = false;
    bool stopping_ = false;
    bool closing_ = false;
    /// The log has why it ends.
    bool is_said_ = false;
    bool over_ = false;
};

}  // namespace lucerna::http::connection
