#include "receive/order_text.h"

#include <gtest/gtest.h>

#include "support/zone.h"

namespace lucerna::receive {
namespace {

std::string read(std::string_view digits) {
    const auto moment = moment_from(digits);
    return moment ? moment->date + " " + moment->time : "none";
}

TEST(OrderText, TakesATimeWithoutAnOffsetAsItStands) {
    const test::CentralEurope place;
    EXPECT_EQ(read("20260302093000"), "20260302 093000");
    EXPECT_EQ(read("202603020930"), "20260302 0930");
    EXPECT_EQ(read("20260302093000.1234"), "20260302 093000");
    EXPECT_EQ(read("20260302"), "20260302 ");
}

TEST(OrderText, ReckonsATimeWithAnOffsetIntoTheZoneOfThePlace) {
    const test::CentralEurope place;
    EXPECT_EQ(read("20260302093000+0100"), "20260302 093000");
    EXPECT_EQ(read("20260302083000+0000"), "20260302 093000");
    EXPECT_EQ(read("202607010830-0000"), "20260701 1030") << "in summer";
    EXPECT_EQ(read("20260301233000.5+0000"), "20260302 003000") << "the day after";
    EXPECT_EQ(read("20260301003000+0530"), "20260228 200000") << "the day before";
    EXPECT_EQ(read("2026123118-0700"), "20270101 0200");
    EXPECT_EQ(read("202602281930-0430"), "20260301 0100");
}

TEST(OrderText, LeavesADayWithAnOffsetWhereItIs) {
    const test::CentralEurope place;
    EXPECT_EQ(read("20260302-0800"), "20260302 ");
    EXPECT_EQ(day_from("19700102235900-0800"), "19700102") << "born on another day nowhere";
    EXPECT_FALSE(day_from("19701302"));
}

TEST(OrderText, RefusesWhatIsNoTime) {
    const test::CentralEurope place;
    for (const char* text : {"", "2026", "20261302", "202603022530", "2026030209300", "tomorrow",
                             "20260302093000+1", "20260302093000+01:00", "20260302093000+1500",
                             "20260302093000+0160", "20260302093000-", "20260302093000+0100+0100"})
        EXPECT_EQ(read(text), "none") << text;
}

}  // namespace
}  // namespace lucerna::receive
