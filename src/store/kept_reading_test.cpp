#include "store/kept_reading.h"

#include <gtest/gtest.h>

#include "store/exam_book.h"
#include "store/store_test_support.h"

namespace lucerna::store {
namespace {

TEST(KeptReading, SaysWhatAFindingIsWithoutItsNumber) {
    const KeptReading one =
        kept_reading(reading_json_of("m", 0.5, {{"R-CC-1", "1.2", 10}, {"R-CC-2", "1.2", 90}}));
    const KeptReading other =
        kept_reading(reading_json_of("m", 0.1, {{"R-CC-1", "1.2", 90}, {"R-CC-2", "1.3", 10}}));
    ASSERT_EQ(one.findings.size(), 2U);
    EXPECT_EQ(one.model_sha256, "m");
    EXPECT_EQ(one.find("R-CC-2")->place, other.find("R-CC-1")->place);
    EXPECT_NE(one.find("R-CC-1")->place, other.find("R-CC-1")->place) << "elsewhere";
    EXPECT_NE(one.find("R-CC-1")->place, other.find("R-CC-2")->place) << "another image";
    EXPECT_EQ(one.find("R-CC-3"), nullptr);
}

TEST(KeptReading, TellsApartWhatWasMarkedTwice) {
    const KeptReading twice =
        kept_reading(reading_json_of("m", 0.5, {{"R-CC-1", "1.2", 10}, {"R-CC-2", "1.2", 10}}));
    EXPECT_NE(twice.find("R-CC-1")->place, twice.find("R-CC-2")->place);
}

TEST(KeptReading, HasNoFindingsOfWhatIsNoReading) {
    for (const char* const text :
         {"", "[", "[]", "{}", R"({"views":[{"findings":[{"id":"R-CC-1"}]}]})",
          R"({"model":7,"views":[]})", R"({"views":"x"})"})
        EXPECT_TRUE(kept_reading(text).findings.empty()) << text;
}

TEST(KeptReading, IsNamedByAllThatItSays) {
    EXPECT_EQ(reading_id(""), "");
    EXPECT_EQ(reading_id("{}").size(), 64U);
    EXPECT_NE(reading_id(reading_json_of("m", 0.5, {})), reading_id(reading_json_of("m", 0.6, {})));
}

TEST(KeptReading, HoldsNoDecisionThatDoesNotSayWhatItIsAbout) {
    Decision decision{"1.1", "R-CC-1", "m", "accept", "", "me", true, {}};
    const KeptReading reading = kept_reading(reading_json_of("m", 0.5, {{"R-CC-1", "1.2", 10}}));
    EXPECT_EQ(reading.finding_of(decision), "");
    decision.place = reading.find("R-CC-1")->place;
    EXPECT_EQ(reading.finding_of(decision), "R-CC-1");
    decision.model_sha256 = "another";
    EXPECT_EQ(reading.finding_of(decision), "");
}

}  // namespace
}  // namespace lucerna::store
