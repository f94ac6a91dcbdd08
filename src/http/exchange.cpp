#include "http/exchange.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>
#include <new>
#include <utility>

#include "base/encoding.h"
#include "base/error.h"
#include "base/log.h"

namespace lucerna::http {
namespace {

constexpr std::string_view kCorsHeaders =
    "Authorization, Accept, Content-Type, If-Match, If-None-Match, If-Range, Range";
constexpr std::string_view kCorsExposed =
    "Content-Type, Content-Length, Content-Location, ETag, X-Lucerna-ETag, Warning, X-Request-Id, "
    "Accept-Ranges, Content-Range, Location, Retry-After";

/// IMF-fixdate (RFC 9110 5.6.7), which knows no locale.
std::string http_date() {
    static constexpr std::array kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static constexpr std::array kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                           "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const std::time_t now = std::time(nullptr);
    std::tm utc{};
    gmtime_r(&now, &utc);
    std::array<char, 64> text{};
    std::snprintf(text.data(), text.size(), "%s, %02d %s %04d %02d:%02d:%02d GMT",
                  kDays.at(static_cast<std::size_t>(utc.tm_wday)), utc.tm_mday,
                  kMonths.at(static_cast<std::size_t>(utc.tm_mon)), utc.tm_year + 1900, utc.tm_hour,
                  utc.tm_min, utc.tm_sec);
    return text.data();
}

bool is_field_value(std::string_view value) {
    return std::none_of(value.begin(), value.end(), [](char c) {
        return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7F;
    });
}

void append(std::string& head, std::string_view name, std::string_view value) {
    head.append(name).append(": ").append(value).append("\r\n");
}

void append_cors(std::string& head, const Exchange& exchange, const Guard& guard) {
    if (!guard.allows_origins()) return;
    append(head, "Vary", "Origin");
    const std::optional<std::string> origin = guard.allowed_origin(exchange.request.headers);
    if (!origin) return;
    append(head, "Access-Control-Allow-Origin", *origin);
    append(head, "Access-Control-Expose-Headers", kCorsExposed);
}

/// Those that the handler did not set itself.
void append_defaults(std::string& head, const Response& response, bool is_tls, bool for_others) {
    const auto unless_set = [&](std::string_view name, std::string_view value) {
        if (!response.headers.has(name)) append(head, name, value);
    };
    unless_set("Cache-Control", "no-store");
    unless_set("Content-Security-Policy",
               "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'");
    unless_set("X-Content-Type-Options", "nosniff");
    unless_set("X-Frame-Options", "DENY");
    unless_set("Referrer-Policy", "no-referrer");
    unless_set("Cross-Origin-Opener-Policy", "same-origin");
    unless_set("Cross-Origin-Resource-Policy", for_others ? "cross-origin" : "same-origin");
    if (is_tls) unless_set("Strict-Transport-Security", "max-age=31536000");
}

Response options_answer(const Exchange& exchange, const Guard& guard) {
    std::string allowed;
    for (const std::string& method : exchange.routed.allowed_methods)
        allowed += (allowed.empty() ? "" : ", ") + method;
    Response response = Response::empty();
    if (!allowed.empty()) response.headers.set("Allow", allowed);
    if (guard.allowed_origin(exchange.request.headers)) {
        response.headers.set("Access-Control-Allow-Methods", allowed);
        response.headers.set("Access-Control-Allow-Headers", kCorsHeaders);
        response.headers.set("Access-Control-Max-Age", "600");
    }
    return response;
}

Response refused_by(const Verdict& verdict, const std::string& request_id) {
    Response response = refusal(verdict.status, verdict.code, verdict.message, request_id);
    if (verdict.status == 401) response.headers.set("WWW-Authenticate", "Bearer realm=\"lucerna\"");
    return response;
}

/// What may be put into addresses that are sent back.
bool is_authority(std::string_view host) {
    return !host.empty() && host.size() <= 255 && std::all_of(host.begin(), host.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               std::string_view("-._:[]").find(c) != std::string_view::npos;
    });
}

/// See Request::origin.
std::string origin_of(const Exchange& exchange) {
    if (!exchange.base_url.empty()) return exchange.base_url;
    const Headers& headers = exchange.request.headers;
    std::string host = headers.get_or("Host", "");
    if (!is_authority(host)) return {};
    // Without a port it would be that of the scheme (RFC 9110 7.2), but dicomweb-client leaves its
    // own out. What a proxy on this machine hands on names the proxy's host.
    const std::string name = host_without_port(host);
    const bool is_of_proxy = is_loopback(exchange.request.remote) && !names_loopback(name);
    const int usual = exchange.is_tls ? 443 : 80;
    if (name.size() == host.size() && !is_of_proxy && exchange.port != 0 && exchange.port != usual)
        host += ":" + std::to_string(exchange.port);
    return (exchange.is_tls ? "https://" : "http://") + host;
}

bool is_uid_or_number(std::string_view text) {
    return !text.empty() && text.size() <= 64 &&
           text.find_first_not_of("0123456789.") == std::string_view::npos;
}

/// Under a root that UIDs have, as no number of a telephone or an identity card begins that has as
/// many dots ("1.555.123.4567", "2.69.05.49.588"). A date has two of them.
bool is_surely_a_uid(std::string_view text) {
    constexpr std::string_view kRoots[] = {"1.2.", "1.3.", "2.16.840.", "2.999."};
    return is_uid_or_number(text) && std::count(text.begin(), text.end(), '.') >= 3 &&
           text.find("..") == std::string_view::npos && !text.ends_with('.') &&
           std::any_of(std::begin(kRoots), std::end(kRoots),
                       [&](std::string_view root) { return text.starts_with(root); });
}

/// Of addresses that are asked for where a base is wrong. Any other word may be somebody's name.
bool is_word_of_addresses(std::string_view text) {
    constexpr std::string_view kWords[] = {
        "aet",       "aets",        "api",       "bulkdata", "dicom",     "dicom-web",
        "dicomweb",  "favicon.ico", "fhir",      "frames",   "health",    "index.html",
        "instances", "metadata",    "metrics",   "orthanc",  "pacs",      "patients",
        "qido",      "qido-rs",     "r4",        "rendered", "rest",      "robots.txt",
        "rs",        "series",      "services",  "static",   "stow",      "stow-rs",
        "studies",   "subscribers", "thumbnail", "ups",      "ups-rs",    "v1",
        "v2",        "wado",        "wado-rs",   "wado-uri", "workitems", "worklist"};
    return std::find(std::begin(kWords), std::end(kWords), text) != std::end(kWords);
}

std::string loggable_where_unserved(std::string_view path) {
    constexpr std::size_t kLongest = 128;
    std::string shown;
    while (path.starts_with('/')) {
        path.remove_prefix(1);
        const std::string_view part = path.substr(0, path.find('/'));
        const bool show = part.empty() || is_word_of_addresses(part) || is_surely_a_uid(part);
        const std::string_view say = show ? part : "{}";
        if (shown.size() + 1 + say.size() > kLongest) return shown + "/...";
        (shown += '/') += say;
        path.remove_prefix(part.size());
    }
    return shown;
}

/// One that is registered, or looks like it; a client may write anything there.
std::string_view loggable_method(const Exchange& exchange) {
    if (exchange.routed.route) return exchange.routed.route->method;
    const std::string_view method = exchange.method;
    const bool is_one = method.size() <= 16 &&
                        std::all_of(method.begin(), method.end(),
                                    [](char c) { return (c >= 'A' && c <= 'Z') || c == '-'; });
    return is_one && !method.empty() ? method : "other";
}

}  // namespace

