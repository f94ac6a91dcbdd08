#pragma once

// Included by server.cpp alone: Boost.Beast takes a minute to compile.

#include <algorithm>
#include <array>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>
#include <boost/beast/websocket/rfc6455.hpp>
#include <optional>
#include <thread>
#include <tuple>
#include <type_traits>

#include "base/current_peer.h"
#include "base/error.h"
#include "base/log.h"
#include "base/peer_address.h"
#include "http/channel_session.h"
#include "http/connection_limits.h"
#include "http/event_stream.h"
#include "http/exchange.h"
#include "http/incoming_body.h"
#include "http/outgoing.h"
#include "http/shop.h"

namespace lucerna::http::connection {

using Tcp = asio::ip::tcp;

using PlainStream = beast::tcp_stream;
using TlsStream = beast::ssl_stream<beast::tcp_stream>;

/// One connection. Everything happens on its lane's thread, but `IncomingBody::read` and what the
/// pools run.
///
///     read_head -> settle_early -> read_ahead -> answer (on a pool) -> write
///     `-----------------------------------------------------------------'
///
/// or, once, from answer to ChannelSession.
template <typename Wire>
class Connection final : public AnyConnection {
  public:
    template <typename... Arguments>
    explicit Connection(Shop& shop, Tcp::socket socket, Arguments&... arguments)
        : entry_{shop, *this},
          shop_(shop),
          stream_(std::move(socket), arguments...),
          timer_(stream_.get_executor()),
          body_(stream_, buffer_, shop, *this, host_) {
        error_code ignored;
        const auto peer = lowest().socket().remote_endpoint(ignored);
        if (!ignored) remote_ = peer_address(peer.data(), static_cast<socklen_t>(peer.size()));
        host_ = host_of(remote_);
        const auto own = lowest().socket().local_endpoint(ignored);
        if (!ignored) port_ = own.port();
        lowest().socket().set_option(Tcp::no_delay(true), ignored);
        lowest().socket().non_blocking(true, ignored);
    }
    ~Connection() override { end_exchange(Ending::kCut); }

    void start() {
        entry_.entered = shop_.enter(*this, host_);
        asio::dispatch(stream_.get_executor(), [self = me()] {
            if (self->entry_.entered) return self->open();
            self->turn_away();
        });
    }

    void stop() override {
        asio::post(stream_.get_executor(), [self = me()] {
            self->stopping_ = true;
            self->body_.stop();
            if (self->channel_) return self->channel_->stop();
            if (self->handling_ && !self->body_.is_waited_for()) return;
            if (!self->outgoing_) return self->close();
            self->timer_.expires_after(kFarewell);
            self->timer_.async_wait([self](error_code cancelled) {
                if (!cancelled) self->close();
            });
        });
    }

    void give_up() override {
        asio::post(stream_.get_executor(), [self = me()] {
            if (!self->exchange_ || self->streams_ || self->body_.is_too_slow_for_a_crowd()) {
                self->is_given_up_ = true;
                return self->close();
            }
            if (self->takes_too_little_for_a_crowd())
                return self->cut_what_is_written(kTooSlowForACrowd);
            self->shop_.stays(*self);
        });
    }

  private:
    /// Programs send a dozen, proxies a few more.
    static constexpr std::ptrdiff_t kMostFields = 128;
    static constexpr bool kIsTls = std::is_same_v<Wire, TlsStream>;

    std::shared_ptr<Connection> me() {
        return std::static_pointer_cast<Connection>(shared_from_this());
    }
    beast::tcp_stream& lowest() { return beast::get_lowest_layer(stream_); }
    void deadline(std::chrono::milliseconds from_now) {
        lowest().expires_after(stopping_ ? std::min<std::chrono::milliseconds>(from_now, kFarewell)
                                         : from_now);
    }
    void close() {
        error_code ignored;
        timer_.cancel();
        lowest().socket().close(ignored);
    }

    void turn_away() {
        if constexpr (!kIsTls) {
            entry_.is_at_the_door = shop_.enter_door();
            if (!entry_.is_at_the_door) return close();
            deadline(kFarewell);
            asio::async_write(stream_, asio::buffer(turned_away()),
                              [self = me()](error_code, std::size_t) { self->linger(); });
        }
    }

