#include "http/conditions.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <utility>

#include "http/media_type.h"

namespace lucerna::http {
namespace {

// Of a body that is not sent; a cache would take them for those of the one that it has.
constexpr std::array<std::string_view, 6> kOfTheBody = {"Content-Type",   "Content-Encoding",
                                                        "Content-Range",  "Content-Language",
                                                        "Content-Length", "Accept-Ranges"};

/// Whether one of the tags in a field is current; `weak` ones count with what they name.
bool names_current(std::string_view field, bool weak, const IsCurrent& is_current) {
    for (std::string_view tag : split_outside_quotes(field, ',')) {
        const bool is_weak = tag.starts_with("W/");
        if (is_weak && !weak) continue;
        if (is_weak) tag.remove_prefix(2);
        if (tag.size() >= 2 && tag.front() == '"' && tag.back() == '"' && is_current(tag))
            return true;
    }
    return false;
}

bool is_any(std::string_view field) {
    const auto fields = split_outside_quotes(field, ',');
    return fields.size() == 1 && fields.front() == "*";
}

IsCurrent is_tag(std::string_view etag) {
    return [etag](std::string_view tag) { return tag == etag; };
}

}  // namespace

Conditions conditions_of(const Request& request, const IsCurrent& is_current) {
    if (const auto wanted = request.headers.get("If-Match");
        wanted && !is_any(*wanted) && !names_current(*wanted, false, is_current))
        return Conditions::kFailed;
    if (const auto known = request.headers.get("If-None-Match");
        known && (is_any(*known) || names_current(*known, true, is_current)))
        return request.method == "GET" ? Conditions::kNotModified : Conditions::kFailed;
    return Conditions::kMet;
}

bool has_already(const Request& request, std::string_view etag) {
    const auto known = request.headers.get("If-None-Match");
    return known && !is_any(*known) &&
           conditions_of(request, is_tag(etag)) == Conditions::kNotModified;
}

Response not_modified(const Headers& of_the_200) {
    Response response{304, of_the_200, std::string()};
    for (const std::string_view name : kOfTheBody) response.headers.remove(name);
    return response;
}

Response precondition_failed(std::string_view request_id) {
    return refusal(412, "precondition-failed",
                   "what is there is not what If-Match or If-None-Match asks for; get it again to "
                   "see what it is now",
                   request_id);
}

Response conditional(const Request& request, Response response) {
    const bool is_success = response.status == 200 || response.status == 206;
    if (request.method != "GET" || !is_success || response.channel) return response;
    const std::string etag = response.headers.get_or("ETag", "");
    switch (conditions_of(request, is_tag(etag))) {
        case Conditions::kMet:
            break;
        case Conditions::kNotModified:
            return not_modified(response.headers);
        case Conditions::kFailed:
            return precondition_failed(request.id);
    }
    return response;
}

}  // namespace lucerna::http
