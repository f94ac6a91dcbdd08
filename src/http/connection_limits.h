#pragma once

#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace lucerna::http::connection {

using namespace std::chrono_literals;

/// Of a body, read before a handler is called: small ones never make a thread wait, and as many
/// connections as there may be can hold so much.
constexpr std::size_t kReadAhead = 32 * 1024;
/// Of the head of a chunk, and of what follows the last one, meanwhile.
constexpr std::size_t kMostBetweenChunks = 16 * 1024;
/// From the network at once, once a handler takes it.
constexpr std::size_t kReadAtOnce = 64 * 1024;
/// Of memory for what comes, kept while a request is answered.
constexpr std::size_t kFreelyBuffered = 8 * 1024;
/// What has come and is not parsed, at most.
constexpr std::size_t most_buffered(const auto& options) {
    return options.max_header_bytes + kReadAtOnce;
}
/// Given to a handler that streams: so large that changing threads costs little.
constexpr std::size_t kUploadPiece = 256 * 1024;
/// Asio on its own would write 64 KiB at once, and pass through the reactor for each.
constexpr std::size_t kMostAtOnce = std::size_t{1} << 30;
/// Of an answer, what a client must take within one stall timeout.
constexpr std::size_t kTakenInTime = 256 * 1024;
/// And from one look to the next, some seconds, where others need the memory or the place.
constexpr std::size_t kTakenBetweenLooks = 32 * 1024;
/// For the rest of a request that was answered before it had all come in.
constexpr auto kLinger = 3s;
/// What a client that is slow to take its answer gets once the server stops.
constexpr auto kFarewell = 2s;
constexpr const char* kTooSlowForOthers =
    "its client is slow to take it, and others need the memory";
constexpr const char* kTooSlowForACrowd =
    "its client is slow to take it, and others need the connection";

/// While nothing is read from it: whether its client is gone. One that has closed its side alone
/// listens still to what has begun, and is taken, as by other servers, to want nothing that has
/// not.
[[nodiscard]] inline bool is_left_by_client(int socket, bool has_begun) {
    ::tcp_info info{};
    ::socklen_t size = sizeof info;
    return ::getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &size) == 0 &&
           (info.tcpi_state == TCP_CLOSE || (!has_begun && info.tcpi_state == TCP_CLOSE_WAIT));
}

/// What the client of a connection has taken, as far as its system has said so.
struct TakenByClient {
    /// To the system, since the connection began.
    std::uint64_t written = 0;

    /// How much that is, without what waits on this side.
    [[nodiscard]] std::uint64_t by_now(int socket) const {
        int waiting = 0;
        (void)::ioctl(socket, SIOCOUTQ, &waiting);
        return written - std::min(written, static_cast<std::uint64_t>(std::max(waiting, 0)));
    }
    /// How much more it is than when that was asked last.
    std::uint64_t look(int socket) {
        const std::uint64_t now = by_now(socket);
        const std::uint64_t before = std::min(now, seen_);
        seen_ = now;
        return now - before;
    }

  private:
    std::uint64_t seen_ = 0;
};

}  // namespace lucerna::http::connection