    void open() {
        if constexpr (kIsTls) {
            deadline(shop_.options.header_timeout);
            stream_.async_handshake(asio::ssl::stream_base::server,
                                    [self = me()](error_code failed) {
                                        if (failed) return;
                                        self->shop_.rest(*self);
                                        self->read_head(true);
                                    });
        } else {
            read_head(true);
        }
    }

    // Reading.

    void read_head(bool first) {
        if (stopping_) return close();
        parser_.emplace();
        buffer_.max_size(most_buffered(shop_.options));
        parser_->header_limit(static_cast<std::uint32_t>(shop_.options.max_header_bytes));
        parser_->body_limit(shop_.options.max_body_bytes);
        if (buffer_.size() > 0 || first) return read_rest_of_head();
        // Thousands may wait here: what the last request had needed is given back.
        buffer_.shrink_to_fit();
        // Silence is allowed between requests, but not within one.
        deadline(shop_.options.keep_alive_timeout);
        stream_.async_read_some(buffer_.prepare(4096),
                                [self = me()](error_code failed, std::size_t count) {
                                    if (failed) return self->close();
                                    self->buffer_.commit(count);
                                    self->read_rest_of_head();
                                });
    }

    void read_rest_of_head() {
        deadline(shop_.options.header_timeout);
        wire::async_read_header(
            stream_, buffer_, *parser_,
            [self = me()](error_code failed, std::size_t) { self->on_head(failed); });
    }

    void begin_exchange() {
        ++exchanges_;
        shop_.begin(*this);
        is_cut_for_ = nullptr;
        body_.begin(*parser_);
        exchange_.emplace(body_);
        exchange_->request.id = shop_.new_request_id();
        exchange_->request.remote = remote_;
        exchange_->is_tls = kIsTls;
        exchange_->port = port_;
        exchange_->base_url = shop_.options.base_url;
        shop_.ledger.began();
        keep_alive_ = false;
    }

    void on_head(error_code failed) {
        if (failed == wire::error::end_of_stream || failed == beast::error::timeout) return close();
        if (failed && !is_of_http(failed)) return close();
        begin_exchange();
        if (failed) return refuse_head(failed);
        const auto& head = parser_->get();
        exchange_->method = std::string(head.method_string());
        exchange_->is_http_11 = head.version() >= 11;
        if (std::distance(head.begin(), head.end()) > kMostFields) {
            // What was parsed is many times what was sent.
            parser_->get().clear();
            return send(refusal(
                431, "head-too-large",
                "the request has more than " + std::to_string(kMostFields) + " header fields",
                exchange_->request.id));
        }
        for (const auto& field : head)
            exchange_->request.headers.add({field.name_string().data(), field.name_string().size()},
                                           {field.value().data(), field.value().size()});
        exchange_->request.upgrades = beast::websocket::is_upgrade(head);
        std::optional<Response> unclear = refuse_unclear(*exchange_);
        keep_alive_ = parser_->keep_alive() && !unclear;
        if (unclear) return send(std::move(*unclear));
        std::optional<Response> early = settle_early(
            *exchange_, {head.target().data(), head.target().size()}, shop_.router, shop_.guard);
        if (early) return send(std::move(*early));
        // They are in the exchange, and would lie here while the body comes.
        if (!exchange_->request.upgrades) {
            parser_->get().clear();
            parser_->get().target({});
        }
        if (buffer_.capacity() > kFreelyBuffered) buffer_.shrink_to_fit();
        if (body_.is_done()) return run_handler();
        // RFC 9110 9.3.1, 9.3.2: it would mean nothing, and be waited for.
        if (exchange_->method == "GET" || exchange_->method == "HEAD") {
            keep_alive_ = false;
            return send(refusal(400, "invalid-input", "a " + exchange_->method + " has no body",
                                exchange_->request.id));
        }
        // One of HTTP/1.0 knows no answer before the last (RFC 9110 10.1.1).
        if (!exchange_->is_http_11 || !exchange_->request.headers.has("Expect"))
            return read_ahead();
        static const std::string kGoOn = "HTTP/1.1 100 Continue\r\n\r\n";
        deadline(shop_.options.stall_timeout);
        asio::async_write(stream_, asio::buffer(kGoOn),
                          [self = me()](error_code unsent, std::size_t) {
                              if (unsent) return self->close();
                              self->read_ahead();
                          });
    }

