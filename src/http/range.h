#pragma once

#include <cstddef>
#include <optional>

#include "http/message.h"
#include "http/pieces.h"

namespace lucerna::http {

/// Gives what the request's Range header asks for of a whole answer (RFC 9110 14). It applies to
/// answers to GET with status 200, an ETag and a body that is there in memory, and says so by
/// Accept-Ranges; others pass as they are. One range of bytes becomes 206 with Content-Range, or
/// 416 where none of it is there. Several ranges, other units and what is no range are answered
/// with the whole (14.2), as is If-Range with another tag than the answer's, or with a date
/// (13.1.5): nothing here has a Last-Modified. So is, for conditional() to judge it, one whose
/// other conditions are not met.
[[nodiscard]] Response ranged(const Request& request, Response response);

/// The same for a body in pieces, of which only what is sent is read; `response` is its head. The
/// first piece is read at once, so that what that throws is still an answer of its own.
[[nodiscard]] Response ranged(const Request& request, Response response, Pieces pieces);

/// Bytes [begin, end) of a body.
struct Span {
    std::size_t begin;
    std::size_t end;
};
/// The same for who sends the body himself: which bytes of `size` to send. Where it is a range,
/// `head` has 206 and Content-Range then; where nothing of it is there, `head` is the refusal and
/// the answer is empty.
[[nodiscard]] std::optional<Span> span_asked(const Request& request, Response& head,
                                             std::size_t size);

}  // namespace lucerna::http
