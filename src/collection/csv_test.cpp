#include "collection/csv.h"

#include <gtest/gtest.h>

namespace lucerna::collection {
namespace {

TEST(CsvField, ComesBackThroughTheReader) {
    for (const std::string field :
         {"plain", "a,b", "say \"no\"", "two\nlines", " blanks ", "a\"b"}) {
        const auto rows = parse_csv("x," + csv_field(field) + "\n", "test");
        ASSERT_EQ(rows.size(), 1U) << field;
        EXPECT_EQ(rows[0].fields.at(1), field);
    }
    EXPECT_EQ(csv_field("plain"), "plain");
}

TEST(ParseCsv, CountsLines) {
    const auto rows = parse_csv("a\r\n\"b\r\nb\"\r\n\r\nc", "test");
    ASSERT_EQ(rows.size(), 3U);
    EXPECT_EQ(rows[0].line, 1);
    EXPECT_EQ(rows[1].line, 2);
    EXPECT_EQ(rows[2].line, 5);
    EXPECT_EQ(rows[2].fields.at(0), "c");
}

}  // namespace
}  // namespace lucerna::collection
