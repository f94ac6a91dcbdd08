#include "evaluate/decision.h"

#include <gtest/gtest.h>

#include <cmath>

namespace lucerna::evaluate {
namespace {

TEST(PredictiveValues, CountAThousandPeople) {
    // Of 1000, 10 are ill: 9 found; of 990 healthy 99 are called.
    EXPECT_NEAR(positive_predictive_value(0.9, 0.9, 0.01), 9.0 / 108, 1e-12);
    EXPECT_NEAR(negative_predictive_value(0.9, 0.9, 0.01), 891.0 / 892, 1e-12);
    EXPECT_TRUE(std::isnan(positive_predictive_value(0, 1, 0.1)));
    EXPECT_TRUE(std::isnan(negative_predictive_value(1, 0, 0.1)));
}

TEST(NetBenefit, OfCallingEveryoneIsPrevalenceLessTheHealthyAtTheOdds) {
    EXPECT_NEAR(net_benefit(1, 0, 0.3, 0.2), 0.3 - 0.7 * 0.25, 1e-12);
    EXPECT_EQ(net_benefit(0, 1, 0.3, 0.2), 0);
}

TEST(Holm, MultipliesByWhatIsLeftAndNeverFalls) {
    // 0.01 * 4, 0.02 * 3, 0.03 * 2 raised to the one before, 0.9.
    const std::vector<double> p{0.03, 0.01, 0.9, 0.02};
    const auto adjusted = holm(p);
    EXPECT_NEAR(adjusted[1], 0.04, 1e-12);
    EXPECT_NEAR(adjusted[3], 0.06, 1e-12);
    EXPECT_NEAR(adjusted[0], 0.06, 1e-12);
    EXPECT_NEAR(adjusted[2], 0.9, 1e-12);
    EXPECT_TRUE(holm({}).empty());
}

}  // namespace
}  // namespace lucerna::evaluate
