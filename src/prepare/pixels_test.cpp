#include "prepare/pixels.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "prepare/scaling.h"

namespace lucerna::prepare {
namespace {

using testing::ElementsAre;

exam::Raster<float> raster_of(int width, std::vector<float> values) {
    exam::Raster<float> raster(width, static_cast<int>(values.size()) / width);
    raster.pixels = std::move(values);
    return raster;
}

/// 3 x 2 samples of 12 bits above 4 that count for nothing, whose values are 10 times the sample.
class PixelsOfFrame : public testing::Test {
  protected:
    PixelsOfFrame() {
        frame_.rows = 2;
        frame_.columns = 3;
        frame_.bits_allocated = 16;
        frame_.bits_stored = 12;
        frame_.low_bit = 4;
        for (int sample = 1; sample <= 6; ++sample) {
            bytes_.push_back(static_cast<std::uint8_t>(sample << 4 | 0xF));
            bytes_.push_back(0);
        }
        frame_.samples = bytes_;
    }
    [[nodiscard]] Pixels pixels() const {
        std::vector<float> values(4096);
        for (std::size_t i = 0; i < values.size(); ++i) values[i] = 10 * static_cast<float>(i);
        return Pixels(frame_, std::move(values));
    }

    Bytes bytes_;
    dicom::FrameView frame_;
};

TEST(Pixels, KeepARasterAsItIs) {
    Pixels pixels(raster_of(2, {1, 2, 3, 4}));
    const float* const where = pixels.raster().pixels.data();
    pixels.mirror();
    pixels.mirror();
    EXPECT_EQ(pixels.raster().pixels.data(), where);
    EXPECT_THAT(pixels.raster().pixels, ElementsAre(1, 2, 3, 4));
}

TEST(Pixels, MirrorTurnAndCutARaster) {
    Pixels pixels(raster_of(3, {1, 2, 3, 4, 5, 6}));
    pixels.mirror();
    pixels.turn_over();
    Pixels part = pixels;
    EXPECT_THAT(pixels.raster().pixels, ElementsAre(6, 5, 4, 3, 2, 1));
    part.cut(1, 0, 2, 1);
    part.mirror();
    EXPECT_THAT(part.raster().pixels, ElementsAre(4, 5));
}

TEST_F(PixelsOfFrame, AreLookedUpWhateverLiesBesideTheValue) {
    EXPECT_THAT(pixels().raster().pixels, ElementsAre(10, 20, 30, 40, 50, 60));
}

TEST_F(PixelsOfFrame, AreCutAsTheyAreSeen) {
    Pixels seen = pixels();
    seen.mirror();
    seen.cut(0, 1, 2, 1);
    seen.turn_over();
    EXPECT_THAT(seen.raster().pixels, ElementsAre(60, 50));
}

TEST_F(PixelsOfFrame, AreFilledWhereTheyAreSeen) {
    Pixels seen = pixels();
    seen.mirror();
    seen.turn_over();
    seen.fill(0, 1, 0, 7);
    seen.fill(1, 2, 0, 7);
    seen.fill(2, 3, 1, 8);
    seen.cut(1, 0, 2, 2);
    EXPECT_THAT(seen.raster().pixels, ElementsAre(7, 40, 20, 8));
}

TEST_F(PixelsOfFrame, AreMappedWithWhatWasFilled) {
    Pixels seen = pixels();
    seen.fill(1, 3, 1, 7);
    seen.map([](std::span<float> values) {
        for (float& value : values) value = -value;
    });
    EXPECT_THAT(seen.raster().pixels, ElementsAre(-10, -20, -30, -40, -7, -7));
}

TEST_F(PixelsOfFrame, AreResampledAsTheirRasterWouldBe) {
    Pixels seen = pixels();
    seen.mirror();
    seen.fill(0, 1, 1, 3);
    Pixels copy = seen;
    EXPECT_EQ(resampled(seen, 2, 1, 1.5, 2).pixels, resampled(copy.raster(), 2, 1, 1.5, 2).pixels);
}

TEST_F(PixelsOfFrame, HaveSignedValues) {
    frame_.is_signed = true;
    bytes_ = {0xF0, 0xFF, 0x10, 0, 0, 0x80, 0xF0, 0x7F, 0, 0, 0, 0};
    frame_.samples = bytes_;
    const dicom::SampleValues all(frame_);
    std::vector<float> values;
    for (std::size_t i = 0; i < all.count(); ++i)
        values.push_back(static_cast<float>(all.lowest() + static_cast<std::int64_t>(i)));
    EXPECT_THAT(Pixels(frame_, std::move(values)).raster().pixels,
                ElementsAre(-1, 1, -2048, 2047, 0, 0));
    const auto occurs = dicom::occurring(frame_, all);
    EXPECT_EQ(std::count(occurs.begin(), occurs.end(), 1), 5);
    EXPECT_EQ(occurs.front(), 1);
    EXPECT_EQ(occurs.back(), 1);
}

}  // namespace
}  // namespace lucerna::prepare
