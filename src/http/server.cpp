#include "http/server.h"

#include <array>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ssl/context.hpp>
#include <optional>
#include <system_error>
#include <thread>

#include "base/error.h"
#include "base/log.h"
#include "http/connection.h"
#include "http/tls_context.h"

namespace lucerna::http {
namespace {

using namespace connection;

/// Threads that wait for sockets, and do what TLS asks for.
constexpr std::size_t kLanes = 2;

/// A thread with the connections that it alone serves: what is theirs needs no lock, and what comes
/// wakes nobody else.
struct Lane {
    asio::io_context io{1};
    // What a worker has in hand is no work that the context knows of.
    asio::executor_work_guard<asio::io_context::executor_type> stay = asio::make_work_guard(io);
};

Tcp::endpoint endpoint_of(const ServerOptions& options) {
    error_code failed;
    const auto address = asio::ip::make_address(options.address, failed);
    if (failed)
        throw Error(ErrorCode::kInvalidInput,
                    "http: \"" + options.address + "\" is not a numeric address");
    return {address, options.port};
}

}  // namespace

class Server::Implementation {
  public:
    Implementation(ServerOptions options, Router router) : shop_(options, std::move(router)) {
        if (TlsContext context = tls_context_of(options)) tls_.emplace(context.release());
        listen(endpoint_of(options));
        accept();
        try {
            for (std::size_t i = 0; i < kLanes; ++i)
                threads_.at(i) = std::jthread([&lane = lanes_.at(i)] { lane.io.run(); });
        } catch (const std::system_error&) {
            // Whichever have begun would go on for ever.
            for (Lane& lane : lanes_) lane.io.stop();
            throw Error(ErrorCode::kUnavailable, "http: the system gives no thread");
        }
    }

    ~Implementation() {
        asio::post(acceptor_.get_executor(), [this] {
            error_code ignored;
            pause_.cancel();
            acceptor_.close(ignored);
        });
        shop_.stop_all();
        shop_.wait_until_empty();
        for (Lane& lane : lanes_) lane.io.stop();
    }

    [[nodiscard]] std::uint16_t port() const { return port_; }
    [[nodiscard]] std::string url() const {
        const std::string& address = shop_.options.address;
        const bool is_v6 = address.find(':') != std::string::npos;
        return std::string(tls_ ? "https://" : "http://") +
               (is_v6 ? "[" + address + "]" : address) + ":" + std::to_string(port_);
    }

  private:
    void listen(const Tcp::endpoint& endpoint) {
        error_code failed;
        acceptor_.open(endpoint.protocol(), failed);
        if (!failed) acceptor_.set_option(Tcp::acceptor::reuse_address(true), failed);
        if (!failed) acceptor_.bind(endpoint, failed);
        if (!failed) acceptor_.listen(asio::socket_base::max_listen_connections, failed);
        if (failed)
            throw Error(ErrorCode::kUnavailable, "http: cannot listen on " + shop_.options.address +
                                                     " port " + std::to_string(endpoint.port()) +
                                                     ": " + failed.message());
        port_ = acceptor_.local_endpoint().port();
    }

    void accept() {
        Lane& lane = lanes_.at(next_lane_++ % kLanes);
        acceptor_.async_accept(lane.io, [this](error_code failed, Tcp::socket socket) {
            if (failed == asio::error::operation_aborted || shop_.is_stopping()) return;
            if (failed) {
                // Out of file descriptors, mostly: others may be given back.
                log_event(LogLevel::kWarning, "http.accept-failed", {{"why", failed.message()}});
                pause_.expires_after(100ms);
                pause_.async_wait([this](error_code stopped) {
                    if (!stopped) accept();
                });
                return;
            }
            if (tls_)
                std::make_shared<Connection<TlsStream>>(shop_, std::move(socket), *tls_)->start();
            else
                std::make_shared<Connection<PlainStream>>(shop_, std::move(socket))->start();
            accept();
        });
    }

    std::optional<asio::ssl::context> tls_;
    Shop shop_;
    // After the shop: handlers that it still holds at the end hold connections, which know the
    // shop.
    std::array<Lane, kLanes> lanes_;
    std::size_t next_lane_ = 0;
    // Of the lane that goes first: what waits to be accepted may belong to any.
    Tcp::acceptor acceptor_{lanes_.back().io};
    asio::steady_timer pause_{acceptor_.get_executor()};
    std::uint16_t port_ = 0;
    std::array<std::jthread, kLanes> threads_;
};

Server::Server(ServerOptions options, Router router) {
    check(options);
    implementation_ = std::make_unique<Implementation>(std::move(options), std::move(router));
}

Server::~Server() = default;

std::uint16_t Server::port() const {
    return implementation_->port();
}
std::string Server::url() const {
    return implementation_->url();
}

}  // namespace lucerna::http
