#include "base/peer_address.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace lucerna {
namespace {

std::string numeric_host(const sockaddr* address, socklen_t size) {
    std::array<char, NI_MAXHOST> host{};
    if (::getnameinfo(address, size, host.data(), host.size(), nullptr, 0, NI_NUMERICHOST) != 0)
        return "unknown";
    return host.data();
}

}  // namespace

std::string peer_address(const sockaddr* address, socklen_t size) {
    sockaddr_in6 wide{};
    if (address->sa_family == AF_INET6 && size >= sizeof wide) {
        std::memcpy(&wide, address, sizeof wide);
        if (IN6_IS_ADDR_V4MAPPED(&wide.sin6_addr)) {
            sockaddr_in plain{};
            plain.sin_family = AF_INET;
            std::memcpy(&plain.sin_addr, wide.sin6_addr.s6_addr + 12, sizeof plain.sin_addr);
            return numeric_host(reinterpret_cast<const sockaddr*>(&plain), sizeof plain);
        }
    }
    return numeric_host(address, size);
}

std::optional<std::string> peer_address(const std::string& text) {
    addrinfo hints{};
    hints.ai_flags = AI_NUMERICHOST;
    addrinfo* list = nullptr;
    if (::getaddrinfo(text.c_str(), nullptr, &hints, &list) != 0) return {};
    std::string address = peer_address(list->ai_addr, list->ai_addrlen);
    ::freeaddrinfo(list);
    return address;
}

std::string host_of(const std::string& address) {
    in6_addr wide{};
    if (::inet_pton(AF_INET6, address.c_str(), &wide) != 1) return address;
    std::fill(std::begin(wide.s6_addr) + 8, std::end(wide.s6_addr), std::uint8_t{0});
    std::array<char, INET6_ADDRSTRLEN> text{};
    ::inet_ntop(AF_INET6, &wide, text.data(), text.size());
    return std::string(text.data()) + "/64";
}

}  // namespace lucerna
