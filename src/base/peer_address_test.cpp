#include "base/peer_address.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>

namespace lucerna {
namespace {

std::string of_socket_of_v6(const char* text) {
    sockaddr_in6 address{};
    address.sin6_family = AF_INET6;
    EXPECT_EQ(::inet_pton(AF_INET6, text, &address.sin6_addr), 1);
    return peer_address(reinterpret_cast<const sockaddr*>(&address), sizeof address);
}

TEST(PeerAddress, IsNumeric) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(104);
    address.sin_addr.s_addr = ::inet_addr("192.0.2.7");
    EXPECT_EQ(peer_address(reinterpret_cast<const sockaddr*>(&address), sizeof address),
              "192.0.2.7");
    EXPECT_EQ(of_socket_of_v6("2001:db8::1"), "2001:db8::1");
}

TEST(PeerAddress, IsTheSameByWhicheverSocket) {
    EXPECT_EQ(of_socket_of_v6("::ffff:192.0.2.7"), "192.0.2.7");
    EXPECT_EQ(of_socket_of_v6("::ffff:127.0.0.1"), "127.0.0.1");
    EXPECT_EQ(of_socket_of_v6("::fffe:7f00:1"), "::fffe:7f00:1");
}

TEST(PeerAddress, IsTheSameInWhicheverFormItIsWritten) {
    EXPECT_EQ(peer_address("::ffff:192.0.2.7"), "192.0.2.7");
    EXPECT_EQ(peer_address("192.0.2.7"), "192.0.2.7");
    EXPECT_EQ(peer_address("2001:DB8:0::1"), "2001:db8::1");
    EXPECT_EQ(peer_address("pacs.example"), std::nullopt);
    EXPECT_EQ(peer_address(""), std::nullopt);
}

TEST(PeerAddress, IsUnknownWhereThereIsNone) {
    sockaddr_storage address{};
    address.ss_family = AF_UNIX;
    EXPECT_EQ(peer_address(reinterpret_cast<const sockaddr*>(&address), 0), "unknown");
}

TEST(PeerAddress, StandsForItsNetworkWhereThatIsOneHosts) {
    EXPECT_EQ(host_of("192.0.2.1"), "192.0.2.1");
    EXPECT_EQ(host_of("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
    EXPECT_EQ(host_of("2001:db8:1:2::1"), "2001:db8:1:2::/64");
    EXPECT_NE(host_of("2001:db8:1:3::1"), "2001:db8:1:2::/64");
    EXPECT_EQ(host_of("::1"), "::/64");
    EXPECT_EQ(host_of("unknown"), "unknown");
    EXPECT_EQ(host_of(""), "");
}

}  // namespace
}  // namespace lucerna
