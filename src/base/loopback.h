#pragma once

#include <string_view>

namespace lucerna {

/// What an http:// URL names after its "//", "127.0.0.1:8042/path", is this machine: plain HTTP may
/// carry patients' data and keys there, and nowhere else.
[[nodiscard]] constexpr bool is_this_machine(std::string_view authority) {
    for (const std::string_view host : {"127.0.0.1", "localhost", "[::1]"})
        if (authority.starts_with(host) &&
            (authority.size() == host.size() || authority[host.size()] == ':' ||
             authority[host.size()] == '/'))
            return true;
    return false;
}

}  // namespace lucerna