void set_target(Exchange& exchange, std::string_view target) {
    // RFC 9112 3.2.2: a server must take the absolute form too, and the host of that for the one
    // that is asked.
    for (const std::string_view scheme : {"http://", "https://"}) {
        if (!same_name(target.substr(0, scheme.size()), scheme)) continue;
        target.remove_prefix(scheme.size());
        const std::size_t host = std::min(target.size(), target.find_first_of("/?"));
        exchange.request.headers.set("Host", target.substr(0, host));
        target.remove_prefix(host);
        break;
    }
    const std::size_t mark = target.find('?');
    exchange.request.path = target.substr(0, mark);
    if (mark != std::string_view::npos)
        exchange.request.query = Query::parse(target.substr(mark + 1));
    if (exchange.request.path.empty()) exchange.request.path = "/";
}

std::optional<Response> settle_early(Exchange& exchange, std::string_view target,
                                     const Router& router, const Guard& guard) {
    Request& request = exchange.request;
    const bool asks_options = exchange.method == "OPTIONS";
    std::optional<Response> malformed;
    try {
        if (!(asks_options && target == "*")) {
            set_target(exchange, target);
            exchange.unserved = loggable_where_unserved(request.path);
            // The base of a service, which PS3.18 8.9.1 asks for as "/" below itself.
            if (std::string& path = request.path; asks_options && path.size() > 1)
                path.resize(path.size() - (path.ends_with('/') ? 1 : 0));
            exchange.routed = router.route(exchange.method, request.path);
            request.parameters = std::exchange(exchange.routed.parameters, {});
        }
        if (exchange.is_http_11 && !request.headers.has("Host"))
            throw Error(ErrorCode::kInvalidInput, "the request has no Host header");
    } catch (const Error& error) {
        malformed = refusal(error, request.id);
    }
    Access access = exchange.routed.route ? exchange.routed.route->access : Access::kRead;
    if (asks_options) access = Access::kOpen;
    const Verdict verdict =
        guard.judge({exchange.method, request.headers, request.remote, access, request.upgrades});
    request.principal = verdict.principal;
    if (malformed) return malformed;
    if (verdict.status != 0) return refused_by(verdict, request.id);
    const bool unknown = exchange.routed.allowed_methods.empty();
    const bool has_no_handler = !exchange.routed.route && (!unknown || target == "*");
    if (asks_options && has_no_handler) return options_answer(exchange, guard);
    if (!exchange.routed.route) return refusal(exchange.routed, exchange.method, request.id);
    if (const auto expected = request.headers.get("Expect");
        expected && !same_name(*expected, "100-continue"))
        return refusal(417, "unknown-expectation", "only Expect: 100-continue is known here",
                       request.id);
    request.origin = origin_of(exchange);
    request.method = exchange.method;
    if (exchange.method == "HEAD") {
        request.method = "GET";
        // Ranges are for GET alone (RFC 9110 14.2).
        request.headers.remove("Range");
    }
    return std::nullopt;
}

