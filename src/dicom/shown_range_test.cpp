#include "dicom/shown_range.h"

#include <gtest/gtest.h>

#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "dicom/encoders.h"
#include "dicom/render.h"

namespace lucerna::dicom {
namespace {

/// Frames of one row, of values that take 8 bits or 16.
DataSet image_of(const std::vector<std::vector<int>>& frames, PixelLayout layout) {
    layout.rows = 1;
    layout.columns = static_cast<int>(frames.front().size());
    layout.frames = static_cast<int>(frames.size());
    layout.bits_allocated = layout.bits_stored > 8 ? 16 : 8;
    Bytes samples;
    for (const std::vector<int>& frame : frames)
        for (const int value : frame) {
            samples.push_back(static_cast<std::uint8_t>(value & 0xFF));
            if (layout.bits_stored > 8)
                samples.push_back(static_cast<std::uint8_t>((value >> 8) & 0xFF));
        }
    DataSet image;
    image.set_text(kSopClassUid, sop_class::kSecondaryCapture);
    image.set_text(kSopInstanceUid, "1.2.3");
    image.set_pixels(layout, samples);
    return image;
}

Bytes shown(const DataSet& image, int frame = 0) {
    return render(image, frame).pixels;
}

TEST(ShownRange, OfUpToEightBitsIsAllOfThem) {
    // PS3.4 N.2: without a VOI nothing is done to the values.
    const DataSet clip =
        image_of({{20, 30, 82}, {60, 70, 122}, {255, 255, 255}, {0, 0, 0}}, {.bits_stored = 8});
    EXPECT_EQ(shown(clip, 0), (Bytes{20, 30, 82}));
    EXPECT_EQ(shown(clip, 1), (Bytes{60, 70, 122}));
    EXPECT_EQ(shown(clip, 2), (Bytes{255, 255, 255}));
    EXPECT_EQ(shown(clip, 3), (Bytes{0, 0, 0}));
    EXPECT_EQ(shown(image_of({{0, 1, 15}}, {.bits_stored = 4})), (Bytes{0, 17, 255}));
    EXPECT_EQ(shown(image_of({{-128, 0, 127}}, {.bits_stored = 8, .is_signed = true})),
              (Bytes{0, 128, 255}));
    EXPECT_EQ(
        shown(image_of({{0, 0}}, {.photometric_interpretation = "MONOCHROME1", .bits_stored = 8})),
        (Bytes{255, 255}));
}

TEST(ShownRange, OfSingleBitsIsBlackAndWhite) {
    DataSet mask = image_of({{0, 0, 0, 0, 0, 0, 0, 0}}, {.bits_stored = 8});
    mask.set_integer(kBitsAllocated, 1);
    mask.set_integer(kBitsStored, 1);
    mask.set_integer(kHighBit, 0);
    mask.set_bytes(kPixelData, "OB", {0xFF, 0});
    EXPECT_EQ(shown(mask), Bytes(8, 255));
    mask.set_bytes(kPixelData, "OB", {0, 0});
    EXPECT_EQ(shown(mask), Bytes(8, 0));
    mask.set_bytes(kPixelData, "OB", {0b00000101, 0});
    EXPECT_EQ(shown(mask), (Bytes{255, 0, 255, 0, 0, 0, 0, 0}));
}

TEST(ShownRange, OfMoreBitsIsThatOfAllFrames) {
    const DataSet stack =
        image_of({{1000, 1100, 1200}, {1400, 1600, 2000}, {1500, 1500, 1500}}, {.bits_stored = 12});
    EXPECT_EQ(shown(stack, 0), (Bytes{0, 26, 51}));
    EXPECT_EQ(shown(stack, 1), (Bytes{102, 153, 255}));
    EXPECT_EQ(shown(stack, 2), (Bytes{128, 128, 128}));
    for (const Encoder& encoder : encoders()) {
        const DataSet image = DataSet::parse(stack.to_part10(encoder.transfer_syntax_uid));
        EXPECT_EQ(shown(image, 1), (Bytes{102, 153, 255})) << encoder.transfer_syntax_uid;
    }
    // A mammogram without a window uses the few values that it has.
    EXPECT_EQ(shown(image_of({{100, 150, 300}}, {.bits_stored = 16})), (Bytes{0, 64, 255}));
}

TEST(ShownRange, IsThatOfWhatIsNoPadding) {
    DataSet image = image_of({{-2000, 100, 200, 300}}, {.bits_stored = 12, .is_signed = true});
    image.set_bytes(tags::kPixelPaddingValue, "US", {0x30, 0xF8});  // -2000, said without a sign
    EXPECT_EQ(shown(image), (Bytes{0, 0, 128, 255}));
    DataSet range = image_of({{0, 10, 100, 300}, {5, 200, 200, 200}}, {.bits_stored = 12});
    range.set_bytes(tags::kPixelPaddingValue, "US", {10, 0});
    range.set_bytes(tags::kPixelPaddingRangeLimit, "US", {0, 0});
    EXPECT_EQ(shown(range, 0), (Bytes{0, 0, 0, 255}));
    EXPECT_EQ(shown(range, 1), (Bytes{0, 128, 128, 128}));
    DataSet all = image_of({{7, 7, 7, 7}}, {.bits_stored = 12});
    all.set_bytes(tags::kPixelPaddingValue, "US", {7, 0});
    EXPECT_EQ(shown(all), (Bytes{0, 0, 0, 0})) << "of all that the bits can say";
}

TEST(ShownRange, OfOneValueIsAllOfTheBits) {
    EXPECT_EQ(shown(image_of({{4095, 4095}}, {.bits_stored = 12})), (Bytes{255, 255}));
    EXPECT_EQ(shown(image_of({{0, 0}}, {.bits_stored = 12})), (Bytes{0, 0}));
    EXPECT_EQ(
        shown(image_of({{0, 0}}, {.photometric_interpretation = "MONOCHROME1", .bits_stored = 12})),
        (Bytes{255, 255}));
    EXPECT_EQ(shown(image_of({{4095}, {4095}}, {.bits_stored = 12}), 1), (Bytes{255}));
    EXPECT_EQ(shown(image_of({{0, 0}}, {.bits_stored = 12, .is_signed = true})), (Bytes{128, 128}));
}

TEST(ShownRange, IsOfModalityValues) {
    DataSet falling = image_of({{0, 100, 255}}, {.bits_stored = 8});
    falling.set_text(kRescaleSlope, "-2");
    falling.set_text(kRescaleIntercept, "7");
    EXPECT_EQ(shown(falling), (Bytes{255, 155, 0}));
    // Each frame by its own slope: 10..20, 30..60.
    DataSet stack = image_of({{10, 20}, {10, 20}}, {.bits_stored = 12});
    for (const char* slope : {"1", "3"}) {
        DataSet& group = stack.add_item(kPerFrameFunctionalGroupsSequence)
                             .add_item(kPixelValueTransformationSequence);
        group.set_text(kRescaleSlope, slope);
        group.set_text(kRescaleIntercept, "0");
    }
    EXPECT_EQ(shown(stack, 0), (Bytes{0, 51}));
    EXPECT_EQ(shown(stack, 1), (Bytes{102, 255}));
    DataSet table = image_of({{0, 1, 2}}, {.bits_stored = 8});
    DataSet& item = table.add_item(kModalityLutSequence);
    item.set_integers(kLutDescriptor, std::vector<long long>{3, 0, 8});
    item.set_bytes(kLutData, "OW", {9, 0, 0, 0, 60, 0});
    EXPECT_EQ(shown(table), (Bytes{9, 0, 60}));
}

TEST(ShownRange, IsNotAskedForWhereThereIsAVoi) {
    const auto none = [](const DataSet& image, int frame) {
        return !range_to_show(image, frame, [&](int) -> const DataSet& {
            ADD_FAILURE() << "a frame was looked at";
            return image;
        });
    };
    DataSet stack = image_of({{10, 20}, {30, 40}}, {.bits_stored = 12});
    stack.set_text(kWindowCenter, "25");
    stack.set_text(kWindowWidth, "31");
    EXPECT_TRUE(none(stack, 1));
    EXPECT_TRUE(none(image_of({{10, 20}}, {.bits_stored = 12}), 0)) << "its own values say it";
    DataSet colored = image_of({{10, 20}}, {.bits_stored = 8});
    colored.set_text(kPhotometricInterpretation, "PALETTE COLOR");
    EXPECT_TRUE(none(colored, 0));
}

TEST(ShownRange, IsTakenWhereTheVoiCannotBeUsed) {
    DataSet single = image_of({{100, 150, 300}}, {.bits_stored = 12});
    DataSet stack = image_of({{0, 20}, {80, 100}}, {.bits_stored = 12});
    for (DataSet* image : {&single, &stack}) {
        image->set_text(kWindowCenter, "40");
        image->set_text(kWindowWidth, "0");
        image->set_text(kRescaleIntercept, "-1024");
    }
    EXPECT_EQ(shown(single), (Bytes{0, 64, 255}));
    EXPECT_EQ(shown(stack, 0), (Bytes{0, 51}));
    EXPECT_EQ(shown(stack, 1), (Bytes{204, 255}));
    single.set_text(kWindowCenter, "40\\-874");
    single.set_text(kWindowWidth, "0\\1");
    EXPECT_EQ(shown(single), (Bytes{0, 255, 255})) << "the next window";
}

TEST(ShownRange, IsThatOfSomeFramesWhereTheyAreLarge) {
    // Nine frames of a million pixels each, two of four: eight million, but five frames or all.
    constexpr int kSide = 1000;
    Bytes samples(std::size_t{9} * 2 * kSide * kSide);
    DataSet large;
    large.set_pixels({.rows = kSide, .columns = kSide, .bits_stored = 12, .frames = 9}, samples);
    std::vector<int> seen;
    (void)range_to_show(large, 3, [&](int frame) -> const DataSet& {
        seen.push_back(frame);
        return large;
    });
    EXPECT_EQ(seen, (std::vector<int>{0, 1, 2, 3, 4, 5, 6, 8}));
    large.set_integer(kNumberOfFrames, 2);
    large.set_integer(kRows, 4 * kSide);
    seen.clear();
    (void)range_to_show(large, 0, [&](int frame) -> const DataSet& {
        seen.push_back(frame);
        return large;
    });
    EXPECT_EQ(seen, (std::vector<int>{0, 1}));
}

TEST(ShownRange, DoesWithoutADamagedFrame) {
    const DataSet whole = image_of({{0, 100}, {50, 200}, {7, 7}}, {.bits_stored = 12});
    DataSet image = whole.clone();
    std::vector<Bytes> frames;
    for (int i = 0; i < 3; ++i)
        frames.push_back(encoded_frame(whole, i, *find_encoder(transfer_syntax::kJpegLsLossless)));
    frames[2].resize(frames[2].size() / 3);
    image.set_encapsulated_pixels({.rows = 1, .columns = 2, .bits_stored = 12, .frames = 3}, frames,
                                  transfer_syntax::kJpegLsLossless);
    EXPECT_EQ(shown(image, 1), (Bytes{64, 255}));
    EXPECT_THROW((void)shown(image, 2), Error);
}

TEST(ShownRange, ComesFromWhomItIsKnown) {
    const DataSet image = image_of({{0, 50, 100}}, {.bits_stored = 12});
    EXPECT_EQ(render(image, 0, {.range = ValueRange{50, 150}}).pixels, (Bytes{0, 0, 128}));
}

}  // namespace
}  // namespace lucerna::dicom
