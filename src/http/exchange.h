#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "http/guard.h"
#include "http/message.h"
#include "http/metrics.h"
#include "http/router.h"

namespace lucerna::http {

/// One request and what became of it. Knows nothing of sockets.
struct Exchange {
    explicit Exchange(BodyReader& body) : request(body) {}

    Request request;
    /// As sent; `request.method` is GET for HEAD.
    std::string method;
    Routed routed;
    /// The path, for the log, where there is no route.
    std::string unserved;
    bool is_http_11 = true;
    bool is_tls = false;
    /// The server's; 0 where that is unknown.
    std::uint16_t port = 0;
    /// ServerOptions::base_url.
    std::string base_url;
    std::chrono::steady_clock::time_point began = std::chrono::steady_clock::now();
    /// Set once the head of the answer is sent.
    int status = 0;
    std::uint64_t bytes_sent = 0;
};

/// Takes the request target apart into path and query. Throws Error(kInvalidInput).
void set_target(Exchange& exchange, std::string_view target);

/// Everything that is decided before the body is read: the answer if that settles it (a refusal,
/// OPTIONS), else nothing and `exchange` is ready for `handle`. `target` is as it was sent.
[[nodiscard]] std::optional<Response> settle_early(Exchange& exchange, std::string_view target,
                                                   const Router& router, const Guard& guard);

/// Calls the handler; what it throws becomes a refusal and is logged.
[[nodiscard]] Response handle(Exchange& exchange) noexcept;

/// Why the rest of a body will not come.
enum class BodyTrouble {
    kNone,
    kTooLarge,   ///< than ServerOptions::max_body_bytes
    kTooSlow,    ///< stalled, or below the least rate
    kGone,       ///< the connection was closed
    kStopping,   ///< the server stops
    kMalformed,  ///< its chunks are no chunks
};
/// For who reads the body.
[[nodiscard]] Error error_of(BodyTrouble trouble);
/// The answer where no handler was called yet.
[[nodiscard]] Response refusal(BodyTrouble trouble, std::string_view request_id);

/// A line for each field; those that no header can hold are dropped, and logged.
[[nodiscard]] std::string fields_text(const Exchange& exchange, const Headers& headers);

struct HeadOptions {
    bool keep_alive = true;
    bool chunked = false;
    std::optional<std::uint64_t> length = {};
};
/// Status line and headers, with those that every answer has, up to the empty line.
[[nodiscard]] std::string head_text(const Exchange& exchange, const Response& response,
                                    const Guard& guard, const HeadOptions& options);

/// The path for the log: the route's pattern with those parameters filled in that look like UIDs or
/// numbers. Other things that a client wrote into the address may identify a person. Without a
/// route, what was asked for, cut, with `{}` for each part of it that is neither that nor a plain
/// word.
[[nodiscard]] std::string loggable_path(const Exchange& exchange);

/// Once the head of its answer is made: an address alone may be as long as a head, and a client may
/// take as long as it likes. Only what loggable_path and Ledger want is left.
void let_go_of_what_was_asked(Exchange& exchange);

/// How the exchange ended.
enum class Ending { kAnswered, kCut };
/// Writes "http.request" to the log, and counts.
class Ledger {
  public:
    /// `metrics` may be null.
    explicit Ledger(Metrics* metrics);
    void began();
    void ended(const Exchange& exchange, Ending ending);

  private:
    Metrics* metrics_;
    Gauge* in_flight_ = nullptr;
    Histogram* seconds_ = nullptr;
    Counter* sent_ = nullptr;
};

/// For a head that the next program on the way may read in another way: where the body ends (RFC
/// 9112 6.3) and whom it is for (3.2). The connection must end with this answer, as what follows
/// may be a body or a request.
[[nodiscard]] std::optional<Response> refuse_unclear(const Exchange& exchange);

/// The whole answer to who comes when too many are there.
[[nodiscard]] const std::string& turned_away();

}  // namespace lucerna::http
