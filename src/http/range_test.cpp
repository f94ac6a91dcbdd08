#include "http/range.h"

#include <gtest/gtest.h>

namespace lucerna::http {
namespace {

const std::string kTag = "\"v1\"";

/// "206 cde bytes 2-4/10": status, body and Content-Range of ten letters asked for with `headers`.
std::string answered(Headers headers, Response whole) {
    BodyInMemory body;
    Request request(body);
    request.headers = std::move(headers);
    const Response response = ranged(request, std::move(whole));
    std::string text = std::to_string(response.status);
    if (response.status != 416) {
        const auto* bytes = std::get_if<Bytes>(&response.body);
        const auto* enclosed = std::get_if<Enclosed>(&response.body);
        text += " " + (bytes      ? std::string(bytes->begin(), bytes->end())
                       : enclosed ? std::string(as_text(enclosed->bytes.view()))
                                  : std::get<std::string>(response.body));
    }
    if (const auto range = response.headers.get("Content-Range")) text += " " + *range;
    return text;
}
Response letters(std::string text = "abcdefghij") {
    Response response = Response::of(200, "text/plain", std::move(text));
    response.headers.set("ETag", kTag);
    return response;
}
std::string answered(const std::string& range) {
    return answered({{"Range", range}}, letters());
}

TEST(Ranged, GivesOneRangeOfBytes) {
    EXPECT_EQ(answered("bytes=2-4"), "206 cde bytes 2-4/10");
    EXPECT_EQ(answered("bytes=0-0"), "206 a bytes 0-0/10");
    EXPECT_EQ(answered("bytes=7-"), "206 hij bytes 7-9/10");
    EXPECT_EQ(answered("bytes=-3"), "206 hij bytes 7-9/10");
    EXPECT_EQ(answered("Bytes=8-99"), "206 ij bytes 8-9/10");
    EXPECT_EQ(answered("bytes=8-99999999999999999999999999"), "206 ij bytes 8-9/10");
    EXPECT_EQ(answered("bytes=-99"), "206 abcdefghij bytes 0-9/10");
}

TEST(Ranged, CutsBytesAsItCutsText) {
    Response whole = Response::of(200, "application/octet-stream", Bytes{'x', 'y', 'z'});
    whole.headers.set("ETag", kTag);
    EXPECT_EQ(answered({{"Range", "bytes=1-"}}, std::move(whole)), "206 yz bytes 1-2/3");
}

TEST(Ranged, CutsBytesThatAreCountedElsewhere) {
    const auto counted = [](const std::shared_ptr<const void>& held) {
        Response whole = Response::of(200, "application/octet-stream", Bytes{'x', 'y', 'z'}, held);
        whole.headers.set("ETag", kTag);
        return whole;
    };
    const auto room = std::make_shared<const int>(3);
    EXPECT_EQ(answered({{"Range", "bytes=1-"}}, counted(room)), "206 yz bytes 1-2/3");
    const Response whole = counted(room);
    EXPECT_EQ(std::get<Enclosed>(whole.body).held, room);
}

TEST(Ranged, SaysHowMuchThereIsWhereNothingIsAskedFor) {
    EXPECT_EQ(answered("bytes=10-"), "416 bytes */10");
    EXPECT_EQ(answered("bytes=-0"), "416 bytes */10");
    EXPECT_EQ(answered("bytes=99999999999999999999999999-"), "416 bytes */10");
    EXPECT_EQ(answered({{"Range", "bytes=0-"}}, letters("")), "416 bytes */0");
}

TEST(Ranged, GivesTheWholeForWhatIsNotOneRangeOfBytes) {
    for (const char* range :
         {"", "bytes", "bytes=", "bytes=-", "bytes=a-b", "bytes=3-2", "lines=1-2", "bytes=1-2,4-5",
          "bytes=1-2, bytes=3-4", "bytes=+1-2", "bytes=1--2"})
        EXPECT_EQ(answered(range), "200 abcdefghij") << range;
}

TEST(Ranged, GivesTheWholeWhereIfRangeNamesAnother) {
    const auto with = [](const std::string& condition) {
        return answered({{"Range", "bytes=0-1"}, {"If-Range", condition}}, letters());
    };
    EXPECT_EQ(with(kTag), "206 ab bytes 0-1/10");
    EXPECT_EQ(with("\"v0\""), "200 abcdefghij");
    EXPECT_EQ(with("W/" + kTag), "200 abcdefghij");
    EXPECT_EQ(with("Sat, 01 Jan 2000 00:00:00 GMT"), "200 abcdefghij");
    Response weak = letters();
    weak.headers.set("ETag", "W/" + kTag);
    EXPECT_EQ(answered({{"Range", "bytes=0-1"}, {"If-Range", "W/" + kTag}}, std::move(weak)),
              "200 abcdefghij");
}

TEST(Ranged, ReadsOfABodyInPiecesWhatIsSent) {
    std::uint64_t read_bytes = 0;
    const auto sent = [&](const std::string& range) {
        BodyInMemory none;
        Request request(none);
        request.headers = Headers({{"Range", range}});
        Response head;
        head.headers.set("ETag", kTag);
        read_bytes = 0;
        Response response =
            ranged(request, std::move(head),
                   {3 * kPieceBytes + 5, [&](std::uint64_t offset, std::uint64_t length) {
                        EXPECT_LE(length, kPieceBytes);
                        read_bytes += length;
                        return Bytes(length, static_cast<std::uint8_t>(offset / kPieceBytes));
                    }});
        std::string text =
            std::to_string(response.status) + " " + response.headers.get_or("Content-Range", "");
        const auto* stream = std::get_if<Stream>(&response.body);
        if (stream == nullptr) return text;
        std::uint64_t size = 0;
        for (bool last = false; !last;) {
            const Chunk chunk = stream->next();
            size += chunk.bytes.size();
            last = chunk.last;
        }
        EXPECT_EQ(size, stream->length);
        return text + " " + std::to_string(size);
    };
    EXPECT_EQ(sent("bytes=1048570-1048580"), "206 bytes 1048570-1048580/3145733 11");
    EXPECT_EQ(read_bytes, 11U);
    EXPECT_EQ(sent(""), "200  3145733");
    EXPECT_EQ(read_bytes, 3145733U);
    EXPECT_EQ(sent("bytes=-6"), "206 bytes 3145727-3145732/3145733 6");
    EXPECT_EQ(sent("bytes=3145733-"), "416 bytes */3145733");
    EXPECT_EQ(read_bytes, 0U);
}

TEST(Ranged, LeavesOtherAnswersAlone) {
    const Headers asks({{"Range", "bytes=0-1"}});
    EXPECT_EQ(answered(asks, Response::of(200, "text/plain", std::string("abc"))), "200 abc")
        << "no ETag";
    Response refused = letters();
    refused.status = 404;
    EXPECT_EQ(answered(asks, std::move(refused)), "404 abcdefghij");
    BodyInMemory body;
    Request post(body);
    post.method = "POST";
    post.headers = asks;
    EXPECT_EQ(ranged(post, letters()).status, 200);
    Request get(body);
    get.headers = asks;
    Response stream{200, {{"ETag", kTag}}, Stream{[] { return Chunk{.last = true}; }}};
    const Response answer = ranged(get, std::move(stream));
    EXPECT_EQ(answer.status, 200);
    EXPECT_FALSE(answer.headers.has("Accept-Ranges"));
    EXPECT_EQ(ranged(get, letters()).headers.get("Accept-Ranges"), "bytes");
}

}  // namespace
}  // namespace lucerna::http