    void refuse_head(error_code failed) {
        const std::string& id = exchange_->request.id;
        exchange_->method = std::string(parser_->get().method_string());
        if (failed == wire::error::header_limit || failed == wire::error::buffer_overflow)
            return send(refusal(431, "head-too-large",
                                "the request's headers are larger than " +
                                    std::to_string(shop_.options.max_header_bytes) + " bytes",
                                id));
        if (failed == wire::error::body_limit) return send(refusal(BodyTrouble::kTooLarge, id));
        send(refusal(400, "invalid-input", "the request is not HTTP: " + failed.message(), id));
    }

    void read_ahead() {
        body_.read_ahead([this] {
            if (body_.trouble() != BodyTrouble::kNone) return refuse_body();
            run_handler();
        });
    }

    void refuse_body() {
        const BodyTrouble trouble = body_.trouble();
        if (trouble != BodyTrouble::kGone && trouble != BodyTrouble::kStopping)
            return send(refusal(trouble, exchange_->request.id));
        end_exchange(Ending::kCut);
        close();
    }

    // Handling.

    void run_handler() {
        handling_ = true;
        const auto* const route = exchange_->routed.route;
        if (body_.is_done())
            return shop_.workers.submit([self = me()] { self->answer(); },
                                        WorkerPool::Crowded::kIsRefused, {route, host_},
                                        client_is_gone(false));
        // Which go on for as long as their clients like: those of one host keep no other's waiting.
        shop_.uploads.submit([self = me()] { self->answer(); }, WorkerPool::Crowded::kIsRefused,
                             {route, host_});
    }

    /// For what is asked by GET, which changes nothing: whether the answer is of use to nobody.
    WorkerPool::IsGone client_is_gone(bool has_begun) {
        if (exchange_->method != "GET") return {};
        // The lane leaves it alone meanwhile.
        return [this, has_begun] {
            return is_left_by_client(lowest().socket().native_handle(), has_begun);
        };
    }

    /// On a pool's thread, while the lane leaves the connection alone.
    void answer() {
        const CurrentPeer asked_by(host_);
        Response response = shop_.is_stopping() ? refusal(503, "stopping", "the server stops",
                                                          exchange_->request.id)
                                                : handle(*exchange_);
        if (body_.trouble() != BodyTrouble::kNone || response.channel)
            return asio::post(stream_.get_executor(),
                              [self = me(), response = std::move(response)]() mutable {
                                  self->handling_ = false;
                                  self->send_after_trouble(std::move(response));
                              });
        const bool streams = is_event_stream(response);
        set_out(std::move(response));
        // What was done is told in any case.
        if (exchange_->method != "GET")
            outgoing_->hold_room(cut_from_outside());
        else if (!outgoing_->find_room(cut_from_outside()))
            set_out(refusal(503, "busy", "answers that others are slow to take hold the memory",
                            exchange_->request.id));
        let_go_of_what_was_asked(*exchange_);
        // The first that it wants is always that its head be written.
        std::ignore = outgoing_->next();
        const std::size_t written = write_at_once();
        asio::post(stream_.get_executor(), [self = me(), written, streams] {
            self->handling_ = false;
            if (streams) self->begin_stream();
            self->write(written);
        });
    }

    // Sending.

    void begin_stream() {
        streams_ = true;
        shop_.streams(*this);
    }

    void send_after_trouble(Response response) {
        const BodyTrouble trouble = body_.trouble();
        if (trouble == BodyTrouble::kGone || trouble == BodyTrouble::kStopping) {
            end_exchange(Ending::kCut);
            return close();
        }
        if (trouble == BodyTrouble::kTooSlow) return refuse_body();
        send(std::move(response));
    }

    void send(Response response) {
        if (response.channel) return open_channel(*std::move(response.channel));
        set_out(std::move(response));
        let_go_of_what_was_asked(*exchange_);
        go_on();
    }

    void set_out(Response response) {
        outgoing_.emplace(*exchange_, std::move(response), shop_.guard,
                          keep_alive_ && body_.is_done() && !shop_.is_stopping());
    }

