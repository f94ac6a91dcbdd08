#include "http/media_type.h"

#include <gtest/gtest.h>

#include <array>

#include "base/error.h"

namespace lucerna::http {
namespace {

TEST(MediaType, TakesParametersApart) {
    const auto media =
        parse_media_type("Multipart/Related; Type=\"application/dicom\";boundary=\"a\\\"b;c\"");
    ASSERT_TRUE(media);
    EXPECT_EQ(media->type, "multipart/related");
    EXPECT_EQ(media->parameter("type"), "application/dicom");
    EXPECT_EQ(media->parameter("boundary"), "a\"b;c");
    EXPECT_EQ(media->parameter("absent"), "");
}

TEST(MediaType, TakesAnUnquotedSlash) {
    const auto media = parse_media_type("multipart/related; type=application/octet-stream");
    ASSERT_TRUE(media);
    EXPECT_EQ(media->parameter("type"), "application/octet-stream");
}

TEST(MediaType, RefusesWhatIsNone) {
    for (const char* text : {"", "a", "/b", "a/", "a/b; c", "a/b; c=", "a/b; =d", "a/b; c=\"d",
                             "a/b; c=d; C=e", "a b/c", "a/b; c=d e"})
        EXPECT_FALSE(parse_media_type(text)) << text;
}

TEST(Accept, SortsByQualityAndKeepsOrderAmongEquals) {
    const auto ranges = parse_accept(
        "text/html;q=0.5, image/png, application/dicom+json;q=1.0, x/y;q=0, */*;q=0.001");
    ASSERT_EQ(ranges.size(), 4U);
    EXPECT_EQ(ranges[0].media.type, "image/png");
    EXPECT_EQ(ranges[1].media.type, "application/dicom+json");
    EXPECT_EQ(ranges[2].media.type, "text/html");
    EXPECT_EQ(ranges[3].media.type, "*/*");
}

TEST(Accept, KeepsCommasInQuotedParameters) {
    const auto ranges = parse_accept(
        "multipart/related; type=\"image/jls\"; transfer-syntax=1.2.3;q=0.9,"
        "multipart/related; type=\"a,b\"");
    ASSERT_EQ(ranges.size(), 2U);
    EXPECT_EQ(ranges[0].media.parameter("type"), "a,b");
    EXPECT_EQ(ranges[1].media.parameter("transfer-syntax"), "1.2.3");
    EXPECT_FALSE(ranges[1].media.parameters.contains("q"));
}

TEST(Accept, TakesNothingForEverything) {
    for (const char* text : {"", " ", ",", "*/*"}) {
        const auto ranges = parse_accept(text);
        ASSERT_EQ(ranges.size(), 1U) << text;
        EXPECT_TRUE(ranges[0].covers("image/png"));
    }
    EXPECT_TRUE(parse_accept("a/b;q=0").empty());
}

TEST(Accept, TakesWhatJavaSaysByItself) {
    const auto ranges = parse_accept("text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2");
    ASSERT_EQ(ranges.size(), 5U);
    for (const std::size_t i : {3U, 4U}) {
        EXPECT_EQ(ranges[i].media.type, "*/*");
        EXPECT_DOUBLE_EQ(ranges[i].quality, 0.2);
    }
    EXPECT_EQ(parse_accept("*").at(0).media.type, "*/*");
    for (const char* text : {"a/b;q=.", "a/b;q=.1234", "**", "*a"})
        EXPECT_THROW((void)parse_accept(text), Error) << text;
}

TEST(Accept, RefusesMalformedEntries) {
    for (const char* text : {"image", "*/png", "a/b;q=2", "a/b;q=x", "a/b;q=0.1234", "a/b;q=-1",
                             "a/b;q=nan", "a/b, ;"})
        EXPECT_THROW((void)parse_accept(text), Error) << text;
    std::string flood = "a/b";
    for (int i = 0; i < 64; ++i) flood += ",a/b";
    EXPECT_THROW((void)parse_accept(flood), Error);
}

TEST(MediaRange, CoversByWholeTypes) {
    const MediaRange images{{"image/*", {}}, 1};
    EXPECT_TRUE(images.covers("image/png"));
    EXPECT_FALSE(images.covers("imagex/png"));
    EXPECT_FALSE(images.covers("image"));
    EXPECT_FALSE((MediaRange{{"image/p", {}}, 1}.covers("image/png")));
}

// RFC 9110 12.5.1: of a type the most specific entry speaks, however much is wished for by others.
TEST(MediaRange, DoesNotCoverWhatANarrowerEntryWantsLess) {
    const auto first = [](const char* accept) { return parse_accept(accept).at(0); };
    for (const char* accept : {"image/*;q=0.9, image/jpeg;q=0.1", "image/jpeg;q=0, image/*",
                               "*/*, image/*;q=0, image/png;q=0.5"})
        EXPECT_FALSE(first(accept).covers("image/jpeg")) << accept;
    EXPECT_TRUE(first("image/*;q=0.9, image/jpeg;q=0.1").covers("image/png"));
    EXPECT_TRUE(first("image/jpeg, image/*;q=0").covers("image/jpeg"));
    EXPECT_TRUE(first("image/*, image/jpeg; level=1;q=0").covers("image/jpeg"))
        << "of another level";
    EXPECT_TRUE(first("image/jpeg;q=0.1, */*;q=0.1").covers("image/jpeg"));
}

TEST(MediaRange, SaysOfPartsWhatItSaysOfTheirType) {
    const auto parts = [](const char* accept) { return parse_accept(accept).at(0).parts(); };
    EXPECT_FALSE(parts("image/jpeg"));
    EXPECT_FALSE(parts("*/*, multipart/*;q=0"));
    EXPECT_EQ(parts("multipart/related; type=\"Image/JLS\"; transfer-syntax=1.2")->media,
              (MediaType{"image/jls", {{"transfer-syntax", "1.2"}}}));
    EXPECT_TRUE(parts("multipart/*")->covers("image/jls"));
    EXPECT_FALSE(parts("*/*, multipart/related; type=image/jls;q=0")->covers("image/jls"));
    EXPECT_TRUE(parts("*/*, image/jls;q=0")->covers("image/jls")) << "by itself alone";
}

TEST(Choose, TakesTheFirstOfferThatIsPreferredMost) {
    constexpr std::array<std::string_view, 3> kOffered = {
        "application/json", "multipart/related; type=\"text/xml\"", "text/xml"};
    const auto chosen = [&](const char* accept) {
        return choose(parse_accept(accept), kOffered).value_or("none");
    };
    for (const char* accept : {"", "*/*", "application/*", "text/xml;q=0.9, application/json"})
        EXPECT_EQ(chosen(accept), kOffered[0]) << accept;
    for (const char* accept :
         {"multipart/related", "multipart/*", "application/json;q=0.5, multipart/*",
          "multipart/related; type=TEXT/xml"})
        EXPECT_EQ(chosen(accept), kOffered[1]) << accept;
    EXPECT_EQ(chosen("text/*"), kOffered[2]);
    for (const char* accept : {"image/png", "multipart/related; type=\"image/png\"", "*/*;q=0"})
        EXPECT_EQ(chosen(accept), "none") << accept;
}

TEST(Choose, NeverTakesWhatIsRefused) {
    constexpr std::array<std::string_view, 3> kOffered = {
        "application/json", "multipart/related; type=\"text/xml\"", "text/xml"};
    const auto chosen = [&](const char* accept) {
        return choose(parse_accept(accept), kOffered).value_or("none");
    };
    EXPECT_EQ(chosen("application/json;q=0, */*"), kOffered[1]);
    EXPECT_EQ(chosen("application/json;q=0, application/*"), "none");
    EXPECT_EQ(chosen("application/*;q=0, multipart/related;q=0, */*"), kOffered[2]);
    EXPECT_EQ(chosen("application/*;q=0, multipart/related; type=text/xml;q=0, */*"), kOffered[2]);
    EXPECT_EQ(chosen("*/*, application/json;q=0.5, multipart/*;q=0.7, text/*;q=0"), kOffered[1]);
    EXPECT_EQ(chosen("multipart/related; type=text/xml, multipart/*;q=0"), kOffered[1]);
}

}  // namespace
}  // namespace lucerna::http
