#include "http/query.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace lucerna::http {
namespace {

TEST(Query, DecodesAndKeepsRepeatedKeys) {
    const Query query = Query::parse("a=1&b=x%20y+z&a=2&c&&d=%C3%A4");
    EXPECT_EQ(query.get_all("a"), (std::vector<std::string>{"1", "2"}));
    EXPECT_EQ(query.get("b"), "x y z");
    EXPECT_EQ(query.get("c"), "");
    EXPECT_EQ(query.get("d"), "\xC3\xA4");
    EXPECT_FALSE(query.has("A"));
}

TEST(Query, RefusesBrokenEscapesNulAndFloods) {
    for (const char* text : {"a=%", "a=%2", "a=%zz", "a=%00", "%00=a"})
        EXPECT_THROW((void)Query::parse(text), Error) << text;
    std::string flood;
    for (int i = 0; i < 1001; ++i) flood += "a&";
    EXPECT_THROW((void)Query::parse(flood), Error);
}

TEST(Query, ReadsNumbersWithinBounds) {
    const Query query = Query::parse("limit=10&bad=1x&big=99999999999999999999&minus=-1&empty=");
    EXPECT_EQ(query.number_or("limit", 5, 0, 100), 10U);
    EXPECT_EQ(query.number_or("absent", 5, 0, 100), 5U);
    for (const char* key : {"bad", "big", "minus", "empty"})
        EXPECT_THROW((void)query.number_or(key, 5, 0, 100), Error) << key;
    EXPECT_THROW((void)query.number_or("limit", 5, 0, 9), Error);
}

TEST(PathSegments, DecodesEachSegment) {
    EXPECT_TRUE(path_segments("/").empty());
    EXPECT_EQ(path_segments("/a/b%20c/d+e"), (std::vector<std::string>{"a", "b c", "d+e"}));
}

TEST(PathSegments, RefusesWhatCouldBeReadInTwoWays) {
    for (const char* path : {"", "a", "//", "/a//b", "/a/", "/..", "/a/../b", "/%2e%2e/b", "/./a",
                             "/a%2Fb", "/a%2fb", "/a%5Cb", "/a\\b", "/a%00b", "/a%", "*"})
        EXPECT_THROW((void)path_segments(path), Error) << path;
}

TEST(PercentEncoded, GoesBackAndForth) {
    std::string all;
    for (int c = 1; c < 256; ++c) all += static_cast<char>(c);
    EXPECT_EQ(percent_decoded(percent_encoded(all)), all);
    EXPECT_EQ(percent_encoded("a/b c"), "a%2Fb%20c");
}

}  // namespace
}  // namespace lucerna::http
