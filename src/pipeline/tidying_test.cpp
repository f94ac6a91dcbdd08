#include "pipeline/tidying.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/error.h"

namespace lucerna::pipeline {
namespace {

using namespace std::chrono_literals;

class TidyingTest : public testing::Test {
  protected:
    const Instant start = from_rfc3339("2026-03-01T08:00:00.000Z");
    std::stop_source stop;
    int asked = 0;
    std::size_t left = 0;
    bool fails = false;
    Instant before;
    Tidying tidying{[this](Instant created_before) {
        ++asked;
        before = created_before;
        if (fails) throw Error(ErrorCode::kUnavailable, "the index says nothing");
        const std::size_t some = std::min<std::size_t>(left, 1000);
        left -= some;
        return some;
    }};
};

TEST_F(TidyingTest, ForgetsAllOnceADaySomeAtATime) {
    left = 2500;
    tidying.run(start, stop.get_token());
    EXPECT_EQ(left, 0U);
    EXPECT_EQ(asked, 4);
    EXPECT_EQ(before, start - 30 * 24h);
    tidying.run(start + 23h, stop.get_token());
    EXPECT_EQ(asked, 4);
    tidying.run(start + 24h, stop.get_token());
    EXPECT_EQ(asked, 5);
    tidying.run(start, stop.get_token());
    EXPECT_EQ(asked, 6) << "the clock was set back";
}

TEST_F(TidyingTest, TriesAgainAfterAnHourWhatFailed) {
    fails = true;
    EXPECT_THROW(tidying.run(start, stop.get_token()), Error);
    for (int second = 1; second < 3600; ++second)
        tidying.run(start + std::chrono::seconds(second), stop.get_token());
    EXPECT_EQ(asked, 1);
    EXPECT_THROW(tidying.run(start + 1h, stop.get_token()), Error);
    fails = false;
    tidying.run(start + 2h, stop.get_token());
    tidying.run(start + 3h, stop.get_token());
    EXPECT_EQ(asked, 3);
}

TEST_F(TidyingTest, BreaksOffWhereItIsToStop) {
    left = 2500;
    stop.request_stop();
    tidying.run(start, stop.get_token());
    EXPECT_EQ(left, 2500U);
}

}  // namespace
}  // namespace lucerna::pipeline
