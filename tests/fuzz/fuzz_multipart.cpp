// The first byte says how the rest is cut into pieces: what comes out must not depend on it.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "base/error.h"
#include "http/multipart.h"
#include "seeds.h"

namespace {

struct Result {
    std::vector<std::string> bodies;
    bool refused = false;
    bool operator==(const Result&) const = default;
};

/// Counts a part once it has ended: how much of one comes before a refusal hangs on the cuts.
struct Collected final : lucerna::http::PartTaker {
    explicit Collected(Result& into) : result(into) {}
    void begin(const Headers&) override { body.clear(); }
    void more(lucerna::ByteView bytes) override { body += lucerna::as_text(bytes); }
    void end() override { result.bodies.push_back(body); }

    Result& result;
    std::string body;
};

Result parse(lucerna::ByteView body, std::size_t piece) {
    using lucerna::http::MultipartParser;
    lucerna::http::MultipartLimits limits;
    limits.max_part_bytes = 4096;
    limits.max_parts = 16;
    limits.max_header_bytes = 256;
    Result result;
    Collected collected(result);
    MultipartParser parser("b", limits, collected);
    try {
        for (std::size_t at = 0; at < body.size(); at += piece)
            parser.feed(body.subspan(at, std::min(piece, body.size() - at)));
        parser.finish();
    } catch (const lucerna::Error&) {
        result.refused = true;
    }
    return result;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 1) return 0;
    const lucerna::ByteView body(data + 1, size - 1);
    const std::size_t piece = 1 + data[0];
    if (parse(body, piece) != parse(body, std::size_t{1} << 20)) std::abort();
    return 0;
}

std::vector<lucerna::Bytes> lucerna::fuzz::seeds() {
    std::vector<Bytes> seeds;
    for (const char* const text :
         {"\x10--b\r\nContent-Type: application/dicom\r\n\r\nDICM\r\n--b--\r\n",
          "\x01preamble\r\n--b\r\nContent-Type: application/dicom\r\nContent-Length: 3\r\n\r\n"
          "one\r\n--b \t\r\n\r\ntwo\r\n--b--\r\nepilogue",
          "\xff--b\r\n\r\n\r\n--b\r\n\r\n--bb\r\n--b-\r\n\r\n--b--"}) {
        const ByteView bytes = as_byte_view(text);
        seeds.emplace_back(bytes.begin(), bytes.end());
    }
    return seeds;
}
