#include "review/shown_decisions.h"

#include <gtest/gtest.h>

#include <string>

namespace lucerna::review {
namespace {

constexpr const char* kReading =
    R"({"model":{"sha256":"m1"},"views":[{"sop_instance_uid":"2.25.9","findings":[)"
    R"({"id":"R-CC-1","kind":"mass","box":{"left":1,"top":1,"width":9,"height":9}},)"
    R"({"id":"R-CC-2","kind":"mass","box":{"left":5,"top":1,"width":9,"height":9}}]}]})";

store::Decision on(const std::string& place, const std::string& comment) {
    store::Decision decision;
    decision.finding = "R-MLO-7";
    decision.model_sha256 = "m1";
    decision.action = "accept";
    decision.comment = comment;
    decision.place = place;
    return decision;
}

const std::string kFirst = "2.25.9|1|1|9|9|mass";
const std::string kSecond = "2.25.9|5|1|9|9|mass";

TEST(ShownDecisions, AreTheNewestOfEachFinding) {
    ShownDecisions shown(kReading);
    for (int i = 0; i < 500; ++i) shown.add(on(kFirst, std::to_string(i)));
    for (int i = 0; i < 500; ++i) shown.add(on("another", std::to_string(i)));
    shown.add(on(kSecond, "the oldest of all, which counts"));
    ASSERT_EQ(shown.current().size(), ShownDecisions::kMostOfFinding + 1);
    EXPECT_EQ(shown.current().front().comment, "0");
    EXPECT_EQ(shown.current().front().finding, "R-CC-1");
    EXPECT_EQ(shown.current().back().finding, "R-CC-2");
    ASSERT_EQ(shown.former().size(), ShownDecisions::kMostFormer);
    EXPECT_EQ(shown.former().front().finding, "R-MLO-7") << "as it was called";
    EXPECT_EQ(shown.left_out(),
              1000 - ShownDecisions::kMostOfFinding - ShownDecisions::kMostFormer);
}

TEST(ShownDecisions, HoldWhatCountsHoweverLongOthersAre) {
    ShownDecisions shown(kReading);
    const std::string text(ShownDecisions::kMostBytes, 'x');
    shown.add(on("another", text));
    shown.add(on("another", "no room"));
    shown.add(on(kFirst, "counts"));
    shown.add(on(kFirst, "no room"));
    EXPECT_EQ(shown.former().size(), 1U);
    ASSERT_EQ(shown.current().size(), 1U);
    EXPECT_EQ(shown.current()[0].comment, "counts");
    EXPECT_EQ(shown.left_out(), 2U);
}

}  // namespace
}  // namespace lucerna::review
