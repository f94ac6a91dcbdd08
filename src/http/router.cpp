#include "http/router.h"

#include <algorithm>

#include "http/conditions.h"
#include "http/range.h"

namespace lucerna::http {
namespace {

bool is_name(std::string_view segment) {
    return segment.size() > 2 && segment.front() == '{' && segment.back() == '}';
}
bool takes_rest(std::string_view segment) {
    return is_name(segment) && segment.ends_with("...}");
}

/// Lower is more specific: compared segment by segment.
int rank(std::string_view segment) {
    if (takes_rest(segment)) return 2;
    return is_name(segment) ? 1 : 0;
}

std::vector<std::string> segments_of(std::string_view pattern) {
    std::vector<std::string> segments = path_segments(pattern);
    for (std::size_t i = 0; i < segments.size(); ++i) {
        const std::string& segment = segments[i];
        const bool braced = segment.find_first_of("{}") != std::string::npos;
        if ((braced && !is_name(segment)) ||
            (takes_rest(segment) && (segment.size() == 5 || i + 1 < segments.size())))
            throw Error(ErrorCode::kInternal, "malformed route " + std::string(pattern));
    }
    return segments;
}

bool matches(const Route& route, const std::vector<std::string>& path) {
    const auto& pattern = route.segments;
    const bool rest = !pattern.empty() && takes_rest(pattern.back());
    if (rest ? path.size() < pattern.size() : path.size() != pattern.size()) return false;
    for (std::size_t i = 0; i < pattern.size(); ++i)
        if (!is_name(pattern[i]) && pattern[i] != path[i]) return false;
    return true;
}

bool more_specific(const Route& a, const Route& b) {
    return std::lexicographical_compare(
        a.segments.begin(), a.segments.end(), b.segments.begin(), b.segments.end(),
        [](const std::string& x, const std::string& y) { return rank(x) < rank(y); });
}

std::map<std::string, std::string, std::less<>> parameters_of(
    const Route& route, const std::vector<std::string>& path) {
    std::map<std::string, std::string, std::less<>> parameters;
    for (std::size_t i = 0; i < route.segments.size(); ++i) {
        const std::string& segment = route.segments[i];
        if (!is_name(segment)) continue;
        if (!takes_rest(segment)) {
            parameters[segment.substr(1, segment.size() - 2)] = path[i];
            continue;
        }
        std::string rest = path[i];
        for (std::size_t j = i + 1; j < path.size(); ++j) rest += "/" + path[j];
        parameters[segment.substr(1, segment.size() - 5)] = rest;
    }
    return parameters;
}

std::string joined(const std::vector<std::string>& words) {
    std::string text;
    for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
    return text;
}

}  // namespace

void Router::add(std::string_view method, std::string_view pattern, Handler handler,
                 Access access) {
    Route route{std::string(method), std::string(pattern), std::move(handler), access,
                segments_of(pattern)};
    if (access == Access::kByMethod)
        route.access = method == "GET" ? Access::kRead : Access::kWrite;
    for (const Route& other : routes_)
        if (other.method == method && other.pattern == pattern)
            throw Error(ErrorCode::kInternal,
                        "two handlers for " + std::string(method) + " " + std::string(pattern));
    routes_.push_back(std::move(route));
}

Routed Router::route(std::string_view method, std::string_view path) const {
    const std::vector<std::string> segments = path_segments(path);
    const std::string_view wanted = method == "HEAD" ? "GET" : method;
    Routed routed;
    for (const Route& route : routes_) {
        if (!matches(route, segments)) continue;
        if (std::find(routed.allowed_methods.begin(), routed.allowed_methods.end(), route.method) ==
            routed.allowed_methods.end())
            routed.allowed_methods.push_back(route.method);
        if (route.method == wanted && (!routed.route || more_specific(route, *routed.route)))
            routed.route = &route;
    }
    if (routed.route) routed.parameters = parameters_of(*routed.route, segments);
    routed.refusal_status = routed.allowed_methods.empty() ? 404 : 405;
    auto& allowed = routed.allowed_methods;
    if (!allowed.empty()) {
        if (std::find(allowed.begin(), allowed.end(), "GET") != allowed.end())
            allowed.emplace_back("HEAD");
        allowed.emplace_back("OPTIONS");
        std::sort(allowed.begin(), allowed.end());
        allowed.erase(std::unique(allowed.begin(), allowed.end()), allowed.end());
    }
    return routed;
}

Response answer_of(const Route& route, Request& request) {
    return conditional(request, ranged(request, route.handler(request)));
}

Response Router::handle(Request& request) const {
    try {
        Routed routed = route(request.method, request.path);
        if (!routed.route) return refusal(routed, request.method, request.id);
        request.parameters = std::move(routed.parameters);
        return answer_of(*routed.route, request);
    } catch (const Error& error) {
        return refusal(error, request.id);
    }
}

Response refusal(const Routed& routed, std::string_view method, std::string_view request_id) {
    if (routed.refusal_status == 404)
        return refusal(404, "not-found", "nothing is served under this address", request_id);
    const std::string allowed = joined(routed.allowed_methods);
    Response response = refusal(
        405, "method-not-allowed",
        "this address does not take " + std::string(method) + "; it takes " + allowed, request_id);
    response.headers.set("Allow", allowed);
    return response;
}

}  // namespace lucerna::http
