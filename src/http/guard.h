#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/headers.h"
#include "http/router.h"
#include "http/server.h"

namespace lucerna::http {

/// Whether `address` is a loopback address: "127.x.x.x" or "::1".
[[nodiscard]] bool is_loopback(std::string_view address);

/// Whether a Host without port names this machine itself.
[[nodiscard]] bool names_loopback(std::string_view host);

/// "host:port" without port, brackets of IPv6 kept, in lower case.
[[nodiscard]] std::string host_without_port(std::string_view authority);

/// The head of a request, as far as admission looks at it.
struct Asking {
    std::string_view method;
    const Headers& headers;
    /// Of the peer, without port.
    std::string_view remote;
    Access access = Access::kRead;
    /// It asks for a WebSocket, which a browser opens for any page.
    bool upgrades = false;
};

struct Verdict {
    /// 0: may go on.
    int status = 0;
    std::string code;
    std::string message;
    std::string principal;
};

/// Who may do what: host names, origins, tokens, and the user header of a trusted proxy. Decides by
/// the head alone, before a body is read.
class Guard {
  public:
    explicit Guard(const ServerOptions& options);

    [[nodiscard]] Verdict judge(const Asking& asking) const;
    /// The request's Origin, if it is one of those allowed: CORS headers follow.
    [[nodiscard]] std::optional<std::string> allowed_origin(const Headers& headers) const;
    [[nodiscard]] bool allows_origins() const { return !origins_.empty(); }

  private:
    struct Known {
        std::string principal;
        std::string token_sha256;
        BearerToken::Rights rights;
    };
    [[nodiscard]] bool knows_host(const Headers& headers) const;
    [[nodiscard]] bool is_from_other_site(const Asking& asking) const;
    [[nodiscard]] const Known* holder_of(std::string_view token) const;
    [[nodiscard]] Verdict identify(const Asking& asking) const;

    std::vector<Known> tokens_;
    std::string user_header_;
    std::vector<std::string> trusted_proxies_;
    std::vector<std::string> hosts_;
    std::vector<std::string> origins_;
    /// Hosts were said by name: who names none is not answered either.
    bool must_name_host_ = false;
    /// That which the server has from outside; empty where that is not known.
    std::string own_origin_;
};

}  // namespace lucerna::http
