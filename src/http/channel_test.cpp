#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <cstdlib>
#include <optional>
#include <thread>

#include "http/server.h"
#include "support/http_client.h"

namespace lucerna::http {
namespace {

using namespace std::chrono_literals;
namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = boost::beast::websocket;

constexpr const char* kToken = "0123456789abcdef";

Bytes bytes_of(const std::string& text) {
    return {text.begin(), text.end()};
}

/// An endpoint that is served is a client of Boost.Beast's own.
class Client {
  public:
    Client(std::uint16_t port, const std::string& path) : socket_(io_) {
        socket_.next_layer().connect({asio::ip::make_address("127.0.0.1"), port});
        websocket::response_type answer;
        boost::system::error_code failed;
        socket_.handshake(answer, "localhost", path, failed);
        status_ = static_cast<int>(answer.result_int());
        const auto id = answer["X-Request-Id"];
        request_id_.assign(id.data(), id.size());
    }
    [[nodiscard]] int status() const { return status_; }
    [[nodiscard]] const std::string& request_id() const { return request_id_; }
    /// Empty once the channel is closed.
    std::optional<std::string> message() {
        beast::flat_buffer buffer;
        boost::system::error_code failed;
        socket_.read(buffer, failed);
        if (failed) return std::nullopt;
        return beast::buffers_to_string(buffer.data());
    }
    void say(const std::string& text) {
        boost::system::error_code ignored;
        socket_.write(asio::buffer(text), ignored);
    }
    [[nodiscard]] int close_code() const { return socket_.reason().code; }
    void close() { socket_.close(websocket::close_code::normal); }

