#include <gtest/gtest.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <thread>
#include <vector>

#include "http/answer_memory.h"
#include "http/event_stream.h"
#include "http/server_for_test.h"

namespace lucerna::http {
namespace {

TEST_F(ServerTest, HoldsNoChunkExtensionOrTrailerWithoutEnd) {
    const Server server(options(), router());
    const std::string head = " HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n";
    const std::string endless(200'000, 'a');
    std::string fields;
    for (int i = 0; i < 100; ++i)
        fields += "X-" + std::to_string(i) + ": " + std::string(2000, 'a') + "\r\n";
    for (const std::string& body :
         {"5;" + endless, "5\r\nabcde\r\n0\r\nX: " + endless, "5\r\nabcde\r\n0\r\n" + fields})
        for (const char* request : {"POST /echo", "GET /hello"}) {
            HttpClient client(server.port());
            client.send(request + head + body);
            EXPECT_EQ(client.answer().status, 400) << request << " " << body.substr(0, 20);
        }
    HttpClient client(server.port());
    client.send("POST /echo" + head + "5;" + endless.substr(0, 12'000) + "\r\nabcde\r\n0\r\n\r\n");
    EXPECT_EQ(client.answer().body, "abcde") << "a long one that ends";
}

TEST_F(ServerTest, RefusesManyFieldsAndBodiesThatMeanNothing) {
    const Server server(options(), router());
    const auto status = [&](const std::string& method, int fields, const std::string& length) {
        HttpClient client(server.port());
        std::string head = method + " HTTP/1.1\r\nHost: localhost\r\n";
        for (int i = 0; i < fields; ++i) head += "a:b\r\n";
        client.send(head + (length.empty() ? "" : "Content-Length: " + length + "\r\n") + "\r\n");
        return client.answer().status;
    };
    EXPECT_EQ(status("GET /hello", 127, ""), 200);
    EXPECT_EQ(status("GET /hello", 128, ""), 431);
    EXPECT_EQ(status("GET /hello", 0, "0"), 200);
    EXPECT_EQ(status("GET /hello", 0, "70000"), 400) << "before it has come";
}

TEST_F(ServerTest, RefusesBodiesBeyondTheLimit) {
    const Server server(options(), router());
    for (const char* length : {"8388609", "99999999999999999", "18446744073709551615"}) {
        HttpClient client(server.port());
        client.send(std::string("POST /hash HTTP/1.1\r\nHost: localhost\r\nContent-Length: ") +
                    length + "\r\n\r\n");
        EXPECT_EQ(client.answer().status, 413) << length;
    }
    HttpClient chunked(server.port());
    chunked.send("POST /hash HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n");
    const std::string megabyte = "100000\r\n" + std::string(1 << 20, 'x') + "\r\n";
    for (int i = 0; i < 10 && chunked.send(megabyte); ++i) {
    }
    EXPECT_EQ(chunked.answer().status, 413);
    HttpClient read_all(server.port());
    EXPECT_EQ(read_all.ask("POST", "/echo", "", std::string(2 << 20, 'x')).status, 413);
}

TEST_F(ServerTest, SlowReadersHoldNoMoreThanTheirShare) {
    constexpr std::size_t kLarge = 15 << 20;
    Router large;
    large.add("GET", "/large", [](Request&) {
        return Response::of(200, "application/octet-stream", Bytes(kLarge));
    });
    const Server server(options(), std::move(large));
    std::vector<std::unique_ptr<HttpClient>> slow;
    for (int i = 0; i < 6; ++i) {
        slow.push_back(std::make_unique<HttpClient>(server.port()));
        slow.back()->send("GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n");
    }
    HttpClient quick(server.port());
    HttpAnswer answer = quick.ask("GET", "/large");
    // As such a client is told to.
    while (answer.status == 503) {
        EXPECT_TRUE(answer.headers.has("Retry-After"));
        std::this_thread::sleep_for(100ms);
        answer = quick.ask("GET", "/large");
    }
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body.size(), kLarge);
    EXPECT_LE(answer_memory().held(), 2 * kLarge);
    std::size_t whole = 0;
    for (const auto& client : slow) {
        const HttpAnswer late = client->answer();
        whole += late.complete && late.status == 200 ? 1 : 0;
    }
    // Some of those that waited meanwhile got the room of others.
    EXPECT_LT(whole, slow.size()) << "room was made by cutting one, or refusing one, at least";
}

TEST_F(ServerTest, RefusesAFloodOfHeaders) {
    const Server server(options(), router());
    HttpClient one_long(server.port());
    one_long.send("GET /hello HTTP/1.1\r\nHost: localhost\r\nX: " + std::string(100'000, 'x'));
    EXPECT_EQ(one_long.answer().status, 431);
    HttpClient many(server.port());
    std::string head = "GET /hello HTTP/1.1\r\nHost: localhost\r\n";
    for (int i = 0; i < 5000; ++i) head += "X-" + std::to_string(i) + ": y\r\n";
    many.send(head + "\r\n");
    EXPECT_EQ(many.answer().status, 431);
}

TEST_F(ServerTest, DropsWhoSendsAHeadDropByDrop) {
    const Server server(impatient(), router());
    HttpClient client(server.port());
    bool open = client.send("GET /hello HTTP/1.1\r\n");
    for (int i = 0; i < 100 && open; ++i) {
        std::this_thread::sleep_for(20ms);
        open = client.send("X-" + std::to_string(i) + ": y\r\n");
    }
    EXPECT_FALSE(open);
}

TEST_F(ServerTest, DropsWhoSendsNothing) {
    ServerOptions brief = options();
    brief.header_timeout = 300ms;
    const Server at_first(brief, router());
    EXPECT_TRUE(HttpClient(at_first.port()).is_closed());
    brief = options();
    brief.keep_alive_timeout = 300ms;
    const Server between(brief, router());
    HttpClient client(between.port());
    EXPECT_EQ(client.ask("GET", "/hello").status, 200);
    EXPECT_TRUE(client.is_closed());
}

TEST_F(ServerTest, GivesUpABodyThatStalls) {
    ServerOptions brief = options();
    brief.stall_timeout = 300ms;
    const Server server(brief, router());
    HttpClient stalled(server.port());
    stalled.send("POST /hash HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n" +
                 std::string(100'000, 'x'));
    EXPECT_TRUE(stalled.is_closed());
}

TEST_F(ServerTest, AnswersOthersWhileUploadsHoldTheirThreads) {
    ServerOptions few = options();
    few.threads = few.upload_threads = 1;
    const Server server(few, router());
    HttpClient first(server.port());
    HttpClient second(server.port());
    const std::string half(500'000, 'x');
    for (HttpClient* client : {&first, &second})
        client->send("POST /hash HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n" +
                     half);
    EXPECT_EQ(HttpClient(server.port()).ask("GET", "/hello").body, "hello");
    // Either may have the thread, and the other waits for it.
    for (HttpClient* client : {&first, &second}) client->send(half);
    for (HttpClient* client : {&first, &second})
        EXPECT_EQ(client->answer().body.substr(0, 8), "1000000 ");
}

TEST_F(ServerTest, GivesUpAClientThatTakesItsAnswerInTrickles) {
    Metrics metrics;
    ServerOptions brief = options();
    brief.stall_timeout = 500ms;
    brief.metrics = &metrics;
    Router large;
    large.add("GET", "/large", [](Request&) {
        return Response::of(200, "application/octet-stream", Bytes(64 << 20));
    });
    const Server server(brief, std::move(large));
    HttpClient client(server.port());
    client.send("GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n");
    // Something within each stall timeout, so much that the server sees it, and not enough.
    std::vector<char> some(64 * 1024);
    std::size_t taken = 0;
    const auto has_ended = [&] {
        return metrics.text().find("lucerna_http_requests_total{status=\"200\"} 1") !=
               std::string::npos;
    };
    while (!has_ended() && taken < (4u << 20)) {
        taken += static_cast<std::size_t>(
            std::max<ssize_t>(::recv(client.socket(), some.data(), some.size(), MSG_WAITALL), 0));
        std::this_thread::sleep_for(300ms);
    }
    EXPECT_TRUE(has_ended()) << "after " << taken << " bytes";
    EXPECT_FALSE(client.answer().complete);
}

TEST_F(ServerTest, GivesUpABodyThatTrickles) {
    ServerOptions brief = options();
    brief.stall_timeout = 300ms;
    brief.least_upload_bytes_per_second = 1'000'000;
    const Server server(brief, router());
    HttpClient client(server.port());
    bool open =
        client.send("POST /hash HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n");
    for (int i = 0; i < 500 && open; ++i) {
        std::this_thread::sleep_for(10ms);
        open = client.send("x");
    }
    EXPECT_EQ(client.answer().status, 408);
}

// One whose reader holds what others wait for; it is not asked whether it comes at all.
TEST_F(ServerTest, EndsABodyThatIsInTheWayOfOthers) {
    ServerOptions brief = options();
    brief.stall_where_others_wait = 200ms;
    std::atomic<bool> others_wait = false;
    std::atomic<int> asked = 0;
    Router holding;
    holding.add("POST", "/hold", [&](Request& request) {
        request.body.give_way_where([&] {
            ++asked;
            return others_wait.load();
        });
        (void)request.body.read_all();
        return Response::json(200, "{}");
    });
    const Server server(brief, std::move(holding));
    HttpClient client(server.port());
    client.send("POST /hold HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n");
    client.send(std::string(40'000, 'x'));
    for (int i = 0; i < 6'000 && asked < 2; ++i) std::this_thread::sleep_for(10ms);
    EXPECT_GE(asked, 2);
    others_wait = true;
    EXPECT_EQ(client.answer().status, 408);
    others_wait = false;
    HttpClient next(server.port());
    EXPECT_EQ(next.ask("POST", "/hold", "", std::string(100'000, 'x')).status, 200);
}

/// With a request in hand that does not end.
void begin_upload(HttpClient& client) {
    client.send(
        "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n"
        "Expect: 100-continue\r\n\r\n");
    EXPECT_EQ(client.answer().status, 100);
}

TEST_F(ServerTest, TurnsAwayTooManyConnections) {
    ServerOptions few = options();
    few.max_connections = 2;
    const Server server(few, router());
    HttpClient one(server.port());
    HttpClient two(server.port());
    begin_upload(one);
    begin_upload(two);
    EXPECT_EQ(HttpClient(server.port()).ask("GET", "/hello").status, 503);
}

TEST_F(ServerTest, GivesUpBodiesThatDoNotComeForWhoeverComes) {
    ServerOptions few = options();
    few.max_connections = 2;
    few.stall_where_others_wait = 1s;
    const Server server(few, router());
    HttpClient first(server.port());
    HttpClient second(server.port());
    begin_upload(first);
    begin_upload(second);
    EXPECT_EQ(HttpClient(server.port()).ask("GET", "/hello").status, 503) << "they have just begun";
    std::this_thread::sleep_for(600ms);
    second.send("o");
    std::this_thread::sleep_for(600ms);
    EXPECT_EQ(HttpClient(server.port()).ask("GET", "/hello").status, 200);
    EXPECT_EQ(first.answer().status, 0) << "it is closed";
    second.send("k");
    EXPECT_EQ(second.answer().body, "ok");
}

TEST_F(ServerTest, GivesUpTheSlowestBodyForWhoeverComes) {
    ServerOptions few = options();
    few.max_connections = 2;
    few.stall_where_others_wait = 500ms;
    const Server server(few, router());
    HttpClient slow(server.port());
    HttpClient slower(server.port());
    for (HttpClient* client : {&slow, &slower})
        client->send("POST /hash HTTP/1.1\r\nHost: localhost\r\nContent-Length: 20000\r\n\r\n");
    // Neither stalls: something of each comes all the time.
    std::size_t sent = 0;
    const auto until = std::chrono::steady_clock::now() + 1s;
    while (std::chrono::steady_clock::now() < until && sent < 15'000) {
        slow.send(std::string(100, 'x'));
        slower.send("x");
        sent += 100;
        std::this_thread::sleep_for(20ms);
    }
    EXPECT_EQ(HttpClient(server.port()).ask("GET", "/hello").status, 200);
    EXPECT_EQ(slower.answer().status, 0) << "it is closed";
    slow.send(std::string(20'000 - sent, 'x'));
    EXPECT_EQ(slow.answer().status, 200);
}

TEST_F(ServerTest, GivesUpWhoTakesNothingOfItsAnswerForWhoeverComes) {
    constexpr std::size_t kLarge = 15 << 20;
    Metrics metrics;
    ServerOptions few = options();
    few.max_connections = 2;
    few.stall_where_others_wait = 500ms;
    few.metrics = &metrics;
    Router with_large = router();
    with_large.add("GET", "/large", [](Request&) {
        return Response::of(203, "application/octet-stream", Bytes(kLarge));
    });
    const Server server(few, std::move(with_large));
    HttpClient silent(server.port());
    HttpClient steady(server.port());
    for (HttpClient* client : {&silent, &steady}) {
        client->send("GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n");
        ASSERT_TRUE(client->fill());
    }
    const auto one_is_cut = [&] {
        return metrics.text().find("lucerna_http_requests_total{status=\"203\"} 1") !=
               std::string::npos;
    };
    for (int tries = 0; tries < 200 && !one_is_cut(); ++tries) {
        (void)HttpClient(server.port()).ask("GET", "/hello");
        for (int i = 0; i < 3; ++i) ASSERT_TRUE(steady.fill());
        std::this_thread::sleep_for(100ms);
    }
    EXPECT_EQ(HttpClient(server.port()).ask("GET", "/hello").status, 200);
    EXPECT_TRUE(steady.answer().complete);
    EXPECT_FALSE(silent.answer().complete);
}

TEST_F(ServerTest, EndsTheOldestEventStreamForOneMore) {
    std::atomic<int> revision{0};
    Router with_events = router();
    with_events.add("GET", "/events", [&](Request&) {
        return event_stream(
            [&, seen = 0]() mutable -> std::optional<Event> {
                if (seen == revision) return std::nullopt;
                seen = revision;
                return Event{"changed", std::to_string(seen)};
            },
            10ms);
    });
    ServerOptions few = options();
    few.max_event_streams = 2;
    const Server server(few, std::move(with_events));
    HttpClient first(server.port());
    HttpClient second(server.port());
    HttpClient third(server.port());
    for (HttpClient* client : {&first, &second, &third}) {
        client->send("GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n");
        while (client->pending().find(":\n\n") == std::string::npos) ASSERT_TRUE(client->fill());
    }
    EXPECT_TRUE(first.is_closed());
    revision = 7;
    for (HttpClient* client : {&second, &third})
        while (client->pending().find("data: 7\n\n") == std::string::npos)
            ASSERT_TRUE(client->fill());
}

TEST_F(ServerTest, GivesUpWhoRestsForWhoeverComes) {
    ServerOptions few = options();
    few.max_connections = 3;
    const Server server(few, router());
    HttpClient busy(server.port());
    begin_upload(busy);
    HttpClient silent(server.port());
    HttpClient rests(server.port());
    EXPECT_EQ(rests.ask("GET", "/hello").status, 200);
    // They stay, so that each takes the place of one that rests. On a busy machine one that is
    // answered may not rest yet, and the next is turned away.
    std::vector<std::unique_ptr<HttpClient>> newcomers;
    const auto is_served = [&] {
        for (int tries = 0; tries < 500; ++tries) {
            newcomers.push_back(std::make_unique<HttpClient>(server.port()));
            if (newcomers.back()->ask("GET", "/hello").status == 200) return true;
            newcomers.pop_back();
            std::this_thread::sleep_for(10ms);
        }
        return false;
    };
    for (int i = 0; i < 20; ++i) EXPECT_TRUE(is_served()) << i;
    EXPECT_EQ(silent.ask("GET", "/hello").status, 0) << "it is closed";
    EXPECT_EQ(rests.ask("GET", "/hello").status, 0);
    busy.send("ok");
    EXPECT_EQ(busy.answer().body, "ok");
}

TEST_F(ServerTest, GivesUpNoneForACrowdOfAnotherAddress) {
    ServerOptions few = options();
    few.max_connections = 8;
    const Server server(few, router());
    HttpClient first(server.port(), "127.0.0.2");
    std::vector<std::unique_ptr<HttpClient>> silent;
    for (int i = 0; i < 40; ++i) silent.push_back(std::make_unique<HttpClient>(server.port()));
    EXPECT_EQ(first.ask("GET", "/hello").status, 200);
}

TEST_F(ServerTest, SendsEventsUntilItStops) {
    std::atomic<int> revision{0};
    Router with_events;
    with_events.add("GET", "/events", [&](Request&) {
        return event_stream(
            [&, seen = 0]() mutable -> std::optional<Event> {
                if (seen == revision) return std::nullopt;
                seen = revision;
                return Event{"changed", std::to_string(seen)};
            },
            10ms);
    });
    auto server = std::make_unique<Server>(options(), std::move(with_events));
    HttpClient client(server->port());
    client.send("GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n");
    revision = 7;
    while (client.pending().find("data: 7\n\n") == std::string::npos) ASSERT_TRUE(client.fill());
    server.reset();
    EXPECT_TRUE(client.is_closed());
}

TEST_F(ServerTest, FinishesTheAnswerInHandWhenItStops) {
    std::atomic<bool> entered{false};
    Router slow;
    slow.add("GET", "/slow", [&](Request&) {
        entered = true;
        std::this_thread::sleep_for(200ms);
        return text("done");
    });
    auto server = std::make_unique<Server>(options(), std::move(slow));
    HttpClient client(server->port());
    client.send("GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n");
    while (!entered) std::this_thread::sleep_for(1ms);
    server.reset();
    EXPECT_EQ(client.answer().body, "done");
}

TEST_F(ServerTest, StopsWhileBodiesComeIn) {
    auto server = std::make_unique<Server>(options(), router());
    HttpClient client(server->port());
    client.send("POST /hash HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n" +
                std::string(100'000, 'x'));
    std::this_thread::sleep_for(50ms);
    server.reset();
    EXPECT_TRUE(client.is_closed());
}

}  // namespace
}  // namespace lucerna::http
