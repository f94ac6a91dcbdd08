#pragma once

// Included by server.cpp alone, as connection.h is.

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <semaphore>
#include <span>
#include <string>
#include <utility>

#include "base/outside_wait.h"
#include "http/connection_limits.h"
#include "http/exchange.h"
#include "http/shop.h"

namespace lucerna::http::connection {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace wire = boost::beast::http;
using boost::system::error_code;
using Clock = std::chrono::steady_clock;

/// Of the protocol, as against the connection.
inline bool is_of_http(error_code failed) {
    return failed.category() == wire::make_error_code(wire::error::bad_method).category();
}

/// The body of a connection's request, one request after another. The lane's thread reads it, some
/// of it before there is a handler; that takes it on a pool's thread, and waits while the lane
/// reads on. All but `read` and `length` is the lane's.
template <typename Wire>
class IncomingBody final : public BodyReader {
  public:
    using Parser = wire::request_parser<wire::buffer_body>;

    /// All references are the connection's own.
    IncomingBody(Wire& stream, beast::flat_buffer& buffer, Shop& shop, AnyConnection& connection,
                 const std::string& host)
        : stream_(stream), buffer_(buffer), shop_(shop), connection_(connection), host_(host) {}

    /// That of the request whose head `parser` has read, if it is one.
    void begin(Parser& parser) {
        parser_ = &parser;
        let_go();
        pace_ = {};
        others_wait_ = {};
        gives_way_ = false;
        trouble_ = BodyTrouble::kNone;
        too_large_ = false;
        is_done_ = parser.is_done();
    }
    /// Nobody reads it any more.
    void let_go() {
        // Of "= {}" the room stays.
        ahead_ = Bytes();
        at_ = 0;
    }
    /// The server stops: what is not there in a moment will not be waited for.
    void stop() { stopping_ = true; }

    /// It has come to its end.
    [[nodiscard]] bool is_done() const { return is_done_; }
    [[nodiscard]] BodyTrouble trouble() const { return trouble_; }
    /// By the handler.
    [[nodiscard]] bool is_waited_for() const { return is_waited_for_; }
    /// As a crowd sees it.
    [[nodiscard]] bool is_too_slow_for_a_crowd() const {
        return since_ && shop_.is_too_slow_for_a_crowd(pace_, *since_);
    }

    /// Takes what a handler is to find at once; `done` follows, also where there is trouble.
    template <typename Done>
    void read_ahead(Done done) {
        // Beast reads as much at once as the buffer has room for, 512 bytes without any.
        buffer_.shrink_to_fit();
        if (parser_->chunked())
            buffer_.max_size(std::max(buffer_.size(), kMostBetweenChunks));
        else
            buffer_.reserve(kReadAhead);
        fill(kReadAhead, std::move(done));
    }

    std::size_t read(std::span<std::uint8_t> into) override {
        if (into.empty()) return 0;
        if (at_ == ahead_.size() && !is_done_) refill();
        too_large_ = trouble_ == BodyTrouble::kTooLarge;
        if (trouble_ != BodyTrouble::kNone) throw error_of(trouble_);
        const std::size_t count = std::min(into.size(), ahead_.size() - at_);
        std::copy_n(ahead_.begin() + static_cast<std::ptrdiff_t>(at_), count, into.begin());
        at_ += count;
        return count;
    }
    void give_way_where(std::function<bool()> others_wait) override {
        others_wait_ = std::move(others_wait);
    }
    [[nodiscard]] std::optional<std::uint64_t> length() const override {
        const auto length = parser_->content_length();
        if (length) return *length;
        if (parser_->chunked()) return std::nullopt;
        return 0;
    }

  private:
    std::shared_ptr<AnyConnection> alive() { return connection_.shared_from_this(); }

