#include "phantom/texture.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstddef>
#include <numbers>

namespace lucerna::phantom {
namespace {

/// Power at `cycles` a row, averaged over all rows.
double row_power(const Field& field, int cycles) {
    double power = 0;
    for (int y = 0; y < field.height; ++y) {
        double real = 0, imaginary = 0;
        for (int x = 0; x < field.width; ++x) {
            const double angle = 2 * std::numbers::pi * cycles * x / field.width;
            real += field.at(x, y) * std::cos(angle);
            imaginary += field.at(x, y) * std::sin(angle);
        }
        power += real * real + imaginary * imaginary;
    }
    return power;
}

/// Least-squares slope of log power over log frequency.
double row_slope(const Field& field) {
    double n = 0, sum_x = 0, sum_y = 0, sum_xx = 0, sum_xy = 0;
    for (const int cycles : {8, 11, 16, 22, 32, 45, 64}) {
        const double x = std::log(cycles), y = std::log(row_power(field, cycles));
        n += 1;
        sum_x += x;
        sum_y += y;
        sum_xx += x * x;
        sum_xy += x * y;
    }
    return (n * sum_xy - sum_x * sum_y) / (n * sum_xx - sum_x * sum_x);
}

TEST(PowerLawFields, SpectrumFallsWithBeta) {
    // A row through a picture whose spectrum falls as 1 / f^beta falls as 1 / f^(beta - 1).
    for (const double beta : {2.0, 3.0, 4.0}) {
        const auto [first, second] = power_law_fields(512, beta, 1, Random(11));
        EXPECT_NEAR(row_slope(first), 1 - beta, 0.2) << beta;
        EXPECT_NEAR(row_slope(second), 1 - beta, 0.2) << beta;
    }
}

TEST(PowerLawFields, HaveMeanZeroVarianceOneAndAreIndependent) {
    const auto [first, second] = power_law_fields(256, 3, 4, Random(5));
    double sum = 0, squares = 0, products = 0;
    for (std::size_t i = 0; i < first.pixels.size(); ++i) {
        sum += first.pixels[i];
        squares += first.pixels[i] * first.pixels[i];
        products += first.pixels[i] * second.pixels[i];
    }
    const auto count = static_cast<double>(first.pixels.size());
    EXPECT_NEAR(sum / count, 0, 1e-4);
    EXPECT_NEAR(squares / count, 1, 1e-3);
    EXPECT_LT(std::abs(products / count), 0.3);
}

TEST(PowerLawFields, HoldNothingBelowTheLowCut) {
    const auto [field, other] = power_law_fields(256, 3, 8, Random(3));
    // The whole columns' sums would show any slower wave.
    std::array<double, 256> sums{};
    for (int y = 0; y < 256; ++y)
        for (int x = 0; x < 256; ++x) sums[static_cast<std::size_t>(x)] += field.at(x, y);
    for (int cycles = 1; cycles < 8; ++cycles) {
        double real = 0, imaginary = 0;
        for (int x = 0; x < 256; ++x) {
            const double angle = 2 * std::numbers::pi * cycles * x / 256;
            real += sums[static_cast<std::size_t>(x)] * std::cos(angle);
            imaginary += sums[static_cast<std::size_t>(x)] * std::sin(angle);
        }
        EXPECT_LT(std::hypot(real, imaginary), 1.0) << cycles;
    }
}

TEST(PowerLawFields, AreSampledAcrossTheirEdges) {
    const auto [field, other] = power_law_fields(64, 3, 1, Random(3));
    EXPECT_FLOAT_EQ(sampled(field, 64 + 5, 64 + 7), field.at(5, 7));
    EXPECT_FLOAT_EQ(sampled(field, 63.5, 2), (field.at(63, 2) + field.at(0, 2)) / 2);
}

}  // namespace
}  // namespace lucerna::phantom
