#include "http/server.h"

#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <array>
#include <cerrno>
#include <fstream>
#include <thread>
#include <vector>

#include "http/answer_memory.h"
#include "http/event_stream.h"
#include "http/server_for_test.h"
#include "http/static_files.h"
#include "support/self_signed.h"
#include "support/temporary_folder.h"

namespace lucerna::http {
namespace {

TEST_F(ServerTest, AnswersWithSafeHeadersAndARequestId) {
    const Server server(options(), router());
    HttpClient client(server.port());
    const HttpAnswer answer = client.ask("GET", "/hello?a=b");
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, "hello");
    EXPECT_EQ(answer.headers.get("Content-Length"), "5");
    EXPECT_EQ(answer.headers.get("Cache-Control"), "no-store");
    EXPECT_EQ(answer.headers.get("X-Content-Type-Options"), "nosniff");
    EXPECT_TRUE(answer.headers.has("Content-Security-Policy"));
    EXPECT_FALSE(answer.headers.has("Access-Control-Allow-Origin"));
    const HttpAnswer again = client.ask("GET", "/hello");
    EXPECT_NE(again.headers.get("X-Request-Id"), answer.headers.get("X-Request-Id"));
}

TEST_F(ServerTest, NamesTheRequestInEveryRefusal) {
    const Server server(options(), router());
    HttpClient client(server.port());
    const auto status = [&](const char* method, const char* target) {
        const HttpAnswer answer = client.ask(method, target);
        EXPECT_NE(answer.body.find("\"request\":\"" +
                                   answer.headers.get_or("X-Request-Id", "none") + "\""),
                  std::string::npos)
            << target;
        EXPECT_EQ(answer.body.find("secret"), std::string::npos);
        return answer.status;
    };
    EXPECT_EQ(status("GET", "/absent"), 404);
    EXPECT_EQ(status("PUT", "/hello"), 405);
    EXPECT_EQ(status("GET", "/error"), 409);
    EXPECT_EQ(status("GET", "/defect"), 500);
    EXPECT_EQ(status("GET", "/no-memory"), 503);
    EXPECT_EQ(status("GET", "/hello%2Fx"), 400);
    EXPECT_EQ(status("GET", "/hello%00"), 400);
    EXPECT_EQ(status("GET", "/../etc/passwd"), 400);
    EXPECT_EQ(status("GET", "/hello?a=%zz"), 400);
}

TEST_F(ServerTest, AnswersHeadAndOptions) {
    const Server server(options(), router());
    HttpClient client(server.port());
    const HttpAnswer head = client.ask("HEAD", "/hello");
    EXPECT_EQ(head.status, 200);
    EXPECT_EQ(head.headers.get("Content-Length"), "5");
    const HttpAnswer streamed = client.ask("HEAD", "/stream");
    EXPECT_EQ(streamed.status, 200);
    const HttpAnswer asked = client.ask("OPTIONS", "/hello");
    EXPECT_EQ(asked.status, 204);
    EXPECT_EQ(asked.headers.get("Allow"), "GET, HEAD, OPTIONS");
    EXPECT_EQ(client.ask("OPTIONS", "/hello/").headers.get("Allow"), "GET, HEAD, OPTIONS");
    EXPECT_EQ(client.ask("OPTIONS", "/hello//").status, 400);
    // None of the three left a body behind.
    EXPECT_EQ(client.ask("GET", "/hello").body, "hello");
}

TEST_F(ServerTest, AnswersPipelinedRequestsInOrder) {
    const Server server(options(), router());
    HttpClient client(server.port());
    client.send(
        "GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n"
        "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc"
        "GET /absent HTTP/1.1\r\nHost: localhost\r\n\r\n");
    EXPECT_EQ(client.answer().body, "hello");
    EXPECT_EQ(client.answer().body, "abc");
    EXPECT_EQ(client.answer().status, 404);
}

TEST_F(ServerTest, TakesChunkedBodies) {
    const Server server(options(), router());
    HttpClient client(server.port());
    client.send("POST /echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n");
    client.send("3\r\nabc\r\n");
    client.send("2;x=y\r\nde\r\n0\r\nTrailer: x\r\n\r\n");
    EXPECT_EQ(client.answer().body, "abcde");
    client.send(
        "POST /echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n");
    EXPECT_EQ(client.answer().status, 400);
}

TEST_F(ServerTest, StreamsALargeBodyToItsHandler) {
    const Server server(options(), router());
    HttpClient client(server.port());
    std::string body(5'000'000, '\0');
    for (std::size_t i = 0; i < body.size(); ++i) body[i] = static_cast<char>(i * 31 + i / 1000);
    const std::string expected = std::to_string(body.size()) + " " + sha256(as_byte_view(body));
    EXPECT_EQ(client.ask("POST", "/hash", "", body).body, expected);
    client.send("POST /hash HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n");
    client.send("4C4B40\r\n" + body + "\r\n0\r\n\r\n");
    EXPECT_EQ(client.answer().body, expected);
    EXPECT_EQ(client.ask("GET", "/hello").body, "hello");
}

TEST_F(ServerTest, SaysGoOnToWhoExpectsIt) {
    const Server server(options(), router());
    HttpClient client(server.port());
    client.send(
        "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n"
        "Expect: 100-continue\r\n\r\n");
    EXPECT_EQ(client.answer().status, 100);
    client.send("ok");
    EXPECT_EQ(client.answer().body, "ok");
    client.send(
        "POST /absent HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n"
        "Expect: 100-continue\r\n\r\n");
    EXPECT_EQ(client.answer().status, 404);
    HttpClient old(server.port());
    old.send(
        "POST /echo HTTP/1.0\r\nHost: localhost\r\nContent-Length: 2\r\n"
        "Expect: 100-continue\r\n\r\nok");
    EXPECT_EQ(old.answer().status, 200) << "it knows no other answer before that";
}

TEST_F(ServerTest, RefusesMalformedHeads) {
    const Server server(options(), router());
    for (const char* head :
         {"GET /hello HTTP/1.1\r\n\r\n",
          "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
          "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: "
          "2\r\n\r\n",
          "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n"
          "Transfer-Encoding: chunked\r\n\r\n",
          "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: "
          "99999999999999999999999\r\n\r\n",
          "nonsense\r\n\r\n", "GET /hello HTTP/9.9\r\nHost: localhost\r\n\r\n"}) {
        HttpClient client(server.port());
        client.send(head);
        const HttpAnswer answer = client.answer();
        EXPECT_TRUE(answer.status == 400 || answer.status == 421) << head << answer.status;
        EXPECT_NE(answer.status, 200) << head;
    }
}

TEST_F(ServerTest, EndsWithAHeadThatOthersMayReadInAnotherWay) {
    const Server server(options(), router());
    const std::string hidden = "GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n";
    for (const std::string fields :
         {"Transfer-Encoding: xchunked", "Transfer-Encoding: gzip, chunked",
          "Transfer-Encoding: chunked, identity", "Transfer-Encoding: identity",
          "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", "Transfer-Encoding: gzip",
          "Host: localhost", "Host: elsewhere"}) {
        HttpClient client(server.port());
        client.send("POST /echo HTTP/1.1\r\nHost: localhost\r\n" + fields + "\r\n\r\n" + hidden);
        EXPECT_EQ(client.answer().status, 400) << fields;
        EXPECT_FALSE(client.answer().complete) << fields << ": what followed was answered as well";
    }
    HttpClient old(server.port());
    old.send("POST /echo HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
    EXPECT_EQ(old.answer().status, 400);
}

TEST_F(ServerTest, AnswersBeforeABodyThatNobodyReads) {
    const Server server(options(), router());
    HttpClient client(server.port());
    const HttpAnswer answer = client.ask("POST", "/unread", "", std::string(3 << 20, 'x'));
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, "not read");
    EXPECT_EQ(answer.headers.get("Connection"), "close");
}

TEST_F(ServerTest, StreamsAnswersInChunks) {
    const Server server(options(), router());
    HttpClient client(server.port());
    const HttpAnswer answer = client.ask("GET", "/stream?parts=20");
    EXPECT_TRUE(answer.complete);
    EXPECT_EQ(answer.body.size(), 2'000'000U);
    EXPECT_TRUE(client.ask("GET", "/stream?parts=0").complete);
    EXPECT_EQ(client.ask("GET", "/hello").body, "hello");
}

TEST_F(ServerTest, SaysBehindAStreamWhatIsOnlyKnownThen) {
    const Server server(options(), router());
    HttpClient client(server.port());
    for (const char* path : {"/stream?trailer=late", "/stream?trailer=late&parts=0"}) {
        const HttpAnswer answer = client.ask("GET", path);
        EXPECT_TRUE(answer.complete);
        EXPECT_EQ(answer.trailer.get("Warning"), "late");
    }
    const HttpAnswer split = client.ask("GET", "/stream?trailer=a%0D%0AX-Evil:%20b");
    EXPECT_TRUE(split.complete);
    EXPECT_TRUE(split.trailer.all().empty());
    EXPECT_EQ(client.ask("GET", "/hello").body, "hello");
    client.send("GET /stream?trailer=late HTTP/1.0\r\nHost: localhost\r\n\r\n");
    EXPECT_EQ(client.answer().body.size(), 300'000U) << "there is no place for it";
}

TEST_F(ServerTest, TellsHandlersHowClientsReachIt) {
    const auto origin = [](const Server& server, const std::string& host) {
        HttpClient client(server.port());
        client.send("GET /origin HTTP/1.1\r\nHost: " + host + "\r\n\r\n");
        return client.answer().body;
    };
    ServerOptions plain = options();
    plain.allowed_hosts = {"localhost", "127.0.0.1", "[::1]", "pacs.example"};
    const Server server(plain, router());
    const std::string port = ":" + std::to_string(server.port());
    EXPECT_EQ(origin(server, "localhost" + port), "http://localhost" + port);
    EXPECT_EQ(origin(server, "localhost:1"), "http://localhost:1") << "through a tunnel";
    // Some clients leave the port out (dicomweb-client).
    EXPECT_EQ(origin(server, "localhost"), "http://localhost" + port);
    EXPECT_EQ(origin(server, "[::1]"), "http://[::1]" + port);
    EXPECT_EQ(origin(server, "pacs.example"), "http://pacs.example") << "from a proxy beside it";
    plain.base_url = "https://pacs.example/archive";
    const Server behind_proxy(plain, router());
    for (const char* host : {"localhost", "127.0.0.1:8042", "pacs.example"})
        EXPECT_EQ(origin(behind_proxy, host), "https://pacs.example/archive") << host;
}

// RFC 9112 3.2.2.
TEST_F(ServerTest, TakesTheHostOfAnAbsoluteAddress) {
    const Server server(options(), router());
    const auto asked = [&](const std::string& target, const std::string& host) {
        HttpClient client(server.port());
        client.send("GET " + target + " HTTP/1.1\r\nHost: " + host + "\r\n\r\n");
        return client.answer();
    };
    EXPECT_EQ(asked("http://evil.example/hello", "localhost").status, 421);
    EXPECT_EQ(asked("http://localhost/hello", "evil.example").status, 200);
    EXPECT_EQ(asked("HTTP://localhost/hello?x", "localhost").status, 200);
    EXPECT_EQ(asked("http://localhost:1/origin", "localhost").body, "http://localhost:1");
    EXPECT_EQ(asked("http://", "localhost").status, 421);
}

TEST_F(ServerTest, ShowsThatAStreamBroke) {
    const Server server(options(), router());
    HttpClient client(server.port());
    const HttpAnswer answer = client.ask("GET", "/stream?parts=2&break");
    EXPECT_EQ(answer.status, 200);
    EXPECT_FALSE(answer.complete);
    EXPECT_TRUE(client.is_closed());
}

TEST_F(ServerTest, EndsAStreamWithTheConnectionForOldClients) {
    const Server server(options(), router());
    HttpClient client(server.port());
    client.send("GET /stream HTTP/1.0\r\nHost: localhost\r\n\r\n");
    const HttpAnswer answer = client.answer();
    EXPECT_FALSE(answer.headers.has("Transfer-Encoding"));
    EXPECT_EQ(answer.body.size(), 300'000U);
}

TEST_F(ServerTest, LetsNoHeaderBreakOutOfItsLine) {
    const Server server(options(), router());
    const HttpAnswer answer = HttpClient(server.port()).ask("GET", "/header");
    EXPECT_EQ(answer.status, 200);
    EXPECT_FALSE(answer.headers.has("Set-Cookie"));
    EXPECT_FALSE(answer.headers.has("X-Evil"));
}

TEST_F(ServerTest, AnswersOtherOriginsOnlyWhereTheyAreAllowed) {
    ServerOptions open = options();
    open.allowed_origins = {"https://viewer.example"};
    open.tokens = {{"viewer", "0123456789abcdef", BearerToken::Rights::kReadAndWrite}};
    const Server server(open, router());
    HttpClient client(server.port());
    const HttpAnswer preflight =
        client.ask("OPTIONS", "/hello", "Origin: https://viewer.example\r\n");
    EXPECT_EQ(preflight.status, 204);
    EXPECT_EQ(preflight.headers.get("Access-Control-Allow-Origin"), "https://viewer.example");
    for (const char* field : {"Authorization", "If-Match", "If-None-Match", "If-Range"})
        EXPECT_NE(preflight.headers.get_or("Access-Control-Allow-Headers", "").find(field),
                  std::string::npos)
            << field;
    EXPECT_FALSE(client.ask("OPTIONS", "/hello", "Origin: https://evil.example\r\n")
                     .headers.has("Access-Control-Allow-Origin"));
    EXPECT_EQ(client.ask("GET", "/hello").status, 401);
    EXPECT_EQ(client.ask("GET", "/hello", "Authorization: Bearer 0123456789abcdef\r\n").status,
              200);
}

TEST_F(ServerTest, RefusesAPortThatIsTaken) {
    const Server server(options(), router());
    ServerOptions same = options();
    same.port = server.port();
    EXPECT_THROW(Server(same, router()), Error);
    same.address = "localhost";
    EXPECT_THROW(Server(same, router()), Error);
}

TEST_F(ServerTest, CountsWhatItDid) {
    Metrics metrics;
    ServerOptions counted = options();
    counted.metrics = &metrics;
    {
        const Server server(counted, router());
        HttpClient client(server.port());
        client.ask("GET", "/hello");
        client.ask("GET", "/absent");
        client.ask("GET", "/absent");
    }
    const std::string all = metrics.text();
    EXPECT_NE(all.find("lucerna_http_requests_total{status=\"200\"} 1\n"), std::string::npos);
    EXPECT_NE(all.find("lucerna_http_requests_total{status=\"404\"} 2\n"), std::string::npos);
    EXPECT_NE(all.find("lucerna_http_requests_in_flight 0\n"), std::string::npos);
    EXPECT_NE(all.find("lucerna_http_connections 0\n"), std::string::npos);
    EXPECT_NE(all.find("lucerna_http_request_seconds_count 3\n"), std::string::npos);
}

TEST_F(ServerTest, SaysInTheLogWhatItDoesNotServeButForWhatMayBeAPerson) {
    testing::internal::CaptureStderr();
    {
        const Server server(options(), router());
        HttpClient client(server.port());
        client.ask("GET", "/dicomweb/v1/studies/1.2.840.7?PatientName=Doe");
        client.ask("DELETE", "/patients/Doe%5EJane/12345/pid12345/DOE/\"x");
        client.ask("GET", "/emr/patients/smith.j/1960.04.01");
        client.ask("GET", "/patients/1.555.123.4567/2.69.05.49.588");
        client.ask("POST", "/hello?PatientName=Doe");
        client.ask("DOE", "/" + std::string(3000, 'x'));
        client.ask("jane", std::string(600, '/'));
    }
    const std::string log = testing::internal::GetCapturedStderr();
    for (const char* line :
         {R"("method":"GET","path":"/dicomweb/v1/studies/1.2.840.7","status":404,)",
          R"("method":"DELETE","path":"/patients/{}/{}/{}/{}/{}","status":404,)",
          R"("method":"GET","path":"/{}/patients/{}/{}","status":404,)",
          R"("method":"GET","path":"/patients/{}/{}","status":404,)",
          R"("method":"POST","path":"/{}","status":405,)",
          R"("method":"DOE","path":"/{}","status":)", R"("method":"other","path":"//)"})
        EXPECT_NE(log.find(line), std::string::npos) << line << "\n" << log;
    for (const std::string& person :
         {std::string("Doe"), std::string("12345"), std::string("smith"), std::string("1960"),
          std::string("xxx"), std::string(200, '/')})
        EXPECT_EQ(log.find(person), std::string::npos) << person << "\n" << log;
}

TEST_F(ServerTest, ServesFilesAndNothingBesideThem) {
    const test::TemporaryFolder folder;
    const auto write = [&](const std::filesystem::path& name, const std::string& content) {
        std::filesystem::create_directories((folder.path() / name).parent_path());
        std::ofstream(folder.path() / name, std::ios::binary) << content;
    };
    write("secret.txt", "secret");
    write("web/index.html", "<p>");
    write("web/a/b.js", std::string(700'000, 'j'));
    write("web/.hidden", "secret");
    std::filesystem::create_symlink(folder.path() / "secret.txt", folder.path() / "web/link.txt");
    Router files;
    files.add("GET", "/", static_files(folder.path() / "web"), Access::kOpen);
    files.add("GET", "/{path...}", static_files(folder.path() / "web"), Access::kOpen);
    const Server server(options(), std::move(files));
    HttpClient client(server.port());
    EXPECT_EQ(client.ask("GET", "/").body, "<p>");
    const HttpAnswer script = client.ask("GET", "/a/b.js");
    EXPECT_EQ(script.body.size(), 700'000U);
    EXPECT_EQ(script.headers.get("Content-Type"), "text/javascript; charset=utf-8");
    const std::string etag = script.headers.get_or("ETag", "");
    const HttpAnswer again =
        client.ask("GET", "/a/b.js", "If-None-Match: \"x\", W/" + etag + "\r\n");
    EXPECT_EQ(again.status, 304);
    EXPECT_EQ(again.headers.get("ETag"), etag);
    EXPECT_EQ(again.headers.get("Cache-Control"), "no-cache");
    // RFC 9110 8.6: it is not the length of what the client has.
    EXPECT_FALSE(again.headers.has("Content-Length"));
    EXPECT_EQ(client.ask("HEAD", "/a/b.js", "If-None-Match: *\r\n").status, 304);
    EXPECT_EQ(client.ask("GET", "/a/b.js", "If-Match: \"x\"\r\n").status, 412);
    EXPECT_EQ(client.ask("GET", "/absent", "If-None-Match: *\r\n").status, 404);
    for (const char* path :
         {"/link.txt", "/.hidden", "/a", "/absent", "/a/../../secret.txt", "/..%2fsecret.txt",
          "/%2e%2e/secret.txt", "/a%00b", "/a/..%5csecret"}) {
        const HttpAnswer answer = client.ask("GET", path);
        EXPECT_TRUE(answer.status == 404 || answer.status == 400) << path;
        EXPECT_EQ(answer.body.find("secret\n"), std::string::npos);
    }
}

TEST_F(ServerTest, SpeaksTls) {
    const test::TemporaryFolder folder;
    test::write_self_signed(folder.path(), "localhost");
    ServerOptions tls = options();
    tls.tls_certificate_chain = folder.path() / "localhost.crt";
    tls.tls_private_key = folder.path() / "localhost.key";
    const Server server(tls, router());
    EXPECT_EQ(server.url(), "https://127.0.0.1:" + std::to_string(server.port()));
    HttpClient tcp(server.port());
    SSL_CTX* context = SSL_CTX_new(TLS_client_method());
    SSL* ssl = SSL_new(context);
    SSL_set_fd(ssl, tcp.socket());
    ASSERT_EQ(SSL_connect(ssl), 1);
    const std::string request =
        "GET /hello HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    SSL_write(ssl, request.data(), static_cast<int>(request.size()));
    std::string answer(4096, '\0');
    answer.resize(static_cast<std::size_t>(
        std::max(SSL_read(ssl, answer.data(), static_cast<int>(answer.size())), 0)));
    EXPECT_EQ(answer.find("HTTP/1.1 200"), 0U) << answer;
    EXPECT_NE(answer.find("Strict-Transport-Security"), std::string::npos);
    EXPECT_FALSE(SSL_SESSION_is_resumable(SSL_get0_session(ssl))) << "there is no ticket";
    SSL_free(ssl);
    SSL_CTX_free(context);
    // Who speaks no TLS gets no answer.
    HttpClient plain(server.port());
    EXPECT_EQ(plain.ask("GET", "/hello").status, 0);

    tls.tls_private_key = folder.path() / "absent.key";
    EXPECT_THROW(Server(tls, router()), Error);
}

TEST_F(ServerTest, GivesUpTheOldestOfManyHandshakesForWhoeverComes) {
    const test::TemporaryFolder folder;
    test::write_self_signed(folder.path(), "localhost");
    ServerOptions tls = options();
    tls.tls_certificate_chain = folder.path() / "localhost.crt";
    tls.tls_private_key = folder.path() / "localhost.key";
    tls.max_handshakes = 2;
    const Server server(tls, router());
    const auto is_let_in = [](HttpClient& tcp) {
        SSL_CTX* context = SSL_CTX_new(TLS_client_method());
        SSL* ssl = SSL_new(context);
        SSL_set_fd(ssl, tcp.socket());
        const bool connected = SSL_connect(ssl) == 1;
        SSL_free(ssl);
        SSL_CTX_free(context);
        return connected;
    };
    HttpClient established(server.port());
    EXPECT_TRUE(is_let_in(established));
    // The beginning of a ClientHello, which the server waits for the rest of.
    const std::string half("\x16\x03\x01\x01", 4);
    HttpClient oldest(server.port()), second(server.port());
    oldest.send(half);
    second.send(half);
    HttpClient comes(server.port());
    EXPECT_TRUE(is_let_in(comes));
    std::array<char, 1> byte{};
    EXPECT_LE(::recv(oldest.socket(), byte.data(), 1, 0), 0);
    EXPECT_NE(errno, EAGAIN) << "the oldest is closed";
    errno = 0;
    EXPECT_EQ(::recv(second.socket(), byte.data(), 1, MSG_DONTWAIT), -1) << "the other is not";
    EXPECT_EQ(::recv(established.socket(), byte.data(), 1, MSG_DONTWAIT), -1);
}

}  // namespace
}  // namespace lucerna::http
