#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>

#include "dicom/transport.h"

namespace lucerna::test {

/// A connection of another address of this machine, "127.0.0.2".
inline dicom::Descriptor connect_from(const char* address, std::uint16_t port) {
    dicom::Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const auto at = [](const char* host, std::uint16_t number) {
        sockaddr_in name{};
        name.sin_family = AF_INET;
        name.sin_port = htons(number);
        name.sin_addr.s_addr = ::inet_addr(host);
        return name;
    };
    const sockaddr_in own = at(address, 0);
    const sockaddr_in peer = at("127.0.0.1", port);
    EXPECT_EQ(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&own), sizeof own), 0);
    EXPECT_EQ(::connect(socket.get(), reinterpret_cast<const sockaddr*>(&peer), sizeof peer), 0);
    (void)::fcntl(socket.get(), F_SETFL, O_NONBLOCK);
    return socket;
}

}  // namespace lucerna::test
