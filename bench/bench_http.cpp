#include <unistd.h>

#include <cstdio>

#include "base/hash.h"
#include "base/log.h"
#include "http/server.h"

// The server that bench/serve_http.py measures: a small JSON answer, and a sink for uploads that
// hashes what it gets, as storing does. Prints its address and runs until its input ends.

int main() {
    using namespace lucerna;
    set_log_level(LogLevel::kError);
    http::Router router;
    router.add("GET", "/json", [](http::Request&) {
        return http::Response::json(200, R"({"status":"up","exams":42})");
    });
    router.add("POST", "/sink", [](http::Request& request) {
        Sha256 hash;
        Bytes piece(std::size_t{1} << 18);
        std::uint64_t total = 0;
        while (const std::size_t got = request.body.read(piece)) {
            hash.add(ByteView(piece).first(got));
            total += got;
        }
        return http::Response::json(
            200, "{\"bytes\":" + std::to_string(total) + ",\"sha256\":\"" + hash.finish() + "\"}");
    });
    const http::Server server({}, std::move(router));
    std::printf("%s\n", server.url().c_str());
    std::fflush(stdout);
    char byte = 0;
    while (::read(STDIN_FILENO, &byte, 1) > 0) {
    }
    return 0;
}
