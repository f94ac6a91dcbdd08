#pragma once

#include <functional>
#include <string_view>

#include "http/message.h"

namespace lucerna::http {

/// What the conditions of a request say of it (RFC 9110 13.2.2).
enum class Conditions {
    kMet,          ///< or there are none
    kNotModified,  ///< of a GET: the client has what it asks for; answer 304
    kFailed,       ///< answer 412, and do nothing
};

/// Whether an entity tag, quoted and without W/, is one of what there is. Tags are strong here.
using IsCurrent = std::function<bool(std::string_view tag)>;

/// Of a request for something that is there. If-Match is met by a tag that is current, compared
/// strongly, If-None-Match by none, compared weakly (8.8.3.2); "*" stands for whatever there is.
/// Dates are no conditions: nothing here has a Last-Modified (13.1.3, 13.1.4).
[[nodiscard]] Conditions conditions_of(const Request& request, const IsCurrent& is_current);

/// Whether the client names `etag` (quoted) as what it has: then the answer need not be made to be
/// 304. Not for "*", as conditions count only where the answer would be a success (13.2.1), which
/// is known once it is made.
[[nodiscard]] bool has_already(const Request& request, std::string_view etag);

/// 304 with what the 200 has for headers, but for those that describe its body (15.4.5).
[[nodiscard]] Response not_modified(const Headers& of_the_200);

/// 412, with a sentence.
[[nodiscard]] Response precondition_failed(std::string_view request_id);

/// What the request's conditions make of the answer to GET: itself, 304 or 412. Answers that are no
/// success pass as they are.
[[nodiscard]] Response conditional(const Request& request, Response response);

}  // namespace lucerna::http
