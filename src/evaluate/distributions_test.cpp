#include "evaluate/distributions.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

namespace lucerna::evaluate {
namespace {

TEST(Normal, QuantileUndoesTheDistribution) {
    EXPECT_NEAR(normal_quantile(0.975), 1.959963984540054, 1e-12);
    for (const double p : {1e-8, 0.001, 0.02, 0.3, 0.5, 0.9, 0.99999})
        EXPECT_NEAR(normal_cdf(normal_quantile(p)) / p, 1, 1e-10) << p;
}

TEST(Beta, MatchesClosedForms) {
    // I_x(1, b) = 1 - (1 - x)^b; I_x(a, 1) = x^a; I_x(1/2, 1/2) = 2/pi asin(sqrt(x)).
    EXPECT_NEAR(beta_cdf(0.3, 1, 7), 1 - std::pow(0.7, 7), 1e-14);
    EXPECT_NEAR(beta_cdf(0.9, 250, 1), std::pow(0.9, 250), 1e-14);
    EXPECT_NEAR(beta_cdf(0.8, 0.5, 0.5), 2 / std::numbers::pi * std::asin(std::sqrt(0.8)), 1e-14);
    EXPECT_NEAR(beta_quantile(0.025, 1, 7), 1 - std::pow(0.975, 1.0 / 7), 1e-13);
}

TEST(StudentT, MatchesClosedForms) {
    // One degree is Cauchy, two have P(|T| >= t) = 1 - t / sqrt(2 + t^2).
    EXPECT_NEAR(t_two_sided(1, 1), 0.5, 1e-13);
    EXPECT_NEAR(t_two_sided(-3, 2), 1 - 3 / std::sqrt(11.0), 1e-13);
    EXPECT_NEAR(t_bound(0.95, 1), std::tan(0.475 * std::numbers::pi), 1e-9);
    EXPECT_NEAR(t_bound(0.95, 1e7), 1.95996, 1e-4);
}

TEST(FisherF, MatchesClosedForms) {
    // F(1, d) is the square of t; F(2, d) has P(F >= f) = (1 + 2 f / d)^(-d / 2).
    EXPECT_NEAR(f_upper(9, 1, 2), t_two_sided(3, 2), 1e-13);
    EXPECT_NEAR(f_upper(3.5, 2, 10.5), std::pow(1 + 7 / 10.5, -5.25), 1e-13);
    EXPECT_DOUBLE_EQ(f_upper(0, 3, 4), 1);
}

TEST(ChiSquared, MatchesClosedForms) {
    // Two degrees: exp(-x / 2). One: both tails of the normal.
    EXPECT_NEAR(chi_squared_upper(5, 2), std::exp(-2.5), 1e-14);
    EXPECT_NEAR(chi_squared_upper(4, 1), 2 * normal_cdf(-2), 1e-14);
    EXPECT_NEAR(chi_squared_upper(0.1, 1), 2 * normal_cdf(-std::sqrt(0.1)), 1e-14);
}

}  // namespace
}  // namespace lucerna::evaluate
