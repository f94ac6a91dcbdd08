#include "http/message.h"

#include <algorithm>

namespace lucerna::http {

Bytes BodyReader::read_all(std::size_t limit) {
    const auto refuse_beyond_limit = [&](std::uint64_t size) {
        if (size <= limit) return;
        too_large_ = true;
        throw Error(ErrorCode::kInvalidInput,
                    "the body is larger than " + std::to_string(limit) + " bytes");
    };
    refuse_beyond_limit(length().value_or(0));
    constexpr std::size_t kStep = 64 * 1024;
    Bytes all;
    for (;;) {
        const std::size_t had = all.size();
        all.resize(had + kStep);
        const std::size_t got = read(std::span(all).subspan(had));
        all.resize(had + got);
        if (got == 0) return all;
        refuse_beyond_limit(all.size());
    }
}

std::size_t BodyInMemory::read(std::span<std::uint8_t> into) {
    const std::size_t count = std::min(into.size(), text_.size() - at_);
    std::copy_n(text_.begin() + static_cast<std::ptrdiff_t>(at_), count, into.begin());
    at_ += count;
    return count;
}

const std::string& Request::parameter(std::string_view name) const {
    const auto found = parameters.find(name);
    if (found == parameters.end())
        throw Error(ErrorCode::kInternal, "the route has no parameter " + std::string(name));
    return found->second;
}

Response Response::of(int status, std::string_view content_type, std::string text) {
    Response response{status, {}, std::move(text)};
    response.headers.set("Content-Type", content_type);
    return response;
}

Response Response::of(int status, std::string_view content_type, Bytes bytes,
                      std::shared_ptr<const void> held) {
    Response response{status, {}, {}};
    if (held)
        response.body = Enclosed{{}, Buffer(std::move(bytes)), {}, std::move(held)};
    else
        response.body = std::move(bytes);
    response.headers.set("Content-Type", content_type);
    return response;
}

Response Response::json(int status, std::string text) {
    return of(status, "application/json", std::move(text));
}

Response Response::empty() {
    return {204, {}, std::string()};
}

Response refusal(int status, std::string_view code, std::string_view message,
                 std::string_view request_id) {
    return Response::json(status, "{\"error\":" + json_quoted(code) +
                                      ",\"message\":" + json_quoted(message) +
                                      ",\"request\":" + json_quoted(request_id) + "}");
}

int status_of(ErrorCode code) {
    switch (code) {
        case ErrorCode::kInvalidInput:
            return 400;
        case ErrorCode::kNotFound:
            return 404;
        case ErrorCode::kConflict:
            return 409;
        case ErrorCode::kUnsupported:
            return 501;
        case ErrorCode::kUnavailable:
            return 503;
        case ErrorCode::kOutOfSpace:
            return 507;
        case ErrorCode::kIo:
            return 500;
        case ErrorCode::kCorrupt:
            return 500;
        case ErrorCode::kCancelled:
            return 503;
        case ErrorCode::kInternal:
            return 500;
    }
    return 500;
}

Response refusal(const Error& error, std::string_view request_id) {
    const bool ours = error.code() == ErrorCode::kInternal || error.code() == ErrorCode::kIo;
    return refusal(status_of(error.code()), name_of(error.code()),
                   ours ? "something went wrong here; the server's log has more under this request"
                        : error.what(),
                   request_id);
}

std::string_view reason_phrase(int status) {
    switch (status) {
        case 100:
            return "Continue";
        case 101:
            return "Switching Protocols";
        case 200:
            return "OK";
        case 201:
            return "Created";
        case 202:
            return "Accepted";
        case 204:
            return "No Content";
        case 206:
            return "Partial Content";
        case 301:
            return "Moved Permanently";
        case 302:
            return "Found";
        case 303:
            return "See Other";
        case 304:
            return "Not Modified";
        case 307:
            return "Temporary Redirect";
        case 308:
            return "Permanent Redirect";
        case 400:
            return "Bad Request";
        case 401:
            return "Unauthorized";
        case 403:
            return "Forbidden";
        case 404:
            return "Not Found";
        case 405:
            return "Method Not Allowed";
        case 406:
            return "Not Acceptable";
        case 408:
            return "Request Timeout";
        case 409:
            return "Conflict";
        case 410:
            return "Gone";
        case 411:
            return "Length Required";
        case 412:
            return "Precondition Failed";
        case 413:
            return "Content Too Large";
        case 414:
            return "URI Too Long";
        case 415:
            return "Unsupported Media Type";
        case 416:
            return "Range Not Satisfiable";
        case 417:
            return "Expectation Failed";
        case 421:
            return "Misdirected Request";
        case 422:
            return "Unprocessable Content";
        case 426:
            return "Upgrade Required";
        case 429:
            return "Too Many Requests";
        case 431:
            return "Request Header Fields Too Large";
        case 500:
            return "Internal Server Error";
        case 501:
            return "Not Implemented";
        case 502:
            return "Bad Gateway";
        case 503:
            return "Service Unavailable";
        case 504:
            return "Gateway Timeout";
        case 505:
            return "HTTP Version Not Supported";
        case 507:
            return "Insufficient Storage";
        default:
            return {};
    }
}

}  // namespace lucerna::http
