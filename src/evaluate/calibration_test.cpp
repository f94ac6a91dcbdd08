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

TEST(FitCalibration, FindsTheLineThatMadeTheData) {
    Random random(4);
    std::vector<ScoredCase> cases;
    std::vector<std::uint32_t> clusters;
    for (std::uint32_t i = 0; i < 40000; ++i) {
        const double x = random.normal() * 2;
        cases.push_back({sigmoid(x), random.uniform() < sigmoid(0.5 * x - 1)});
        clusters.push_back(i);
    }
    const CalibrationFit fit = fit_calibration(cases, clusters);
    EXPECT_NEAR(fit.slope.value, 0.5, 0.03);
    EXPECT_NEAR(fit.intercept.value, -1.0, 0.03);
    EXPECT_LT(fit.slope.interval.low, 0.5);
    EXPECT_GT(fit.slope.interval.high, 0.5);
}

TEST(FitCalibration, SolvesTwoScoresExactly) {
    // A line through two log odds: log(3) at +1, log(1/3) at -1.
    const double low = sigmoid(-1);
    const double high = sigmoid(1);
    const std::vector<ScoredCase> cases{{high, true}, {high, true}, {high, true}, {high, false},
                                        {low, true},  {low, false}, {low, false}, {low, false}};
    const std::vector<std::uint32_t> alone{0, 1, 2, 3, 4, 5, 6, 7};
    const CalibrationFit fit = fit_calibration(cases, alone);
    EXPECT_NEAR(fit.slope.value, std::log(3.0), 1e-8);
    EXPECT_NEAR(fit.intercept.value, 0, 1e-8);
    EXPECT_NEAR(fit.intercept_at_slope_one.value, 0, 1e-8);
}

TEST(FitCalibration, IsAsSureAsItsPatientsAreMany) {
    Random random(5);
    std::vector<ScoredCase> cases;
    std::vector<std::uint32_t> alone;
    std::vector<std::uint32_t> together;
    for (std::uint32_t i = 0; i < 200; ++i) {
        const double score = random.uniform();
        const bool positive = random.uniform() < score;
        for (int copy = 0; copy < 9; ++copy) {
            alone.push_back(static_cast<std::uint32_t>(cases.size()));
            together.push_back(i);
            cases.push_back({score, positive});
        }
    }
    const auto width = [&](const std::vector<std::uint32_t>& clusters) {
        const Interval interval = fit_calibration(cases, clusters).slope.interval;
        return interval.high - interval.low;
    };
    EXPECT_NEAR(width(together) / width(alone), 3, 1e-6);
}

TEST(FitCalibration, RefusesWhatHasNoLine) {
    const std::vector<std::uint32_t> four{0, 1, 2, 3};
    const auto fit = [&](std::vector<ScoredCase> cases) { (void)fit_calibration(cases, four); };
    EXPECT_THROW(fit({{0.9, true}, {0.8, true}, {0.2, false}, {0.1, false}}), Error);
    EXPECT_THROW(fit({{0.9, true}, {0.8, true}, {0.2, true}, {0.1, true}}), Error);
    EXPECT_THROW(fit({{0.5, true}, {0.5, true}, {0.5, false}, {0.5, false}}), Error);
    EXPECT_THROW(fit({{7, true}, {0.8, false}, {0.2, true}, {0.1, false}}), Error);
}

TEST(AtPrevalence, ChangesTheOddsByTheRatioOfPriors) {
    EXPECT_NEAR(at_prevalence(0.5, 0.5, 0.01), 0.01, 1e-12);
    EXPECT_NEAR(at_prevalence(0.2, 0.3, 0.3), 0.2, 1e-12);
    EXPECT_EQ(at_prevalence(0, 0.5, 0.1), 0);
    EXPECT_EQ(at_prevalence(1, 0.5, 0.1), 1);
}

TEST(CalibrationBins, HoldEquallyManyCases) {
    std::vector<ScoredCase> cases;
    for (int i = 0; i < 10; ++i) cases.push_back({(9 - i) / 10.0, i < 5});
    const auto bins = calibration_bins(cases, 2);
    ASSERT_EQ(bins.size(), 2U);
    EXPECT_NEAR(bins[0].mean_score, 0.2, 1e-12);
    EXPECT_EQ(bins[0].observed, 0);
    EXPECT_EQ(bins[1].observed, 1);
    EXPECT_EQ(calibration_bins(cases, 40).size(), 10U);
}

}  // namespace
}  // namespace lucerna::evaluate