  private:
    asio::io_context io_;
    websocket::stream<asio::ip::tcp::socket> socket_;
    int status_ = 0;
    std::string request_id_;
};

/// What a request for a channel is answered with; the connection ends after that.
int status_of(std::uint16_t port, const std::string& path, const std::string& headers = {}) {
    test::HttpClient client(port);
    client.send("GET " + path +
                " HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\n"
                "Upgrade: websocket\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
                "Sec-WebSocket-Version: 13\r\n" +
                headers + "\r\n");
    while (client.pending().find("\r\n\r\n") == std::string::npos)
        if (!client.fill()) return 0;
    return std::atoi(client.pending().c_str() + std::string_view("HTTP/1.1 ").size());
}

class ChannelTest : public testing::Test {
  protected:
    Router router() {
        Router router;
        router.add("GET", "/count", [](Request& request) {
            if (!request.upgrades) return Response::of(200, "text/plain", std::string("plain"));
            Response response;
            response.channel = Channel{[at = 0]() mutable -> Chunk {
                                           if (at == 6) return {.wait = 10ms};
                                           if (++at % 2 == 0) return {.wait = 1ms};
                                           return {.bytes = bytes_of(std::to_string(at))};
                                       },
                                       bytes_of("farewell")};
            return response;
        });
        router.add("GET", "/flood", [this](Request&) {
            Response response;
            response.channel = Channel{[this]() -> Chunk {
                ++asked;
                return {.bytes = Bytes(1 << 20, 'x')};
            }};
            return response;
        });
        router.add("GET", "/heard", [this](Request&) {
            Response response;
            response.channel = Channel{[this]() -> Chunk {
                const int number = ++asked;
                if (number > 4) return {.wait = 10ms};
                return {.bytes = bytes_of(std::to_string(number)), .until_heard = number != 1};
            }};
            return response;
        });
        router.add("GET", "/defect", [](Request&) {
            Response response;
            response.channel = Channel{
                []() -> Chunk { throw Error(ErrorCode::kUnavailable, "the index is away"); }};
            return response;
        });
        return router;
    }
    ServerOptions options() {
        ServerOptions options;
        options.stall_timeout = 300ms;
        return options;
    }
    std::atomic<int> asked = 0;
};

TEST_F(ChannelTest, SendsMessagesThenAFarewell) {
    std::optional<Server> server(std::in_place, options(), router());
    Client client(server->port(), "/count");
    EXPECT_EQ(client.status(), 101);
    EXPECT_NE(client.request_id(), "");
    for (const char* text : {"1", "3", "5"}) EXPECT_EQ(client.message(), text);
    std::jthread stopping([&] { server.reset(); });
    EXPECT_EQ(client.message(), "farewell");
    EXPECT_EQ(client.message(), std::nullopt);
    EXPECT_EQ(client.close_code(), websocket::close_code::going_away);
}

TEST_F(ChannelTest, TakesNothingFromClientsAndLetsThemGo) {
    const Server server(options(), router());
    Client client(server.port(), "/count");
    client.say("hello");
    for (const char* text : {"1", "3", "5"}) EXPECT_EQ(client.message(), text);
    client.say(std::string(1 << 20, 'x'));
    EXPECT_EQ(client.message(), std::nullopt);
    Client polite(server.port(), "/count");
    EXPECT_EQ(polite.message(), "1");
    polite.close();
    test::HttpClient plain(server.port());
    EXPECT_EQ(plain.ask("GET", "/count").body, "plain");
}

TEST_F(ChannelTest, WantsATokenAndNoOtherOrigin) {
    ServerOptions with_token = options();
    with_token.tokens = {{"reader", kToken, BearerToken::Rights::kRead}};
    const Server server(with_token, router());
    const std::string token = std::string("Authorization: Bearer ") + kToken + "\r\n";
    EXPECT_EQ(status_of(server.port(), "/count"), 401);
    EXPECT_EQ(status_of(server.port(), "/count", token), 101);
    EXPECT_EQ(status_of(server.port(), "/count", token + "Origin: http://localhost\r\n"), 101);
    EXPECT_EQ(status_of(server.port(), "/count", token + "Origin: https://other.example\r\n"), 403);
    EXPECT_EQ(status_of(server.port(), "/absent", token), 404);
}

TEST_F(ChannelTest, AreOnlySoMany) {
    ServerOptions few = options();
    few.max_channels = 2;
    const Server server(few, router());
    std::optional<Client> first(std::in_place, server.port(), "/count");
    Client second(server.port(), "/count");
    EXPECT_EQ(second.status(), 101);
    EXPECT_EQ(status_of(server.port(), "/count"), 503);
    first->close();
    first.reset();
    int status = 503;
    while (status == 503) status = status_of(server.port(), "/count");
    EXPECT_EQ(status, 101) << "a place is free again";
}

TEST_F(ChannelTest, DropsWhoDoesNotTakeWhatIsSent) {
    const Server server(options(), router());
    Client slow(server.port(), "/flood");
    ASSERT_EQ(slow.status(), 101);
    // Nothing is asked of the source any more once the channel is gone.
    for (int before = -1; before != asked.load();) {
        before = asked;
        std::this_thread::sleep_for(1s);
    }
    while (slow.message()) {
    }
    EXPECT_NE(slow.close_code(), websocket::close_code::normal);
    EXPECT_GT(asked.load(), 0);
}

TEST_F(ChannelTest, DropsWhoDoesNotAnswerPings) {
    ServerOptions impatient = options();
    impatient.channel_idle = 400ms;
    impatient.max_channels = 1;
    const Server server(impatient, router());
    // A client that reads answers pings by itself; this one does not read.
    Client silent(server.port(), "/count");
    ASSERT_EQ(silent.status(), 101);
    int status = 503;
    while (status == 503) {
        std::this_thread::sleep_for(50ms);
        status = status_of(server.port(), "/count");
    }
    EXPECT_EQ(status, 101);
}

TEST_F(ChannelTest, AsksForMoreWhenWhatWasToBeHeardWas) {
    const Server server(options(), router());
    {
        Client vanishing(server.port(), "/heard");
        ASSERT_EQ(vanishing.status(), 101);
        while (asked < 2) std::this_thread::sleep_for(1ms);
        // Both lie at the client, which reads none.
        std::this_thread::sleep_for(200ms);
        EXPECT_EQ(asked, 2);
    }
    asked = 0;
    Client client(server.port(), "/heard");
    for (const char* text : {"1", "2", "3", "4"}) EXPECT_EQ(client.message(), text);
    std::this_thread::sleep_for(50ms);
    EXPECT_EQ(asked, 4) << "it answers as it reads on";
}

TEST_F(ChannelTest, ClosesWithAnErrorWhereTheSourceFails) {
    const Server server(options(), router());
    Client client(server.port(), "/defect");
    ASSERT_EQ(client.status(), 101);
    EXPECT_EQ(client.message(), std::nullopt);
    EXPECT_EQ(client.close_code(), websocket::close_code::internal_error);
}

TEST_F(ChannelTest, RefusesBytesBeforeTheAnswerAndAnUnknownVersion) {
    const Server server(options(), router());
    const std::string head =
        "GET /count HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: ";
    test::HttpClient early(server.port());
    early.send(head + "13\r\n\r\nearly bytes");
    EXPECT_EQ(early.answer().status, 400);
    test::HttpClient old(server.port());
    old.send(head + "7\r\n\r\n");
    EXPECT_EQ(old.answer().status, 426);
    for (const char* key : {"Sec-WebSocket-Key: c2hvcnQ=\r\n", "Sec-WebSocket-Key: ?\r\n", ""}) {
        test::HttpClient client(server.port());
        client.send(
            "GET /count HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\n"
            "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" +
            std::string(key) + "\r\n");
        EXPECT_EQ(client.answer().status, 400) << key;
    }
}

}  // namespace
}  // namespace lucerna::http
