#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <new>
#include <stdexcept>
#include <string>
#include <utility>

#include "base/hash.h"
#include "http/server.h"
#include "support/http_client.h"

namespace lucerna::http {

using namespace std::chrono_literals;
using test::HttpAnswer;
using test::HttpClient;

inline Response text(std::string body) {
    return Response::of(200, "text/plain", std::move(body));
}

/// Small limits, and a handler for each thing that handlers do.
class ServerTest : public testing::Test {
  protected:
    static Router router() {
        Router router;
        router.add("GET", "/hello", [](Request&) { return text("hello"); });
        router.add("POST", "/echo", [](Request& request) {
            const Bytes body = request.body.read_all();
            return text(std::string(body.begin(), body.end()));
        });
        router.add("POST", "/hash", [](Request& request) {
            Sha256 hash;
            Bytes piece(50'000);
            std::uint64_t total = 0;
            while (const std::size_t got = request.body.read(piece)) {
                hash.add(ByteView(piece).first(got));
                total += got;
            }
            return text(std::to_string(total) + " " + hash.finish());
        });
        router.add("POST", "/unread", [](Request&) { return text("not read"); });
        router.add("GET", "/error",
                   [](Request&) -> Response { throw Error(ErrorCode::kConflict, "two of them"); });
        router.add("GET", "/defect",
                   [](Request&) -> Response { throw std::runtime_error("secret"); });
        router.add("GET", "/no-memory", [](Request&) -> Response { throw std::bad_alloc(); });
        router.add("GET", "/stream", [](Request& request) {
            const auto parts = request.query.number_or("parts", 3, 0, 1000);
            const bool breaks = request.query.has("break");
            Stream stream{[=, at = std::size_t{0}]() mutable -> Chunk {
                if (at == parts && breaks) throw Error(ErrorCode::kCorrupt, "no more");
                if (at == parts) return {.last = true};
                ++at;
                return {.bytes = Bytes(100'000, static_cast<uint8_t>('a' + at))};
            }};
            if (const auto late = request.query.get("trailer"))
                stream.trailer = [late] { return Headers{{"Warning", *late}}; };
            return Response{200, {}, std::move(stream)};
        });
        router.add("GET", "/origin", [](Request& request) { return text(request.origin); });
        router.add("GET", "/header", [](Request&) {
            Response response = text("x");
            response.headers.set("X-Evil", "a\r\nSet-Cookie: b");
            return response;
        });
        return router;
    }
    static ServerOptions options() {
        ServerOptions options;
        options.max_header_bytes = 4096;
        options.max_body_bytes = 8 << 20;
        return options;
    }
    /// For who is to be dropped: others would be dropped as well on a machine that is busy.
    static ServerOptions impatient() {
        ServerOptions options = ServerTest::options();
        options.header_timeout = options.keep_alive_timeout = options.stall_timeout = 300ms;
        return options;
    }
};

}  // namespace lucerna::http
