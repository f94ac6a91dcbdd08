#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/error.h"
#include "http/conditions.h"
#include "http/event_stream.h"
#include "http/exchange.h"
#include "http/guard.h"
#include "http/media_type.h"
#include "http/multipart_writer.h"
#include "http/query.h"
#include "http/router.h"
#include "retrieve/frames.h"
#include "retrieve/negotiate.h"
#include "retrieve/rendered.h"
#include "seeds.h"

// What strangers write into addresses and headers: nothing but Error may come out of it, and what
// was understood must stay what it is when it is written and read again.

namespace {

using namespace lucerna;

void require(bool holds) {
    if (!holds) std::abort();
}

template <typename Work>
void tried(Work&& work) {
    try {
        work();
    } catch (const Error& error) {
        require(error.code() != ErrorCode::kInternal);
    }
}

void try_query(std::string_view text) {
    const http::Query query = http::Query::parse(text);
    std::string again;
    for (const auto& [key, value] : query.all())
        again += "&" + http::percent_encoded(key) + "=" + http::percent_encoded(value);
    require(http::Query::parse(again).all() == query.all());
    tried([&] { (void)retrieve::render_options(query); });
}

void try_path(std::string_view text) {
    std::string again;
    const auto segments = http::path_segments(text);
    for (const std::string& segment : segments) {
        require(segment.find_first_of(std::string_view("/\\\0", 3)) == std::string::npos);
        require(segment != ".." && segment != "." && !segment.empty());
        again += "/" + http::percent_encoded(segment);
    }
    if (!segments.empty()) require(http::path_segments(again) == segments);
}

void try_accept(std::string_view text) {
    const auto ranges = http::parse_accept(text);
    double before = 1;
    for (const http::MediaRange& range : ranges) {
        require(range.quality > 0 && range.quality <= before);
        before = range.quality;
    }
    for (const auto count : {retrieve::Count::kOne, retrieve::Count::kMany}) {
        (void)retrieve::choose_object(ranges, "1.2.840.10008.1.2.4.80", count);
        (void)retrieve::choose_frames(ranges, "1.2.840.10008.1.2.4.80", count);
    }
}

void try_request(std::string_view text) {
    http::BodyInMemory body;
    http::Exchange exchange(body);
    exchange.method = "GET";
    exchange.request.headers.set("Host", text.substr(0, 100));
    exchange.request.headers.set("Origin", text);
    exchange.request.headers.set("Authorization", text);
    exchange.request.headers.set("If-Match", text);
    exchange.request.headers.set("If-None-Match", text);
    static const http::Guard guard{http::ServerOptions{}};
    static const http::Router router = [] {
        http::Router made;
        made.add("GET", "/a/{name}/{rest...}", [](http::Request&) { return http::Response{}; });
        return made;
    }();
    (void)http::settle_early(exchange, text, router, guard);
    (void)http::has_already(exchange.request, "\"x\"");
    http::Response response;
    response.headers.set("X-Text", text);
    const std::string head = http::head_text(exchange, response, guard, {});
    require(head.find("\r\n\r\n") == head.size() - 4);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    tried([&] { try_query(text); });
    tried([&] { try_path(text); });
    tried([&] { try_accept(text); });
    tried([&] { (void)retrieve::parse_frame_list(text); });
    tried([&] { try_request(text); });
    (void)http::to_text({std::string(text), std::string(text), std::string(text)});
    try {
        const std::string head = http::part_head({std::string(text), {}}, size, "b", true);
        require(head.find("\r\n\r\n") == head.size() - 4);
    } catch (const Error&) {
        // A control character in a header is our own mistake, and says so.
    }
    return 0;
}

std::vector<lucerna::Bytes> lucerna::fuzz::seeds() {
    std::vector<Bytes> seeds;
    for (const std::string_view text :
         {"PatientName=DOE%5E*&StudyDate=20240101-20241231&includefield=all&limit=10&offset=5",
          "/dicom-web/studies/1.2.3/series/1.2.3.4/instances/1.2.3.4.5/frames/1,2,3",
          "multipart/related; type=\"application/octet-stream\"; transfer-syntax=*, "
          "image/jpeg;q=0.5",
          "viewport=512,512,0,0,100,100&window=100,200,linear&quality=90", "1,2,4-7",
          "localhost:8042", "Bearer abcdef", "bytes=0-99,200-", "\"etag\", W/\"other\"",
          "a/../b%2f%00%c3%a9"}) {
        const ByteView bytes = as_byte_view(text);
        seeds.emplace_back(bytes.begin(), bytes.end());
    }
    return seeds;
}
