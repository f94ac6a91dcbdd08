#include "evaluate/proportion.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"
#include "evaluate/distributions.h"

namespace lucerna::evaluate {
namespace {

TEST(WilsonInterval, MatchesItsClosedFormAtTheEnds) {
    const double z2 = kNormal975 * kNormal975;
    const Interval none = wilson_interval({0, 10});
    EXPECT_EQ(none.low, 0);
    EXPECT_NEAR(none.high, z2 / (10 + z2), 1e-12);
    EXPECT_EQ(wilson_interval({10, 10}).high, 1);
}

// Newcombe, Statistics in Medicine 1998;17:857-872, table I: 81 of 263.
TEST(Intervals, ReproducePublishedValues) {
    EXPECT_NEAR(wilson_interval({81, 263}).low, 0.2553, 5e-5);
    EXPECT_NEAR(wilson_interval({81, 263}).high, 0.3662, 5e-5);
    EXPECT_NEAR(exact_interval({81, 263}).low, 0.2527, 5e-5);
    EXPECT_NEAR(exact_interval({81, 263}).high, 0.3676, 5e-5);
}

TEST(ExactInterval, MatchesItsClosedFormAtTheEnds) {
    const Interval none = exact_interval({0, 20});
    EXPECT_EQ(none.low, 0);
    EXPECT_NEAR(none.high, 1 - std::pow(0.025, 1.0 / 20), 1e-12);
    EXPECT_NEAR(exact_interval({20, 20}).low, std::pow(0.025, 1.0 / 20), 1e-12);
}

TEST(ExactInterval, LeavesTheTailsThatItPromises) {
    // P(X >= 7 | n = 12, p = low) is the beta distribution at low: 2.5%.
    const Interval interval = exact_interval({7, 12});
    EXPECT_NEAR(beta_cdf(interval.low, 7, 6), 0.025, 1e-10);
    EXPECT_NEAR(1 - beta_cdf(interval.high, 8, 5), 0.025, 1e-10);
}

TEST(Intervals, RefuseNoCases) {
    EXPECT_THROW((void)wilson_interval({0, 0}), Error);
    EXPECT_THROW((void)exact_interval({3, 2}), Error);
}

}  // namespace
}  // namespace lucerna::evaluate
