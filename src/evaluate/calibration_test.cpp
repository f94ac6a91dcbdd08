#include "evaluate/calibration.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "base/error.h"
#include "base/random.h"

namespace lucerna::evaluate {
namespace {

double sigmoid(double x) {
    return 1 / (1 + std::exp(-x));
}

TEST(PlattScaling, IsTheIdentityForAOneBZero) {
    EXPECT_NEAR(PlattScaling{}.apply(0.3), 0.3, 1e-12);
    EXPECT_GT(PlattScaling{}.apply(0.0), 0);
    EXPECT_LT(PlattScaling{}.apply(1.0), 1);
}

TEST(FitPlatt, FindsTheCurveThatMadeTheData) {
    Random random(3);
    std::vector<ScoredCase> cases;
    for (int i = 0; i < 40000; ++i) {
        const double x = random.normal() * 2;
        cases.push_back({sigmoid(x), random.uniform() < sigmoid(0.5 * x - 1)});
    }
    const PlattScaling fit = fit_platt(cases);
    EXPECT_NEAR(fit.a, 0.5, 0.03);
    EXPECT_NEAR(fit.b, -1.0, 0.03);
}

TEST(FitPlatt, SolvesTwoScoresExactly) {
    // With two distinct scores the fit meets the smoothed frequency of each: Platt's targets are
    // 4/5 for 3 positives and 1/5 for 3 negatives.
    const double low = sigmoid(-1);
    const double high = sigmoid(1);
    const std::vector<ScoredCase> cases{{high, true}, {high, true}, {high, false},
                                        {low, true},  {low, false}, {low, false}};
    const PlattScaling fit = fit_platt(cases);
    EXPECT_NEAR(fit.apply(high), (2 * 0.8 + 0.2) / 3, 1e-6);
    EXPECT_NEAR(fit.apply(low), (0.8 + 2 * 0.2) / 3, 1e-6);
}

TEST(FitPlatt, StaysFiniteOnSeparableData) {
    const std::vector<ScoredCase> cases{{0.9, true}, {0.8, true}, {0.2, false}, {0.1, false}};
    const PlattScaling fit = fit_platt(cases);
    EXPECT_TRUE(std::isfinite(fit.a));
    EXPECT_GT(fit.apply(0.9), 0.6);
    EXPECT_LT(fit.apply(0.1), 0.4);
}

TEST(FitPlatt, RefusesOneClass) {
    EXPECT_THROW((void)fit_platt(std::vector<ScoredCase>{{0.5, true}}), Error);
}

TEST(Brier, AveragesSquaredDistance) {
    EXPECT_DOUBLE_EQ(brier_score(std::vector<ScoredCase>{{0.8, true}, {0.4, false}}),
                     (0.04 + 0.16) / 2);
}

TEST(CalibrationError, IsTheGapOfEachBin) {
    // Bin 0.7: mean score 0.75, share 0.5; two of three cases. Bin 0.1: 0.15 against 0.
    const std::vector<ScoredCase> cases{{0.75, true}, {0.75, false}, {0.15, false}};
    EXPECT_NEAR(expected_calibration_error(cases), (2 * 0.25 + 0.15) / 3, 1e-12);
}

}  // namespace
}  // namespace lucerna::evaluate
