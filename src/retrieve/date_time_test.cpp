#include "retrieve/date_time.h"

#include <gtest/gtest.h>

namespace lucerna::retrieve {
namespace {

bool meets(std::string_view key, std::string_view value, std::string_view key_zone = "",
           std::string_view value_zone = "") {
    return date_time_matches(key, key_zone, value, value_zone).value();
}

TEST(DateTime, MatchesAMomentAsPreciseAsItIsGiven) {
    EXPECT_TRUE(meets("20240115103000", "20240115103000"));
    EXPECT_TRUE(meets("20240115", "20240115103000.5"));
    EXPECT_TRUE(meets("202402", "20240229235959.999999"));
    EXPECT_FALSE(meets("20240115103000", "20240115103001"));
    EXPECT_FALSE(meets("20240115", "20240116000000"));
    EXPECT_FALSE(meets("2024", "")) << "what has no value is met by none";
    EXPECT_FALSE(meets("2024", "nonsense"));
}

TEST(DateTime, MatchesRanges) {
    EXPECT_TRUE(meets("20240101-20250101", "20240115103000"));
    EXPECT_TRUE(meets("20240101-2024", "20241231235959")) << "the end's last moment counts";
    EXPECT_FALSE(meets("20240101-20250101", "20250102"));
    EXPECT_FALSE(meets("20240101-20250101", "20231231235959.999999"));
    EXPECT_TRUE(meets("2024-", "20240115"));
    EXPECT_TRUE(meets("-2024", "20240115"));
    EXPECT_FALSE(meets("-2023", "20240115"));
    EXPECT_TRUE(meets("2023-2025", "2024")) << "no offset is as large as 2025";
    EXPECT_FALSE(meets("2023-2025", "2026"));
    EXPECT_FALSE(meets("-2025", ""));
}

TEST(DateTime, ReckonsWithOffsetsFromUtc) {
    EXPECT_TRUE(meets("20240115100000+0000", "20240115110000+0100"));
    EXPECT_FALSE(meets("20240115110000+0000", "20240115110000+0100"));
    EXPECT_TRUE(meets("20240115100000-0500-20240115120000-0500", "20240115160000+0000"));
    EXPECT_FALSE(meets("20240115100000-0500-20240115120000-0500", "20240115100000+0000"));
    EXPECT_TRUE(meets("20240115100000-0500-", "20240115160000+0000")) << "open at its end";
    EXPECT_TRUE(meets("-20240115100000-0500", "20240115150000+0000")) << "and at its start";
    EXPECT_TRUE(meets("20240115100000+0000", "20240115110000", "", "+0100"))
        << "the object's zone stands for the value's";
    EXPECT_TRUE(meets("20240115100000", "20240115110000+0100", "+0000", "-0800"));
    EXPECT_TRUE(meets("20240115110000", "20240115110000+0100")) << "unknown: taken for the same";
}

TEST(DateTime, RefusesKeysThatAreNone) {
    for (const char* key : {"soon", "20241", "20241301", "20240230", "2024010125", "20240101-soon",
                            "20240101103000.", "20240101.5", "202401011030-20240101-20240102"})
        EXPECT_FALSE(date_time_matches(key, "", "20240101", "")) << key;
}

}  // namespace
}  // namespace lucerna::retrieve
