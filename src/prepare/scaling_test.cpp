#include "prepare/scaling.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lucerna::prepare {
namespace {

using testing::ElementsAre;
using testing::FloatEq;

exam::Raster<float> row(std::vector<float> values) {
    exam::Raster<float> raster(static_cast<int>(values.size()), 1);
    raster.pixels = std::move(values);
    return raster;
}

TEST(Resampled, AveragesWholePixels) {
    exam::Raster<float> source(4, 2);
    source.pixels = {1, 3, 10, 20, 5, 7, 30, 40};
    EXPECT_THAT(resampled(source, 2, 1, 2, 2).pixels, ElementsAre(FloatEq(4), FloatEq(25)));
}

TEST(Resampled, WeighsPartsOfPixels) {
    // 1.5 pixels each: (1 + 0.5 * 4) / 1.5 and (0.5 * 4 + 7) / 1.5.
    EXPECT_THAT(resampled(row({1, 4, 7}), 2, 1, 1.5, 1).pixels,
                ElementsAre(FloatEq(2), FloatEq(6)));
}

TEST(Resampled, InterpolatesWhenGrowing) {
    EXPECT_THAT(resampled(row({0, 4}), 4, 1, 0.5, 1).pixels,
                ElementsAre(FloatEq(0), FloatEq(1), FloatEq(3), FloatEq(4)));
}

TEST(Resampled, ShrinksOneAxisAndGrowsTheOther) {
    exam::Raster<float> source(2, 2);
    source.pixels = {0, 4, 2, 6};
    const auto result = resampled(source, 4, 1, 0.5, 2);
    EXPECT_THAT(result.pixels, ElementsAre(FloatEq(1), FloatEq(2), FloatEq(4), FloatEq(5)));
}

TEST(Resampled, RepeatsTheEdgeBeyondTheSource) {
    EXPECT_THAT(resampled(row({1, 2, 3}), 3, 1, 2, 1).pixels,
                ElementsAre(FloatEq(1.5), FloatEq(3), FloatEq(3)));
}

TEST(Resampled, KeepsTheMean) {
    exam::Raster<float> source(30, 20);
    for (std::size_t i = 0; i < source.pixels.size(); ++i)
        source.pixels[i] = static_cast<float>((i * 7919) % 101);
    double before = 0, after = 0;
    for (const float value : source.pixels) before += value / 600;
    for (const float value : resampled(source, 8, 5, 30.0 / 8, 4).pixels) after += value / 40;
    EXPECT_NEAR(before, after, 1e-3);
}

}  // namespace
}  // namespace lucerna::prepare