Response handle(Exchange& exchange) noexcept {
    Request& request = exchange.request;
    std::string what;
    Response response;
    try {
        return answer_of(*exchange.routed.route, request);
    } catch (const Error& error) {
        what = error.what();
        response = request.body.is_too_large() ? refusal(413, "too-large", error.what(), request.id)
                                               : refusal(error, request.id);
    } catch (const std::bad_alloc&) {
        what = "out of memory";
        response = refusal(Error(ErrorCode::kUnavailable, what), request.id);
    } catch (const std::exception& error) {
        what = error.what();
        response = refusal(Error(ErrorCode::kInternal, error.what()), request.id);
    }
    if (response.status >= 500)
        log_event(LogLevel::kError, "http.failed",
                  {{"request", request.id}, {"path", loggable_path(exchange)}, {"why", what}});
    return response;
}

Error error_of(BodyTrouble trouble) {
    switch (trouble) {
        case BodyTrouble::kTooLarge:
            return {ErrorCode::kInvalidInput, "the body is larger than this server takes"};
        case BodyTrouble::kTooSlow:
            return {ErrorCode::kUnavailable, "the body came in too slowly"};
        case BodyTrouble::kGone:
            return {ErrorCode::kUnavailable, "the client went away"};
        case BodyTrouble::kStopping:
            return {ErrorCode::kCancelled, "the server stops"};
        case BodyTrouble::kMalformed:
            return {ErrorCode::kInvalidInput, "the body's chunks are malformed"};
        case BodyTrouble::kNone:
            break;
    }
    return {ErrorCode::kInternal, "nothing is wrong with the body"};
}

Response refusal(BodyTrouble trouble, std::string_view request_id) {
    const Error error = error_of(trouble);
    if (trouble == BodyTrouble::kTooLarge)
        return refusal(413, "too-large", error.what(), request_id);
    if (trouble == BodyTrouble::kTooSlow) return refusal(408, "too-slow", error.what(), request_id);
    return refusal(error, request_id);
}

std::string fields_text(const Exchange& exchange, const Headers& headers) {
    std::string text;
    for (const auto& [name, value] : headers.all()) {
        if (is_field_value(value) && is_field_value(name)) {
            append(text, name, value);
        } else {
            log_event(LogLevel::kError, "http.header-dropped",
                      {{"request", exchange.request.id}, {"header", name}});
        }
    }
    return text;
}