    /// Writes what the system takes of the answer's beginning without a wait, mostly all of it: the
    /// client need not wait for the lane's thread to wake. Returns how much; the rest, and what
    /// failed, is left to the lane.
    std::size_t write_at_once() {
        if constexpr (kIsTls) {
            return 0;
        } else {
            error_code left_to_the_lane;
            return lowest().socket().write_some(unwritten(0), left_to_the_lane);
        }
    }

    /// Of what is to be written, all but the first `written` bytes.
    [[nodiscard]] std::array<asio::const_buffer, 3> unwritten(std::size_t written) const {
        const auto left = outgoing_->unwritten(written);
        const auto buffer = [](ByteView view) { return asio::buffer(view.data(), view.size()); };
        return {buffer(left[0]), buffer(left[1]), buffer(left[2])};
    }

    /// A channel holds its place until the connection's end.
    void open_channel(Channel channel) {
        const std::string& id = exchange_->request.id;
        if (!body_.is_done() || buffer_.size() > 0)
            return send(refusal(400, "invalid-input",
                                "the client must wait until the channel is open", id));
        if (stopping_ || !shop_.enter_channel(host_))
            return send(refusal(503, "busy", "too many channels are open", id));
        entry_.has_channel = host_;
        exchange_->status = 101;
        channel_.emplace(stream_, shop_, *this, *exchange_, std::move(channel),
                         [this](Ending ending) {
                             end_exchange(ending);
                             close();
                         });
        channel_->open(parser_->get());
    }

    void go_on() {
        switch (outgoing_->next()) {
            case Outgoing::Next::kWrite:
                return write(0);
            case Outgoing::Next::kPull:
                return pull();
            case Outgoing::Next::kWait:
                return wait();
            case Outgoing::Next::kDone:
                return sent();
        }
    }

    void write(std::size_t written) {
        taken_.written += written;
        const auto left = unwritten(written);
        if (asio::buffer_size(left) == 0) return go_on();
        // Asked before each step: whatever the system takes at once, and new patience for each part
        // that the client took. One that trickles does not earn it.
        const auto all_of_it = [this, next = std::size_t{0}, before = taken_.written](
                                   error_code failed, std::size_t sent) mutable {
            if (failed) return std::size_t{0};
            taken_.written = before + sent;
            if (sent >= next) {
                deadline(shop_.options.stall_timeout);
                next = sent + kTakenInTime;
            }
            begin_to_wait_for_taker();
            return kMostAtOnce;
        };
        asio::async_write(stream_, left, all_of_it, [self = me()](error_code failed, std::size_t) {
            self->set_takes_nothing_since({});
            if (self->is_cut_for_ != nullptr) return self->cut(self->is_cut_for_);
            if (!failed) return self->go_on();
            self->end_exchange(Ending::kCut);
            self->close();
        });
    }

    /// On a worker, but only when the client has taken what was there: a slow one holds no thread.
    void pull() {
        if (stopping_) return cut("the server stops");
        outgoing_->let_go_of_what_was_taken();
        handling_ = true;
        const auto make = [self = me()] {
            std::optional<std::string> failure;
            try {
                const CurrentPeer asked_by(self->host_);
                self->outgoing_->pull(self->cut_from_outside());
            } catch (const std::exception& error) {
                failure = error.what();
            }
            asio::post(self->stream_.get_executor(), [self, failure] {
                self->handling_ = false;
                if (failure) return self->cut(*failure);
                self->go_on();
            });
        };
        shop_.workers.submit(make, WorkerPool::Crowded::kWaits, {exchange_->routed.route, host_},
                             // The lane may close a stream at any time, and with it its socket.
                             streams_ ? WorkerPool::IsGone() : client_is_gone(true));
    }

    void wait() {
        if (stopping_) return cut("the server stops");
        if (is_given_up_) return end_exchange(Ending::kCut);
        timer_.expires_after(std::max<std::chrono::milliseconds>(outgoing_->wait(), 1ms));
        timer_.async_wait([self = me()](error_code) { self->outgoing_ ? self->go_on() : void(); });
    }

