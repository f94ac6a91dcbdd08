#include "http/multipart.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/error.h"

namespace lucerna::http {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

struct Taken final : PartTaker {
    std::vector<std::string> bodies;
    std::vector<Headers> headers;
    std::size_t ended = 0;

    void begin(const Headers& of_part) override {
        bodies.emplace_back();
        headers.push_back(of_part);
    }
    void more(ByteView bytes) override { bodies.back() += as_text(bytes); }
    void end() override { ++ended; }
};

/// Feeds the text in pieces of the given size.
Taken parse(const std::string& text, std::size_t piece = 1 << 20, MultipartLimits limits = {},
            const std::string& boundary = "xyz") {
    Taken taken;
    MultipartParser parser(boundary, limits, taken);
    for (std::size_t at = 0; at < text.size(); at += piece)
        parser.feed(as_byte_view(text).subspan(at, std::min(piece, text.size() - at)));
    parser.finish();
    EXPECT_EQ(parser.parts(), taken.ended);
    EXPECT_EQ(taken.bodies.size(), taken.ended);
    return taken;
}

std::string why_refused(const std::string& text, MultipartLimits limits = {}) {
    std::string whole;
    for (const std::size_t piece : {std::size_t{1}, std::size_t{1} << 20}) {
        try {
            (void)parse(text, piece, limits);
            ADD_FAILURE() << "was taken in pieces of " << piece;
        } catch (const Error& error) {
            EXPECT_EQ(error.code(), ErrorCode::kInvalidInput);
            whole = error.what();
        }
    }
    return whole;
}

const std::string kTwoParts =
    "a preamble that nobody reads\r\n"
    "--xyz\r\n"
    "Content-Type: application/dicom\r\n"
    "Content-LOCATION:  /a \r\n"
    "\r\n"
    "first\r\nwith a line and --xyz within\r\n"
    "--xyz  \r\n"
    "\r\n"
    "second\r\n"
    "--xyz--\r\n"
    "an epilogue";

TEST(Multipart, TakesPartsWhateverTheCuts) {
    for (std::size_t piece = 1; piece <= kTwoParts.size(); ++piece) {
        const Taken taken = parse(kTwoParts, piece);
        ASSERT_THAT(taken.bodies, ElementsAre("first\r\nwith a line and --xyz within", "second"));
        EXPECT_EQ(taken.headers[0].at("content-type"), "application/dicom");
        EXPECT_EQ(taken.headers[0].at("content-location"), "/a");
        EXPECT_TRUE(taken.headers[1].empty());
    }
}

TEST(Multipart, JoinsHeaderLinesThatAreFolded) {
    const Taken taken = parse(
        "--xyz\r\nContent-Type: multipart/related;\r\n\ttype=a;\r\n  b=c\r\nX: "
        "y\r\n\r\n\r\n--xyz--",
        3);
    EXPECT_EQ(taken.headers.at(0).at("content-type"), "multipart/related; type=a; b=c");
    EXPECT_EQ(taken.headers.at(0).at("x"), "y");
    EXPECT_THAT(why_refused("--xyz\r\n folded: first\r\n--xyz--"), HasSubstr("closing boundary"));
}

TEST(Multipart, KeepsBytesOfEveryValue) {
    std::string body;
    for (int repeat = 0; repeat < 300; ++repeat)
        for (int byte = 0; byte < 256; ++byte) body += static_cast<char>(byte);
    // Nearly the delimiter, many times over.
    for (int repeat = 0; repeat < 50; ++repeat) body += "\r\n--xy\r\n-\r\r\n--x";
    for (const std::size_t piece : {7u, 4096u, 1000000u})
        EXPECT_TRUE(parse("--xyz\r\n\r\n" + body + "\r\n--xyz--", piece).bodies.at(0) == body);
}

TEST(Multipart, TakesAnEmptyPartAndNoPart) {
    EXPECT_THAT(parse("--xyz\r\n\r\n\r\n--xyz--").bodies, ElementsAre(""));
    EXPECT_TRUE(parse("--xyz--").bodies.empty());
}

TEST(Multipart, RefusesAMissingEnd) {
    EXPECT_THAT(why_refused("--xyz\r\n\r\nbody\r\n--xy"), HasSubstr("before the closing boundary"));
    EXPECT_THAT(why_refused("--xyz\r\n\r\nbody\r\n--xyz"), HasSubstr("closing boundary"));
    EXPECT_THAT(why_refused("--xyz\r\nContent-Type: a"), HasSubstr("closing boundary"));
}

TEST(Multipart, RefusesABodyWithoutItsBoundary) {
    EXPECT_THAT(why_refused("--other\r\n\r\nbody\r\n--other--"),
                HasSubstr("the boundary never comes"));
    EXPECT_THAT(why_refused(std::string(1, 'x')), HasSubstr("the boundary never comes"));
}

TEST(Multipart, RefusesMalformedDelimitersAndHeaders) {
    EXPECT_THAT(why_refused("--xyzzy\r\n\r\nbody\r\n--xyz--"), HasSubstr("line break"));
    EXPECT_THAT(why_refused("--xyz\r\nno colon\r\n\r\nb\r\n--xyz--"), HasSubstr("header line"));
    EXPECT_THAT(why_refused("--xyz\r\n: nameless\r\n\r\nb\r\n--xyz--"), HasSubstr("header line"));
    EXPECT_THAT(why_refused("--xyz" + std::string(1000, ' ')), HasSubstr("blanks"));
}

TEST(Multipart, HoldsEachOfItsLimits) {
    MultipartLimits limits;
    limits.max_part_bytes = 4;
    EXPECT_THAT(why_refused("--xyz\r\n\r\n12345\r\n--xyz--", limits),
                HasSubstr("part 1: it is larger than 4 bytes"));
    EXPECT_THAT(parse("--xyz\r\n\r\n1234\r\n--xyz--", 1, limits).bodies, ElementsAre("1234"));

    limits = {};
    limits.max_parts = 1;
    EXPECT_THAT(why_refused("--xyz\r\n\r\na\r\n--xyz\r\n\r\nb\r\n--xyz--", limits),
                HasSubstr("more than 1 parts"));
    limits = {};
    limits.max_total_bytes = 20;
    EXPECT_THAT(why_refused(kTwoParts, limits), HasSubstr("larger than 20 bytes"));
    limits = {};
    limits.max_header_bytes = 10;
    EXPECT_THAT(why_refused("--xyz\r\nContent-Type: application/dicom\r\n\r\na\r\n--xyz--", limits),
                HasSubstr("headers are longer"));
    EXPECT_THAT(why_refused("--xyz\r\na: b\r\nc: d\r\ne: f\r\n\r\na\r\n--xyz--", limits),
                HasSubstr("headers are longer"));
}

TEST(Multipart, RefusesBoundariesThatAreNone) {
    Taken nothing;
    EXPECT_THROW(MultipartParser("", {}, nothing), Error);
    EXPECT_THROW(MultipartParser(std::string(71, 'a'), {}, nothing), Error);
    EXPECT_THROW(MultipartParser("a\r\nb", {}, nothing), Error);
    EXPECT_THROW(MultipartParser("ends with a blank ", {}, nothing), Error);
    EXPECT_NO_THROW(MultipartParser("=_'()+,-./:=? a", {}, nothing));
}

TEST(Multipart, HandsAPartOnWhileItComes) {
    Taken taken;
    MultipartParser parser("xyz", {}, taken);
    parser.feed(as_byte_view("--xyz\r\n\r\n"));
    const std::string piece(100'000, 'x');
    for (std::size_t pieces = 1; pieces <= 10; ++pieces) {
        parser.feed(as_byte_view(piece));
        EXPECT_GE(taken.bodies.at(0).size() + 10, pieces * piece.size());
        EXPECT_EQ(taken.ended, 0U);
    }
    parser.feed(as_byte_view("\r\n--xyz--"));
    EXPECT_EQ(taken.bodies.at(0).size(), 10 * piece.size());
    EXPECT_EQ(taken.ended, 1U);
}

TEST(Multipart, PassesOnWhatTheTakerThrows) {
    struct Full final : PartTaker {
        void begin(const Headers&) override {}
        void more(ByteView) override { throw Error(ErrorCode::kOutOfSpace, "full"); }
        void end() override {}
    } full;
    MultipartParser parser("xyz", {}, full);
    EXPECT_THROW(parser.feed(as_byte_view("--xyz\r\n\r\na\r\n--xyz--")), Error);
}

}  // namespace
}  // namespace lucerna::http