std::string head_text(const Exchange& exchange, const Response& response, const Guard& guard,
                      const HeadOptions& options) {
    std::string head = "HTTP/1.1 " + std::to_string(response.status) + " ";
    head.append(reason_phrase(response.status)).append("\r\n");
    head += fields_text(exchange, response.headers);
    if (response.status == 503 && !response.headers.has("Retry-After"))
        append(head, "Retry-After", "5");
    append(head, "Date", http_date());
    append(head, "X-Request-Id", exchange.request.id);
    append_cors(head, exchange, guard);
    append_defaults(head, response, exchange.is_tls, guard.allows_origins());
    if (options.length) append(head, "Content-Length", std::to_string(*options.length));
    if (options.chunked) append(head, "Transfer-Encoding", "chunked");
    if (!options.keep_alive)
        append(head, "Connection", "close");
    else if (!exchange.is_http_11)
        append(head, "Connection", "keep-alive");
    return head + "\r\n";
}

std::string loggable_path(const Exchange& exchange) {
    if (!exchange.routed.route) return exchange.unserved;
    std::string path;
    for (const std::string& segment : exchange.routed.route->segments) {
        path += '/';
        const auto& parameters = exchange.request.parameters;
        const auto parameter = segment.size() < 2 || segment.front() != '{'
                                   ? parameters.end()
                                   : parameters.find(segment.substr(1, segment.size() - 2));
        const bool show = parameter != parameters.end() && is_uid_or_number(parameter->second);
        path += show ? parameter->second : segment;
    }
    return path.empty() ? "/" : path;
}

void let_go_of_what_was_asked(Exchange& exchange) {
    Request& request = exchange.request;
    std::string().swap(request.path);
    request.query = Query();
    request.headers = Headers();
    std::erase_if(request.parameters,
                  [](const auto& one) { return !is_uid_or_number(one.second); });
}

Ledger::Ledger(Metrics* metrics) : metrics_(metrics) {
    if (!metrics_) return;
    in_flight_ = &metrics_->gauge("lucerna_http_requests_in_flight", "Requests being answered.");
    seconds_ = &metrics_->histogram("lucerna_http_request_seconds",
                                    "Seconds from a request's head to the end of its answer.",
                                    {0.001, 0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60});
    sent_ = &metrics_->counter("lucerna_http_sent_bytes_total", "Bytes of answers' bodies.");
}

void Ledger::began() {
    if (in_flight_) in_flight_->add(1);
}

void Ledger::ended(const Exchange& exchange, Ending ending) {
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - exchange.began;
    const std::string status = exchange.status == 0 ? "none" : std::to_string(exchange.status);
    if (metrics_) {
        in_flight_->add(-1);
        seconds_->observe(took.count());
        sent_->add(exchange.bytes_sent);
        metrics_
            ->counter("lucerna_http_requests_total", "Requests by the status of their answer.",
                      {{"status", status}})
            .add();
    }
    log_event(exchange.status >= 500 ? LogLevel::kWarning : LogLevel::kInfo, "http.request",
              {{"request", exchange.request.id},
               {"method", loggable_method(exchange)},
               {"path", loggable_path(exchange)},
               {"status", exchange.status},
               {"seconds", took.count()},
               {"bytes", exchange.bytes_sent},
               {"remote", exchange.request.remote},
               {"principal", exchange.request.principal},
               {"cut", ending == Ending::kCut}});
}

namespace {

bool is_key_of_websocket(const std::string& key) {
    try {
        return from_base64(key).size() == 16;
    } catch (const Error&) {
        return false;
    }
}

}  // namespace

std::optional<Response> refuse_unclear(const Exchange& exchange) {
    const Request& request = exchange.request;
    const auto& fields = request.headers.all();
    const auto coding = request.headers.get("Transfer-Encoding");
    if (coding && (!same_name(*coding, "chunked") || !exchange.is_http_11))
        return refusal(400, "invalid-input",
                       "no Transfer-Encoding is known here but chunked, alone, in HTTP/1.1",
                       request.id);
    if (std::count_if(fields.begin(), fields.end(),
                      [](const auto& field) { return same_name(field.first, "Host"); }) > 1)
        return refusal(400, "invalid-input", "the request has several Host headers", request.id);
    if (request.upgrades && !is_key_of_websocket(request.headers.get_or("Sec-WebSocket-Key", "")))
        return refusal(400, "invalid-input",
                       "Sec-WebSocket-Key is not 16 bytes in base64 (RFC 6455 4.2.1)", request.id);
    return std::nullopt;
}

const std::string& turned_away() {
    static const std::string kText = [] {
        const std::string body =
            R"({"error":"busy","message":"too many connections are open","request":""})";
        return "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nRetry-After: 5\r\n"
               "Content-Type: application/json\r\nContent-Length: " +
               std::to_string(body.size()) + "\r\n\r\n" + body;
    }();
    return kText;
}

}  // namespace lucerna::http