    std::function<void()> cut_from_outside() {
        return [weak = this->weak_from_this(), exchange = exchanges_] {
            const auto self = std::static_pointer_cast<Connection>(weak.lock());
            if (!self) return;
            asio::post(self->stream_.get_executor(), [self, exchange] {
                if (self->outgoing_ && self->exchanges_ == exchange) self->cut_if_slow();
            });
        };
    }
    void cut_if_slow() {
        // It has just taken all that there was.
        if (handling_) return;
        if (taken_.look(lowest().socket().native_handle()) >= kTakenBetweenLooks)
            return outgoing_->note_progress();
        cut_what_is_written(kTooSlowForOthers);
    }
    /// That ends with the socket, and then the exchange.
    void cut_what_is_written(const char* why) {
        is_cut_for_ = why;
        close();
    }

    void begin_to_wait_for_taker() {
        taken_before_ = taken_.by_now(lowest().socket().native_handle());
        set_takes_nothing_since(Clock::now());
    }
    /// What waits here says nothing of who takes it steadily and has much of it under way.
    bool takes_too_little_for_a_crowd() {
        const auto since = takes_nothing_since();
        if (!since || Clock::now() - *since < shop_.options.stall_where_others_wait) return false;
        const std::uint64_t before = taken_before_;
        const std::uint64_t now = taken_.by_now(lowest().socket().native_handle());
        if (now < before + kTakenBetweenLooks) return true;
        begin_to_wait_for_taker();
        return false;
    }
    void cut(const std::string& why) {
        log_event(LogLevel::kWarning, "http.cut",
                  {{"request", exchange_->request.id}, {"why", why}});
        end_exchange(Ending::kCut);
        close();
    }

    void sent() {
        const bool keeps_alive = outgoing_->keeps_alive();
        const bool body_done = body_.is_done();
        end_exchange(Ending::kAnswered);
        if (keeps_alive) return read_head(false);
        if (!body_done) return linger();
        say_goodbye();
    }

    /// Lets go of everything that belongs to the exchange, and writes it down.
    void end_exchange(Ending ending) {
        if (!exchange_) return;
        shop_.ledger.ended(*exchange_, ending);
        streams_ = false;
        outgoing_.reset();
        exchange_.reset();
        body_.let_go();
        shop_.rest(*this);
    }

    /// Takes what the client still sends, for a while: closing at once would make its system throw
    /// away the answer (RFC 9112 9.6).
    void linger() {
        if constexpr (!kIsTls) {
            error_code ignored;
            lowest().socket().shutdown(Tcp::socket::shutdown_send, ignored);
        }
        deadline(kLinger);
        drain();
    }
    void drain() {
        buffer_.clear();
        buffer_.max_size(most_buffered(shop_.options));
        stream_.async_read_some(buffer_.prepare(kReadAtOnce),
                                [self = me()](error_code failed, std::size_t) {
                                    if (failed) return self->close();
                                    self->drain();
                                });
    }

    void say_goodbye() {
        if constexpr (!kIsTls) return linger();
        deadline(kFarewell);
        if constexpr (kIsTls) stream_.async_shutdown([self = me()](error_code) { self->close(); });
    }

    /// First, so that it leaves last.
    ShopEntry entry_;
    Shop& shop_;
    Wire stream_;
    asio::steady_timer timer_;
    std::string remote_;
    /// As limits count it (host_of).
    std::string host_;
    std::uint16_t port_ = 0;
    bool stopping_ = false;

    /// Of what is not parsed yet: a chunk's extensions or a trailer are held until they end, which
    /// they may never do (RFC 9112 7.1.1).
    beast::flat_buffer buffer_{most_buffered(shop_.options)};
    std::optional<typename IncomingBody<Wire>::Parser> parser_;
    IncomingBody<Wire> body_;
    std::optional<Exchange> exchange_;
    bool keep_alive_ = false;
    bool handling_ = false;             ///< A worker has the answer.
    const char* is_cut_for_ = nullptr;  ///< What others need of it.
    bool streams_ = false;              ///< The answer is an event stream.
    bool is_given_up_ = false;
    TakenByClient taken_;
    std::uint64_t taken_before_ = 0;  ///< When it began to wait for the client to take more.
    std::uint64_t exchanges_ = 0;

    std::optional<Outgoing> outgoing_;
    std::optional<ChannelSession<Wire>> channel_;
};

}  // namespace lucerna::http::connection
