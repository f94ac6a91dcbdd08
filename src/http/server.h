#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "http/metrics.h"
#include "http/router.h"

namespace lucerna::http {

/// A secret that a client sends as "Authorization: Bearer <token>".
struct BearerToken {
    /// Each has those before it.
    enum class Rights { kRead, kReadAndWrite, kDelete };
    /// Becomes Request::principal.
    std::string principal;
    /// At least 16 characters.
    std::string token;
    Rights rights = Rights::kReadAndWrite;
};

struct ServerOptions {
    /// A numeric address. Beyond loopback ("127.0.0.1", "::1") the server wants tokens.
    std::string address = "127.0.0.1";
    /// 0 takes any free one.
    std::uint16_t port = 0;
    /// PEM files; TLS 1.2 and later when both are given.
    std::filesystem::path tls_certificate_chain = {};
    std::filesystem::path tls_private_key = {};

    std::vector<BearerToken> tokens = {};
    /// A header in which a reverse proxy names the user ("X-Remote-User"). Believed from
    /// `trusted_proxies` alone; from others it counts for nothing. Empty: no such header.
    std::string user_header = {};
    std::vector<std::string> trusted_proxies = {"127.0.0.1", "::1"};
    /// Names under which the server may be asked, without port. Empty: any; but a server on
    /// loopback knows only localhost, 127.0.0.1 and [::1] then, so that no outside name can be
    /// bound to it (DNS rebinding).
    std::vector<std::string> allowed_hosts = {};
    /// What stands before the path in addresses that are sent back, as "https://pacs.example" where
    /// a reverse proxy is in front of the server; a path behind it is what the proxy takes away.
    /// Its host is an allowed one, and its origin the server's own. Empty: as the client asks.
    std::string base_url = {};
    /// Origins of other pages that may read and write ("https://viewer.example"). Empty: none.
    std::vector<std::string> allowed_origins = {};

    /// Threads that run handlers; those whose body is still coming in have their own.
    std::size_t threads = 8;
    std::size_t upload_threads = 8;
    /// Requests that wait for memory at once, beside those threads; one more is refused (503). Each
    /// holds its head, a body of 64 KiB at most, a thread, and what it has ready for its client.
    std::size_t most_waiting = 128;
    /// Requests that wait for another service at once (the object store, the key service), beside
    /// those threads; one more is refused (503).
    std::size_t most_waiting_outside = 64;
    /// Bodies that are waited for at once, beside the threads of those that came. Where they are so
    /// many and others wait for a place, the least rate is `least_upload_where_others_wait`.
    std::size_t most_slow_uploads = 24;
    std::size_t max_connections = 1024;
    /// Of those connections, how many may be in the middle of a TLS handshake, which holds what the
    /// client says of itself: 128 KiB, as OpenSSL lets it. For one more, the oldest is given up of
    /// the address that has most.
    std::size_t max_handshakes = 128;
    /// Of those connections, how many may be WebSockets.
    std::size_t max_channels = 256;
    /// Of those connections, how many may have an event stream as their answer. For one more, the
    /// oldest is ended: a page opens it again by itself.
    std::size_t max_event_streams = 256;
    std::size_t max_header_bytes = 32 * 1024;
    std::uint64_t max_body_bytes = std::uint64_t{16} << 30;
    /// For the whole head of a request, from its first byte or the connection's start.
    std::chrono::milliseconds header_timeout{10'000};
    /// Between requests of a connection.
    std::chrono::milliseconds keep_alive_timeout{75'000};
    /// Of a WebSocket whose client does not even answer pings, which are sent in half the time.
    std::chrono::milliseconds channel_idle{60'000};
    /// Without a byte of a body coming in, or going out.
    std::chrono::milliseconds stall_timeout{30'000};
    /// The same of a body coming in, where connections are as many as they may be and one more
    /// comes. One that has come in at less than `least_upload_where_others_wait` for so long counts
    /// as well, and the slowest is given up. So is an answer of which its client takes nothing.
    std::chrono::milliseconds stall_where_others_wait{5'000};
    /// A body that comes in more slowly than this, measured from its start, after stall_timeout
    /// has passed, is given up.
    std::uint64_t least_upload_bytes_per_second = 512;
    std::uint64_t least_upload_where_others_wait = 64 * 1024;

    /// Where requests are counted; borrowed. Null: nowhere.
    Metrics* metrics = nullptr;
};

/// Throws Error(kInvalidInput), naming the option, for what a server would refuse to start with:
/// no tokens beyond loopback, a token that is short or double, one of two TLS files, an origin or
/// base URL that is none or "*", an address that is none.
void check(const ServerOptions& options);

/// An HTTP/1.1 server. Handlers run on worker threads and may block. What a handler throws becomes
/// an answer by `status_of`. Each request is logged as "http.request": id, method, the route (with
/// UIDs, without query), status, seconds, bytes, principal.
class Server {
  public:
    /// Listens on return. Throws Error: as `check`; kUnavailable (the port is taken),
    /// kInvalidInput (a TLS file that does not fit).
    Server(ServerOptions options, Router router);
    /// Stops accepting, cuts connections, waits for the handlers in hand.
    ~Server();
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    [[nodiscard]] std::uint16_t port() const;
    /// "http://127.0.0.1:8042".
    [[nodiscard]] std::string url() const;

  private:
    class Implementation;
    std::unique_ptr<Implementation> implementation_;
};

}  // namespace lucerna::http
