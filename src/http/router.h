#pragma once
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "http/message.h"

namespace lucerna::http {

/// Who may ask. Where the server has tokens or a trusted user header, kRead and kWrite need one of
/// them, and kDelete a token; a token without the right to write, or to delete, is refused then.
enum class Access {
    kByMethod,  ///< kRead for GET, kWrite for all others
    kOpen,      ///< everybody: the page's own files, health
    kRead,
    kWrite,
    kDelete,  ///< takes out for good what is kept
};

struct Route {
    std::string method;
    std::string pattern;
    Handler handler;
    Access access = Access::kRead;
    std::vector<std::string> segments;
};

/// What a router says of a request, before its body is read.
struct Routed {
    /// Null if there is none: then `refusal_status` is 404 or 405.
    const Route* route = nullptr;
    std::map<std::string, std::string, std::less<>> parameters;
    int refusal_status = 0;
    /// Of this path, HEAD and OPTIONS among them.
    std::vector<std::string> allowed_methods;
};

/// Which handler answers which request.
class Router {
  public:
    /// A pattern is "/fixed/{name}/...": {name} matches one segment, "{name...}" at the end matches
    /// one or more, which come joined by "/". Fixed segments win over names, and names over
    /// "{name...}". HEAD is answered by GET's handler, OPTIONS by the server where there
    /// is no handler of its own. Throws Error(kInternal) for a malformed pattern, or method and
    /// pattern that are there already.
    void add(std::string_view method, std::string_view pattern, Handler handler,
             Access access = Access::kByMethod);

    /// `path` without query. Throws Error(kInvalidInput) as path_segments does.
    [[nodiscard]] Routed route(std::string_view method, std::string_view path) const;
    /// Finds and calls the handler, with the refusals of a server: for tests.
    [[nodiscard]] Response handle(Request& request) const;

    [[nodiscard]] const std::vector<Route>& routes() const { return routes_; }

  private:
    std::vector<Route> routes_;
};

/// What the route's handler says, cut down to the range that was asked for (range.h), where the
/// request's conditions are met (conditions.h). Throws what the handler throws.
[[nodiscard]] Response answer_of(const Route& route, Request& request);

/// 404 or 405 with Allow and a sentence, for what `route` refused.
[[nodiscard]] Response refusal(const Routed& routed, std::string_view method,
                               std::string_view request_id);

}  // namespace lucerna::http