    /// One step, into `into`; `done` gets how much came, 0 with `is_done_` at the end or with
    /// `trouble_`.
    template <typename Done>
    void step(std::span<std::uint8_t> into, Done done) {
        auto& target = parser_->get().body();
        target.data = into.data();
        target.size = into.size();
        const std::chrono::milliseconds patience = shop_.options.stall_timeout;
        beast::get_lowest_layer(stream_).expires_after(
            stopping_ ? std::min<std::chrono::milliseconds>(patience, kFarewell) : patience);
        since_ = Clock::now();
        shop_.waits_for_body(connection_, pace_);
        wire::async_read_some(stream_, buffer_, *parser_,
                              [this, alive = alive(), into, done = std::move(done),
                               began = *since_](error_code failed, std::size_t) mutable {
                                  since_.reset();
                                  shop_.begin(connection_);
                                  const std::size_t count =
                                      into.size() - parser_->get().body().size;
                                  pace_.waited += Clock::now() - began;
                                  pace_.bytes += count;
                                  is_done_ = parser_->is_done();
                                  trouble_ = trouble_of(failed);
                                  if (count == 0 && !is_done_ && trouble_ == BodyTrouble::kNone)
                                      return step(into, std::move(done));
                                  done(count);
                              });
    }

    [[nodiscard]] BodyTrouble trouble_of(error_code failed) const {
        if (stopping_ && failed) return BodyTrouble::kStopping;
        // Also where some had come just then.
        if (gives_way_ && !is_done_ && failed != wire::error::need_buffer)
            return BodyTrouble::kTooSlow;
        if (failed == beast::error::timeout) return BodyTrouble::kTooSlow;
        if (failed == wire::error::body_limit) return BodyTrouble::kTooLarge;
        if (failed && failed != wire::error::need_buffer)
            return is_of_http(failed) && failed != wire::error::partial_message
                       ? BodyTrouble::kMalformed
                       : BodyTrouble::kGone;
        const bool slow = !is_done_ && shop_.is_too_slow(pace_, host_);
        return slow ? BodyTrouble::kTooSlow : BodyTrouble::kNone;
    }

    /// Takes some into `ahead_` until that has `size` bytes, the body ends or there is trouble.
    template <typename Done>
    void fill(std::size_t size, Done done) {
        const std::size_t had = ahead_.size();
        ahead_.resize(size);
        step(std::span(ahead_).subspan(had),
             [this, had, size, done = std::move(done)](std::size_t count) mutable {
                 ahead_.resize(had + count);
                 if (is_done_ || trouble_ != BodyTrouble::kNone || had + count == size)
                     return done();
                 fill(size, std::move(done));
             });
    }

    /// For the handler. The lane touches what is here only between the post and the release that
    /// answers it.
    void refill() {
        if (trouble_ != BodyTrouble::kNone) return;
        asio::post(stream_.get_executor(), [this] {
            ahead_.clear();
            at_ = 0;
            if (stopping_) {
                trouble_ = BodyTrouble::kStopping;
                return came_.release();
            }
            is_waited_for_ = true;
            gives_way_ = false;
            buffer_.max_size(most_buffered(shop_.options));
            buffer_.reserve(kReadAtOnce);
            fill(kUploadPiece, [this] {
                is_waited_for_ = false;
                came_.release();
            });
        });
        const OutsideWait waits("a body", OutsideWait::Crowded::kWaits);
        if (others_wait_)
            wait_while_nobody_else_does();
        else
            came_.acquire();
    }

    /// So many bytes come within the patience that there is, or they are too slow for a crowd.
    void wait_while_nobody_else_does() {
        static_assert(kUploadPiece <= 5 * 64 * 1024);
        constexpr std::chrono::milliseconds kBetweenQuestions{250};
        const Clock::time_point begun = Clock::now();
        while (!came_.try_acquire_for(kBetweenQuestions)) {
            if (Clock::now() - begun < shop_.options.stall_where_others_wait || !others_wait_())
                continue;
            asio::post(stream_.get_executor(), [this, alive = alive()] {
                // What has come meanwhile is as good.
                gives_way_ = is_waited_for_;
                if (gives_way_) beast::get_lowest_layer(stream_).cancel();
            });
            return came_.acquire();
        }
    }

    Wire& stream_;
    beast::flat_buffer& buffer_;
    Shop& shop_;
    AnyConnection& connection_;
    const std::string& host_;
    Parser* parser_ = nullptr;
    bool stopping_ = false;

    Bytes ahead_;
    std::size_t at_ = 0;
    /// Without the time that the handler took in between.
    BodyPace pace_;
    /// Since when the next are waited for.
    std::optional<Clock::time_point> since_;
    BodyTrouble trouble_ = BodyTrouble::kNone;
    bool is_done_ = false;
    bool is_waited_for_ = false;
    std::function<bool()> others_wait_;
    bool gives_way_ = false;
    std::binary_semaphore came_{0};
};

}  // namespace lucerna::http::connection
