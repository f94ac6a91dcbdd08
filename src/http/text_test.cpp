#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <utility>
#include <vector>

#include "http/answer_memory.h"
#include "http/event_stream.h"
#include "http/metrics.h"
#include "http/multipart_writer.h"

namespace lucerna::http {
namespace {

std::string all_of(const Response& response) {
    std::string text;
    for (const auto& stream = std::get<Stream>(response.body);;) {
        const Chunk chunk = stream.next();
        text.append(chunk.bytes.begin(), chunk.bytes.end());
        if (chunk.last) return text;
    }
}

TEST(Multipart, WritesPartsOneAfterTheOther) {
    int given = 0;
    const Response response =
        multipart_response("application/dicom", [&given]() -> std::optional<Part> {
            if (given == 3) return std::nullopt;
            ++given;
            // The second one is empty.
            return Part{"application/dicom", "", Bytes(given == 2 ? 0 : 2, 'x')};
        });
    const std::string type = response.headers.get_or("Content-Type", "");
    const std::string boundary = type.substr(type.find("boundary=") + 9);
    const std::string head = "--" + boundary + "\r\nContent-Type: application/dicom\r\n";
    EXPECT_EQ(all_of(response), head + "Content-Length: 2\r\n\r\nxx\r\n" + head +
                                    "Content-Length: 0\r\n\r\n\r\n" + head +
                                    "Content-Length: 2\r\n\r\nxx\r\n--" + boundary + "--\r\n");
    EXPECT_EQ(type.find("multipart/related; type=\"application/dicom\"; boundary="), 0U);
}

TEST(Multipart, SendsSmallPartsTogetherAndLargeOnesInSlices) {
    const auto sizes_given = [] {
        std::vector<std::size_t> sizes = {3u << 20, 10, 10, 2u << 20};
        const Response response =
            multipart_response("a/b", [sizes]() mutable -> std::optional<Part> {
                if (sizes.empty()) return std::nullopt;
                const std::size_t size = sizes.back();
                sizes.pop_back();
                return Part{{"a/b", ""}, Bytes(size, 'x')};
            });
        std::vector<std::size_t> given;
        for (bool last = false; !last;) {
            const Chunk chunk = std::get<Stream>(response.body).next();
            EXPECT_FALSE(chunk.bytes.empty()) << "that would mean \"not yet\"";
            given.push_back(chunk.bytes.size());
            last = chunk.last;
        }
        return given;
    };
    const std::vector<std::size_t> given = sizes_given();
    EXPECT_EQ(given.size(), 5U) << "two slices, two parts and a slice, two slices";
    // So much is in memory of a client that takes nothing, where others take as little.
    const auto others = answer_memory().hold(std::size_t{32} << 20, {});
    const std::vector<std::size_t> crowded = sizes_given();
    EXPECT_LT(*std::max_element(crowded.begin(), crowded.end()),
              2 * AnswerMemory::kLeastPiece + 1000)
        << "the end of one, and the beginning of the next";
    EXPECT_EQ(std::accumulate(crowded.begin(), crowded.end(), std::size_t{0}),
              std::accumulate(given.begin(), given.end(), std::size_t{0}));
}

TEST(Multipart, OfOnePartIsOneBodyThatIsNotCopied) {
    Bytes bytes(2u << 20, 'x');
    const std::uint8_t* where = bytes.data();
    const Response response = multipart_response("a/b", Part{"a/b", "", std::move(bytes)});
    const auto& body = std::get<Enclosed>(response.body);
    const std::string type = response.headers.get_or("Content-Type", "");
    const std::string boundary = type.substr(type.find("boundary=") + 9);
    EXPECT_EQ(body.before,
              "--" + boundary + "\r\nContent-Type: a/b\r\nContent-Length: 2097152\r\n\r\n");
    EXPECT_EQ(body.bytes.view().data(), where);
    EXPECT_EQ(body.after, "\r\n--" + boundary + "--\r\n");
}

TEST(Multipart, ThrowsWhatTheFirstPartThrows) {
    EXPECT_THROW(
        (void)multipart_response(
            "a/b", []() -> std::optional<Part> { throw Error(ErrorCode::kNotFound, "gone"); }),
        Error);
}

TEST(Multipart, RefusesLineBreaksInPartHeaders) {
    EXPECT_THROW((void)part_head({"a/b\r\nX: y", ""}, 1, "b", true), Error);
    EXPECT_THROW((void)part_head({"a/b", "/x\nY: z"}, 1, "b", true), Error);
}

TEST(Metrics, WritesThePrometheusFormat) {
    Metrics metrics;
    metrics.counter("b_total", "Beans.", {{"kind", "a\"\\\n"}}).add(3);
    metrics.gauge("a", "Apples\nred.").set(1.5);
    metrics.watch("c", "Cherries.", [] { return 7.0; });
    metrics.watch_each("e", "Elderberries.", [] {
        return Metrics::Gauges{{{{"ripe", "no"}}, 2.0}, {{{"ripe", "yes"}}, 1.0}};
    });
    auto& histogram = metrics.histogram("d", "Dates.", {0.1, 1});
    for (const double value : {0.1, 0.5, 5.0}) histogram.observe(value);
    EXPECT_EQ(metrics.text(),
              "# HELP a Apples\\nred.\n# TYPE a gauge\na 1.5\n"
              "# HELP b_total Beans.\n# TYPE b_total counter\nb_total{kind=\"a\\\"\\\\\\n\"} 3\n"
              "# HELP c Cherries.\n# TYPE c gauge\nc 7\n"
              "# HELP d Dates.\n# TYPE d histogram\n"
              "d_bucket{le=\"0.1\"} 1\nd_bucket{le=\"1\"} 2\nd_bucket{le=\"+Inf\"} 3\n"
              "d_sum 5.6\nd_count 3\n"
              "# HELP e Elderberries.\n# TYPE e gauge\ne{ripe=\"no\"} 2\ne{ripe=\"yes\"} 1\n");
}

TEST(Metrics, GivesTheSameCounterAgainAndRefusesAnotherKind) {
    Metrics metrics;
    Counter& first = metrics.counter("a_total", "A.", {{"x", "1"}});
    EXPECT_EQ(&first, &metrics.counter("a_total", "A.", {{"x", "1"}}));
    EXPECT_NE(&first, &metrics.counter("a_total", "A.", {{"x", "2"}}));
    EXPECT_THROW(metrics.gauge("a_total", "A."), Error);
    EXPECT_THROW(metrics.counter("a b", "A."), Error);
    EXPECT_THROW(metrics.counter("a", "A.", {{"x-y", "1"}}), Error);
}

TEST(EventStream, SplitsDataAndDropsLineBreaksElsewhere) {
    EXPECT_EQ(to_text({"a\nb", "1\n2\r\n3", "7"}),
              "id: 7\nevent: ab\ndata: 1\ndata: 2\ndata: 3\n\n");
}

TEST(EventStream, WaitsAndBreaksTheSilence) {
    int polls = 0;
    const Response response = event_stream(
        [&polls]() -> std::optional<Event> {
            return ++polls == 1 ? std::optional(Event{"changed", "1"}) : std::nullopt;
        },
        std::chrono::milliseconds(5000));
    const auto& next = std::get<Stream>(response.body).next;
    const auto text = [](const Chunk& chunk) {
        return std::string(chunk.bytes.begin(), chunk.bytes.end());
    };
    EXPECT_EQ(text(next()), ":\n\n");
    EXPECT_EQ(text(next()), "event: changed\ndata: 1\n\n");
    EXPECT_EQ(next().wait.count(), 5000);
    EXPECT_EQ(next().wait.count(), 5000);
    EXPECT_EQ(text(next()), ":\n\n");
}

}  // namespace
}  // namespace lucerna::http
