#include "dicom/supplemental_palette.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <utility>
#include <vector>

#include "dicom/pixel_layout.h"
#include "dicom/shown_range.h"

namespace lucerna::dicom {
namespace {

constexpr Tag kMrImageFrameTypeSequence{0x0018, 0x9226};

struct Tables {
    Tag descriptor;
    Tag data;
    Tag segmented;
};
constexpr std::array<Tables, 3> kTables{{
    {tags::kRedPaletteColorLookupTableDescriptor, tags::kRedPaletteColorLookupTableData,
     tags::kSegmentedRedPaletteColorLookupTableData},
    {tags::kGreenPaletteColorLookupTableDescriptor, tags::kGreenPaletteColorLookupTableData,
     tags::kSegmentedGreenPaletteColorLookupTableData},
    {tags::kBluePaletteColorLookupTableDescriptor, tags::kBluePaletteColorLookupTableData,
     tags::kSegmentedBluePaletteColorLookupTableData},
}};

/// Two entries from `first` on: 10, 20, 30 and 40, 50, 60 in hexadecimal.
void add_colors(DataSet& image, long long first, const char* presentation = "COLOR") {
    for (std::size_t i = 0; i < kTables.size(); ++i) {
        const auto step = static_cast<std::uint8_t>(0x10 * i);
        image.set_integers(kTables[i].descriptor, std::vector<long long>{2, first, 16});
        image.set_bytes(
            kTables[i].data, "OW",
            {0, static_cast<std::uint8_t>(0x10 + step), 0, static_cast<std::uint8_t>(0x40 + step)});
    }
    image.set_text(kPixelPresentation, presentation);
}

DataSet image_of(Bytes samples, PixelLayout layout = {}) {
    layout.columns = static_cast<int>(samples.size()) * 8 / layout.bits_allocated / layout.frames;
    layout.rows = 1;
    DataSet image;
    image.set_pixels(layout, std::move(samples));
    return image;
}

constexpr PixelLayout kBytes{.bits_allocated = 8, .bits_stored = 8};

const Bytes kShadesAndColors{0,    0,    0,    100,  100,  100,  0x10, 0x20,
                             0x30, 0x40, 0x50, 0x60, 0x40, 0x50, 0x60};

TEST(SupplementalPalette, ColorsValuesFromItsFirstOn) {
    DataSet image = image_of({0, 100, 200, 201, 255}, kBytes);
    EXPECT_EQ(render(image).channels, 1);
    for (const char* presentation : {"COLOR", "MIXED"}) {
        add_colors(image, 200, presentation);
        const Picture8 picture = render(image);
        ASSERT_EQ(picture.channels, 3);
        EXPECT_EQ(picture.pixels, kShadesAndColors) << presentation;
        const PictureRows rows = render_rows(image);
        ASSERT_EQ(rows.channels, 3);
        Bytes row(15);
        rows.rows(0, row);
        EXPECT_EQ(row, kShadesAndColors);
        FirstFrame first(image);
        EXPECT_EQ(render(image, first).pixels, kShadesAndColors);
        EXPECT_EQ(render(image, 0, {.max_width = 2}).channels, 3);
        EXPECT_EQ(render(image, 0, {.region = SourceRegion{.left = 3, .width = 1}}).pixels,
                  (Bytes{0x40, 0x50, 0x60}));
    }
    image.set_text(kPixelPresentation, "MONOCHROME");
    EXPECT_EQ(render(image).channels, 1);
    image.remove(kPixelPresentation);
    EXPECT_EQ(render(image).channels, 1);
}

// Stored values are compared, whatever the Modality LUT makes of them; the rest has a VOI.
TEST(SupplementalPalette, LeavesValuesBelowToTheVoi) {
    DataSet image = image_of({0, 100, 200, 201, 255}, kBytes);
    add_colors(image, 200);
    image.set_text(kRescaleSlope, "-3");
    image.set_text(kRescaleIntercept, "300");
    image.set_text(kWindowCenter, "150");
    image.set_text(kWindowWidth, "300");
    image.set_text(kVoiLutFunction, "LINEAR_EXACT");
    Bytes expected = kShadesAndColors;
    for (std::size_t i = 0; i < 3; ++i) {
        expected[i] = 255;
        expected[3 + i] = 0;
    }
    EXPECT_EQ(render(image).pixels, expected);
    const VoiWindow asked{300, 600, VoiFunction::kLinearExact, ""};
    for (std::size_t i = 0; i < 3; ++i) {
        expected[i] = 128;
        expected[3 + i] = 0;
    }
    EXPECT_EQ(render(image, 0, {.window = asked}).pixels, expected);
}

TEST(SupplementalPalette, ColorsAreNoShadesBetweenWhichAPictureIsShown) {
    // 0, 50, 100 and two colors of 12 bits.
    DataSet image = image_of({0, 0, 50, 0, 100, 0, 0xA0, 0x0F, 0xFF, 0x0F},
                             {.bits_allocated = 16, .bits_stored = 12});
    add_colors(image, 4000);
    const Bytes expected{0, 0, 0, 128, 128, 128, 255, 255, 255, 0x10, 0x20, 0x30, 0x40, 0x50, 0x60};
    EXPECT_EQ(render(image).pixels, expected);
    DataSet stack = image_of({0, 0, 0xA0, 0x0F, 100, 0, 0xFF, 0x0F},
                             {.bits_allocated = 16, .bits_stored = 12, .frames = 2});
    add_colors(stack, 4000);
    const auto range = range_to_show(stack, 0, [&](int) -> const DataSet& { return stack; });
    ASSERT_TRUE(range);
    EXPECT_EQ(range->least, 0);
    EXPECT_EQ(range->greatest, 100);
}

TEST(SupplementalPalette, BeginsBelowZeroWherePixelsDo) {
    // -2, -1, 0 and 5 as bytes.
    DataSet image = image_of({0xFE, 0xFF, 0x00, 0x05},
                             {.bits_allocated = 8, .bits_stored = 8, .is_signed = true});
    add_colors(image, -1);
    EXPECT_EQ(render(image).pixels,
              (Bytes{126, 126, 126, 0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x40, 0x50, 0x60}));
}

TEST(SupplementalPalette, TakesValuesOf32Bits) {
    DataSet image = image_of({7, 0, 0, 0, 200, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF},
                             {.bits_allocated = 32, .bits_stored = 32});
    add_colors(image, 200);
    EXPECT_EQ(render(image).pixels, (Bytes{0, 0, 0, 0x10, 0x20, 0x30, 0x40, 0x50, 0x60}));
}

TEST(SupplementalPalette, IsWhatEachFrameSays) {
    DataSet image =
        image_of({100, 200, 100, 200}, {.bits_allocated = 8, .bits_stored = 8, .frames = 2});
    add_colors(image, 200, "MIXED");
    for (const char* presentation : {"COLOR", "MONOCHROME"})
        image.add_item(kPerFrameFunctionalGroupsSequence)
            .add_item(kMrImageFrameTypeSequence)
            .set_text(kPixelPresentation, presentation);
    EXPECT_EQ(render(image, 0).pixels, (Bytes{100, 100, 100, 0x10, 0x20, 0x30}));
    EXPECT_EQ(render(image, 1).pixels, (Bytes{100, 200}));
}

TEST(SupplementalPalette, MayBeSegmented) {
    DataSet image = image_of({100, 200, 201}, kBytes);
    add_colors(image, 200);
    for (const Tables& one : kTables) {
        image.remove(one.data);
        image.set_bytes(one.segmented, "OW", {0, 0, 2, 0, 0x00, 0x10, 0x00, 0x20});
    }
    EXPECT_EQ(render(image).pixels, (Bytes{100, 100, 100, 0x10, 0x10, 0x10, 0x20, 0x20, 0x20}));
}

TEST(SupplementalPalette, ThatCannotBeUsedLeavesThePictureGray) {
    const auto broken = [](auto&& breaks) {
        DataSet image = image_of({100, 200, 201}, kBytes);
        add_colors(image, 200);
        breaks(image);
        EXPECT_EQ(render(image).pixels, (Bytes{100, 200, 201}));
    };
    const Tables& blue = kTables[2];
    broken([&](DataSet& image) { image.remove(blue.data); });
    broken([&](DataSet& image) { image.set_bytes(blue.data, "OW", {1, 2}); });
    broken([&](DataSet& image) { image.remove(blue.descriptor); });
    broken([&](DataSet& image) {
        image.set_integers(blue.descriptor, std::vector<long long>{2, 200});
    });
    broken([&](DataSet& image) {  // more than there are
        image.set_integers(blue.descriptor, std::vector<long long>{0, 200, 16});
    });
    // 65536, in a VR that has room for it.
    broken([&](DataSet& image) {
        image.set_bytes(blue.descriptor, "UL", {0, 0, 1, 0, 200, 0, 0, 0, 16, 0, 0, 0});
    });
}

TEST(SupplementalPalette, IsNoneOfWhatIsNotMonochrome2) {
    DataSet image = image_of({100, 200}, kBytes);
    add_colors(image, 200);
    EXPECT_TRUE(stored_layout_of(image).has_palette);
    image.set_text(kPhotometricInterpretation, "MONOCHROME1");
    EXPECT_EQ(render(image).pixels, (Bytes{155, 55}));
    EXPECT_FALSE(stored_layout_of(image).has_palette);
}

}  // namespace
}  // namespace lucerna::dicom
