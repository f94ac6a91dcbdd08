#include "http/range.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "base/error.h"
#include "http/answer_memory.h"
#include "http/conditions.h"

namespace lucerna::http {
namespace {

/// One int-range or suffix-range (RFC 9110 14.1.1), as it was sent.
struct Asked {
    std::optional<std::size_t> first;
    std::optional<std::size_t> last;
};

/// Digits alone; what is too large for the type is larger than any body, and stays the largest.
std::optional<std::size_t> position(std::string_view text) {
    if (text.empty() || text.find_first_not_of("0123456789") != std::string_view::npos)
        return std::nullopt;
    std::size_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc() ? value : static_cast<std::size_t>(-1);
}

/// Empty where it is not one range of bytes.
std::optional<Asked> parse_range(std::string_view header) {
    const std::size_t equals = header.find('=');
    if (equals == std::string_view::npos || !same_name(header.substr(0, equals), "bytes"))
        return std::nullopt;
    const std::string_view range = header.substr(equals + 1);
    const std::size_t dash = range.find('-');
    if (dash == std::string_view::npos) return std::nullopt;
    const std::string_view first = range.substr(0, dash);
    const std::string_view last = range.substr(dash + 1);
    const Asked asked{position(first), position(last)};
    const bool well_formed = (asked.first || first.empty()) && (asked.last || last.empty()) &&
                             (asked.first || asked.last) &&
                             !(asked.first && asked.last && *asked.last < *asked.first);
    return well_formed ? std::optional(asked) : std::nullopt;
}

/// Of a body of `size` bytes; empty where none of it is asked for.
std::optional<Span> span_of(const Asked& asked, std::size_t size) {
    if (!asked.first) {
        const std::size_t count = std::min(*asked.last, size);
        return count == 0 ? std::nullopt : std::optional(Span{size - count, size});
    }
    if (*asked.first >= size) return std::nullopt;
    const std::size_t last = std::min(asked.last.value_or(size - 1), size - 1);
    return Span{*asked.first, last + 1};
}

template <typename Body>
void cut(Body& body, const Span& span) {
    body.erase(body.begin() + static_cast<std::ptrdiff_t>(span.end), body.end());
    body.erase(body.begin(), body.begin() + static_cast<std::ptrdiff_t>(span.begin));
}

void cut(Buffer& body, const Span& span) {
    const ByteView wanted = body.view().subspan(span.begin, span.end - span.begin);
    body = Bytes(wanted.begin(), wanted.end());
}

}  // namespace

std::optional<Span> span_asked(const Request& request, Response& response, std::size_t size) {
    const Span whole{0, size};
    const std::optional<std::string> etag = response.headers.get("ETag");
    if (request.method != "GET" || response.status != 200 || !etag) return whole;
    response.headers.set("Accept-Ranges", "bytes");
    const std::optional<Asked> asked = parse_range(request.headers.get_or("Range", ""));
    if (!asked) return whole;
    // They come before it (RFC 9110 13.2.2), and are answered for the whole.
    if (conditions_of(request, [&](std::string_view tag) { return tag == *etag; }) !=
        Conditions::kMet)
        return whole;
    // A weak tag never holds here (RFC 9110 13.1.5).
    if (const auto condition = request.headers.get("If-Range");
        condition && (*condition != *etag || etag->starts_with("W/")))
        return whole;
    const std::optional<Span> span = span_of(*asked, size);
    if (!span) {
        response =
            refusal(416, "range-not-satisfiable",
                    "Range asks for bytes beyond the " + std::to_string(size) + " that there are",
                    request.id);
        response.headers.set("Content-Range", "bytes */" + std::to_string(size));
        return std::nullopt;
    }
    response.status = 206;
    response.headers.set("Content-Range", "bytes " + std::to_string(span->begin) + "-" +
                                              std::to_string(span->end - 1) + "/" +
                                              std::to_string(size));
    return span;
}

Response ranged(const Request& request, Response response) {
    auto* text = std::get_if<std::string>(&response.body);
    auto* bytes = std::get_if<Bytes>(&response.body);
    auto* alone = std::get_if<Enclosed>(&response.body);
    // Parts have ranges of their own.
    if (alone && !(alone->before.empty() && alone->after.empty())) alone = nullptr;
    if (!text && !bytes && !alone) return response;
    const std::size_t size = text ? text->size() : bytes ? bytes->size() : alone->bytes.size();
    const std::optional<Span> span = span_asked(request, response, size);
    if (!span || response.status != 206) return response;
    if (text)
        cut(*text, *span);
    else if (bytes)
        cut(*bytes, *span);
    else
        cut(alone->bytes, *span);
    return response;
}

Response ranged(const Request& request, Response response, Pieces pieces) {
    const std::optional<Span> span =
        span_asked(request, response, static_cast<std::size_t>(pieces.size));
    if (!span) return response;
    std::uint64_t at = span->begin;
    const auto next = [read = std::move(pieces.read), end = span->end](std::uint64_t& from,
                                                                       std::uint64_t most) {
        Bytes bytes = read(from, std::min(most, end - from));
        if (bytes.empty() && from < end)
            throw Error(ErrorCode::kCorrupt, "a body is shorter than was said");
        from += bytes.size();
        return Chunk{.bytes = std::move(bytes), .last = from == end};
    };
    // It is held before anybody counts it.
    Chunk first = next(at, AnswerMemory::kLeastPiece);
    response.body = Stream{[next, at, first = std::optional(std::move(first))]() mutable {
                               if (!first) return next(at, answer_memory().piece_bytes());
                               Chunk chunk = std::move(*first);
                               first.reset();
                               return chunk;
                           },
                           span->end - span->begin};
    return response;
}

}  // namespace lucerna::http
