#pragma once

#include <sys/socket.h>

#include <optional>
#include <string>

namespace lucerna {

/// The numeric address of a peer, without its port. An IPv4 address is told as such where it came
/// in by an IPv6 socket as well (`::ffff:192.0.2.1`, RFC 4291 2.5.5.2): one who named it in a list
/// meant it, whatever the socket. "unknown" where it has none.
[[nodiscard]] std::string peer_address(const sockaddr* address, socklen_t size);

/// The same of an address that is written out, in whichever of its forms; nothing where it is no
/// numeric address.
[[nodiscard]] std::optional<std::string> peer_address(const std::string& text);

/// Whoever has one address of IPv6 has 2^64 of them: of such an address the network,
/// "2001:db8::/64" (RFC 6177), of others all of it. For what one host may take, not for what is
/// said of it.
[[nodiscard]] std::string host_of(const std::string& address);

}  // namespace lucerna
