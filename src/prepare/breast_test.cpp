#include "prepare/breast.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/random.h"
#include "prepare/test_breasts.h"

namespace lucerna::prepare {
namespace {

using test::left_breast;
using test::mirrored;

double area(const Mask& mask) {
    return static_cast<double>(std::count(mask.pixels.begin(), mask.pixels.end(), 1));
}

void paint(exam::Raster<float>& raster, int left, int top, int right, int bottom, float value) {
    for (int y = top; y < bottom; ++y)
        for (int x = left; x < right; ++x) raster.at(x, y) = value;
}

constexpr double kBreastArea = std::numbers::pi / 2 * 70 * 60;

TEST(FindBreast, FindsItOnAnExactBackground) {
    const auto survey = left_breast();
    EXPECT_NEAR(area(find_breast(survey, {})), kBreastArea, 0.03 * kBreastArea);
}

TEST(FindBreast, FindsItOnTheGreyOfFilm) {
    auto survey = left_breast(1, 150);
    Random random(1);
    for (float& value : survey.pixels) value += static_cast<float>(random.uniform(-40, 40));
    EXPECT_NEAR(area(find_breast(survey, {})), kBreastArea, 0.03 * kBreastArea);
}

TEST(FindBreast, LeavesOutLabels) {
    auto survey = left_breast(1, 100);
    paint(survey, 110, 10, 140, 30, 4000);
    const Mask breast = find_breast(survey, {});
    EXPECT_EQ(breast.at(120, 20), 0);
    EXPECT_NEAR(area(breast), kBreastArea, 0.03 * kBreastArea);
}

TEST(FindBreast, CutsAThinBridgeToALabel) {
    auto survey = left_breast();
    paint(survey, 110, 60, 140, 90, 3000);
    paint(survey, 60, 80, 112, 82, 2000);
    EXPECT_EQ(find_breast(survey, {}).at(125, 75), 0);
}

TEST(FindBreast, FillsDarkFatInsideAndAtTheChestWall) {
    auto survey = left_breast();
    paint(survey, 20, 90, 40, 110, 0);
    paint(survey, 0, 120, 8, 130, 0);
    const Mask breast = find_breast(survey, {});
    EXPECT_EQ(breast.at(30, 100), 1);
    EXPECT_EQ(breast.at(3, 125), 1);
}

TEST(FindBreast, FindsNothingInABlankPicture) {
    EXPECT_EQ(area(find_breast(exam::Raster<float>(150, 200, 7), {})), 0);
}

TEST(FindBreast, FindsNothingInNoise) {
    exam::Raster<float> survey(150, 200);
    Random random(2);
    for (float& value : survey.pixels) value = static_cast<float>(random.uniform(0, 100));
    EXPECT_EQ(area(find_breast(survey, {})), 0);
}

TEST(FindBreast, FindsNothingInALabelAlone) {
    exam::Raster<float> survey(150, 200);
    paint(survey, 100, 10, 115, 30, 1000);
    EXPECT_EQ(area(find_breast(survey, {})), 0);
}

TEST(BrightFrame, FindsTheWhiteEdgesOfFilm) {
    auto survey = left_breast(1, 150);
    Random random(3);
    for (float& value : survey.pixels) value += static_cast<float>(random.uniform(0, 20));
    paint(survey, 0, 0, 150, 4, 3500);
    paint(survey, 146, 0, 150, 200, 3500);
    const Frame frame = bright_frame(survey);
    EXPECT_GE(frame.top, 4);
    EXPECT_LE(frame.top, 6);
    EXPECT_GE(frame.right, 4);
    EXPECT_LE(frame.right, 6);
    EXPECT_EQ(frame.left, 0);
    EXPECT_EQ(frame.bottom, 0);
    EXPECT_NEAR(area(find_breast(survey, frame)), kBreastArea, 0.03 * kBreastArea);
}

TEST(BrightFrame, IsNoneInADigitalPicture) {
    const Frame frame = bright_frame(left_breast());
    EXPECT_EQ(frame.left + frame.top + frame.right + frame.bottom, 0);
}

TEST(ChestWall, IsWhereTheBreastIsHigh) {
    const auto left = chest_wall_in(find_breast(left_breast(), {}));
    EXPECT_EQ(left.side, ChestWall::kLeft);
    EXPECT_GT(left.ratio, 3);
    const auto right = chest_wall_in(find_breast(mirrored(left_breast()), {}));
    EXPECT_EQ(right.side, ChestWall::kRight);
    EXPECT_DOUBLE_EQ(right.ratio, left.ratio);
}

TEST(ChestWall, IsSeenAtTheTopOrBottom) {
    EXPECT_LT(lying_in(find_breast(left_breast(), {})), 0.5);
    EXPECT_LT(lying_in(find_breast(mirrored(left_breast()), {})), 0.5);
    const auto turned = test::turned(left_breast());
    EXPECT_GT(lying_in(find_breast(turned, {})), 2);
    EXPECT_GT(lying_in(find_breast(test::upturned(turned), {})), 2);
}

TEST(ChestWall, IsNotSeenAtTheTopOfAFilmThatLiesAskew) {
    // Dark beside the chest wall, so that a corner of it alone is the breast's outermost part.
    constexpr double kGap = 30;
    for (const double degrees : {-6.0, -3.0, -2.0, 2.0, 3.0, 6.0}) {
        const double turn = degrees / 180 * std::numbers::pi;
        Mask breast(150, 200);
        for (int y = 0; y < breast.height; ++y)
            for (int x = 0; x < breast.width; ++x) {
                const double across = (x - kGap) * std::cos(turn) + (y - 100) * std::sin(turn);
                const double down = (y - 100) * std::cos(turn) - (x - kGap) * std::sin(turn);
                breast.at(x, y) = across >= 0 && std::hypot(across / 40, down / 60) < 1 ? 1 : 0;
            }
        EXPECT_LE(lying_in(breast), 1) << degrees;
    }
}

TEST(ChestWall, IsUndecidedInABlock) {
    Mask block(20, 20);
    for (int y = 5; y < 15; ++y)
        for (int x = 5; x < 15; ++x) block.at(x, y) = 1;
    EXPECT_DOUBLE_EQ(chest_wall_in(block).ratio, 1);
    EXPECT_DOUBLE_EQ(lying_in(block), 1);
    EXPECT_DOUBLE_EQ(lying_in(Mask(20, 20)), 1);
    EXPECT_DOUBLE_EQ(chest_wall_in(Mask(20, 20)).ratio, 1);
}

}  // namespace
}  // namespace lucerna::prepare
