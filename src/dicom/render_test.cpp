#include "dicom/render.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <span>
#include <string>
#include <utility>

#include "base/error.h"

namespace lucerna::dicom {
namespace {

DataSet gray(int rows, int columns, Bytes samples) {
    DataSet data_set;
    data_set.set_pixels({.rows = rows, .columns = columns, .bits_allocated = 8, .bits_stored = 8},
                        std::move(samples));
    return data_set;
}

TEST(Render, WindowsGrayAndInvertsMonochrome1) {
    DataSet data_set = gray(1, 3, {10, 20, 30});
    const RenderOptions options{.window = VoiWindow{20, 20, VoiFunction::kLinearExact, ""}};
    EXPECT_EQ(render(data_set, 0, options).pixels, (Bytes{0, 128, 255}));
    data_set.set_text(kPhotometricInterpretation, "MONOCHROME1");
    EXPECT_EQ(render(data_set, 0, options).pixels, (Bytes{255, 128, 0}));
}

TEST(Render, ShrinksByTheAreaEachPixelCovers) {
    const DataSet data_set = gray(2, 4, {0, 0, 255, 255, 0, 0, 255, 255});
    const Picture8 half = render(data_set, 0, {.max_width = 2});
    EXPECT_EQ(half.width, 2);
    EXPECT_EQ(half.height, 1);
    EXPECT_EQ(half.pixels, (Bytes{0, 255}));
    EXPECT_EQ(render(data_set, 0, {.max_height = 1}).pixels, (Bytes{0, 255}));
    EXPECT_EQ(render(data_set, 0, {.max_width = 100, .max_height = 100}).width, 4)
        << "never enlarged";
}

// PS3.18 8.3.5.1.3.
TEST(Render, ShowsARegionAsLargeAsFits) {
    const DataSet data_set = gray(2, 4, {0, 85, 170, 255, 0, 85, 170, 255});
    const auto shown = [&](const RenderOptions& options) {
        return render(data_set, 0, options).pixels;
    };
    EXPECT_EQ(shown({.region = SourceRegion{.left = 1, .top = 1, .width = 2}}), (Bytes{85, 170}));
    EXPECT_EQ(shown({.region = SourceRegion{.top = 1, .flipped_horizontally = true}}),
              (Bytes{255, 170, 85, 0}));
    EXPECT_EQ(shown({.region = SourceRegion{.width = 2},
                     .max_width = 1,
                     .max_height = 9,
                     .enlarged = true}),
              (Bytes{43}))
        << "shrunk after it was cut out";
    const Picture8 twice = render(data_set, 0, {.max_width = 8, .max_height = 5, .enlarged = true});
    EXPECT_EQ(twice.width, 8);
    EXPECT_EQ(twice.height, 4);
    EXPECT_EQ((Bytes{twice.pixels.begin(), twice.pixels.begin() + 8}),
              (Bytes{0, 21, 64, 106, 149, 191, 234, 255}));
    for (const SourceRegion& outside :
         {SourceRegion{.left = 4}, SourceRegion{.top = 1, .height = 2}, SourceRegion{.width = 5}})
        EXPECT_THROW((void)shown({.region = outside}), Error);
    EXPECT_THROW((void)shown({.max_width = 65535, .max_height = 65535, .enlarged = true}), Error);
}

TEST(Render, TurnsARegionOfColorsOver) {
    DataSet data_set;
    data_set.set_pixels({.rows = 2,
                         .columns = 1,
                         .samples_per_pixel = 3,
                         .photometric_interpretation = "RGB",
                         .bits_allocated = 8,
                         .bits_stored = 8},
                        {1, 2, 3, 4, 5, 6});
    EXPECT_EQ(render(data_set, 0, {.region = SourceRegion{.flipped_vertically = true}}).pixels,
              (Bytes{4, 5, 6, 1, 2, 3}));
}

TEST(Render, LooksUpPaletteColors) {
    DataSet data_set = gray(1, 3, {0, 5, 9});
    data_set.set_text(kPhotometricInterpretation, "PALETTE COLOR");
    for (const Tag tag :
         {kRedPaletteColorLookupTableDescriptor, kGreenPaletteColorLookupTableDescriptor,
          kBluePaletteColorLookupTableDescriptor}) {
        data_set.set_integers(tag, std::vector<long long>{2, 5, 16});
    }
    data_set.set_bytes(kRedPaletteColorLookupTableData, "OW", {0x00, 0x11, 0x00, 0xAA});
    data_set.set_bytes(kGreenPaletteColorLookupTableData, "OW", {0x00, 0x22, 0x00, 0xBB});
    data_set.set_bytes(kBluePaletteColorLookupTableData, "OW", {0x00, 0x33, 0x00, 0xCC});
    EXPECT_EQ(render(data_set).pixels,
              (Bytes{0x11, 0x22, 0x33, 0x11, 0x22, 0x33, 0xAA, 0xBB, 0xCC}));
    // 65536, in a VR that has room for it.
    data_set.set_bytes(kRedPaletteColorLookupTableDescriptor, "UL",
                       {0, 0, 1, 0, 5, 0, 0, 0, 16, 0, 0, 0});
    EXPECT_THROW((void)render(data_set), Error);
    data_set.set_integers(kRedPaletteColorLookupTableDescriptor, std::vector<long long>{2, 5, 16});
    data_set.remove(kBluePaletteColorLookupTableData);
    EXPECT_THROW((void)render(data_set), Error);
}

// PS3.3 C.7.9.2: two values, a line of three from the last of them, and the two again.
TEST(Render, LooksUpSegmentedPalettes) {
    DataSet data_set = gray(1, 8, {0, 1, 2, 3, 4, 5, 6, 200});
    data_set.set_text(kPhotometricInterpretation, "PALETTE COLOR");
    const Bytes segments{0, 0, 2, 0, 0x00, 0x10, 0x00, 0x20,   // discrete
                         1, 0, 3, 0, 0x00, 0x50,               // linear
                         2, 0, 1, 0, 0x00, 0x00, 0x00, 0x00};  // indirect
    for (const auto& [descriptor, data] :
         {std::pair{kRedPaletteColorLookupTableDescriptor,
                    tags::kSegmentedRedPaletteColorLookupTableData},
          {kGreenPaletteColorLookupTableDescriptor,
           tags::kSegmentedGreenPaletteColorLookupTableData},
          {kBluePaletteColorLookupTableDescriptor,
           tags::kSegmentedBluePaletteColorLookupTableData}}) {
        data_set.set_integers(descriptor, std::vector<long long>{7, 0, 16});
        data_set.set_bytes(data, "OW", segments);
    }
    const Picture8 picture = render(data_set);
    const Bytes expected{0x10, 0x20, 0x30, 0x40, 0x50, 0x10, 0x20, 0x20};
    for (std::size_t i = 0; i < 3 * expected.size(); ++i)
        EXPECT_EQ(picture.pixels[i], expected[i / 3]) << i;
    const auto refuses = [&](const Bytes& broken) {
        data_set.set_bytes(tags::kSegmentedBluePaletteColorLookupTableData, "OW", broken);
        EXPECT_THROW((void)render(data_set), Error);
    };
    refuses({0, 0, 7, 0, 1, 1});                          // ends early
    refuses({1, 0, 7, 0, 1, 1});                          // a line from nowhere
    refuses({0, 0, 0, 0, 0, 0, 7, 0});                    // empty
    refuses({3, 0, 7, 0});                                // no such kind
    refuses({0, 0, 1, 0, 1, 1, 2, 0, 1, 0, 6, 0, 0, 0});  // refers to what refers
    refuses({0, 0, 1, 0, 1, 1});                          // too few
    refuses({0, 0, 1, 0, 1, 1, 1, 0, 9, 0, 1, 1});        // too many
}

TEST(Render, TurnsYbrToRgb) {
    DataSet data_set;
    data_set.set_pixels({.rows = 1,
                         .columns = 2,
                         .samples_per_pixel = 3,
                         .photometric_interpretation = "YBR_FULL",
                         .bits_allocated = 8,
                         .bits_stored = 8},
                        // ITU-T T.871: pure red is 76, 85, 255.
                        {76, 85, 255, 128, 128, 128});
    const Picture8 picture = render(data_set);
    EXPECT_NEAR(picture.pixels[0], 254, 1);
    EXPECT_NEAR(picture.pixels[1], 0, 1);
    EXPECT_NEAR(picture.pixels[2], 0, 1);
    EXPECT_EQ(picture.pixels[3], 128);
}

/// Smooth, so that JPEG keeps it nearly as it is.
Picture8 waves(int height, int width, int channels) {
    Picture8 picture{width, height, channels, {}};
    for (int y = 0; y < height; ++y)
        for (int x = 0; x < width; ++x)
            for (int channel = 0; channel < channels; ++channel)
                picture.pixels.push_back(static_cast<std::uint8_t>(
                    128 + 100 * std::sin(0.05 * x + 0.03 * y + 2 * channel)));
    return picture;
}

/// Decoded again, as any reader of baseline JPEG would.
Bytes shown_of(const Bytes& jpeg, const Picture8& picture) {
    const bool is_gray = picture.channels == 1;
    DataSet data_set;
    data_set.set_encapsulated_pixels(
        {.rows = picture.height,
         .columns = picture.width,
         .samples_per_pixel = picture.channels,
         .photometric_interpretation = is_gray ? "MONOCHROME2" : "YBR_FULL",
         .bits_allocated = 8,
         .bits_stored = 8},
        {jpeg}, transfer_syntax::kJpegBaseline);
    return is_gray ? decode_frame(data_set, 0).samples : render(data_set).pixels;
}

TEST(Render, EncodesStripsAsOnePicture) {
    struct Case {
        int height, width, channels;
        std::size_t strips;
    };
    for (const Case& one : {Case{kJpegStripRows, 9, 1, 1}, Case{kJpegStripRows + 1, 9, 1, 2},
                            Case{11 * kJpegStripRows - 3, 17, 1, 11},
                            Case{2 * kJpegStripRows, 12, 3, 2}, Case{90, 50'000, 1, 2}}) {
        const std::string what = std::to_string(one.height) + " x " + std::to_string(one.width);
        const Picture8 picture = waves(one.height, one.width, one.channels);
        // The parts in another order, to show that none leans on the one before.
        std::size_t strips = 0;
        const auto backwards = [&](std::size_t parts, const auto& part) {
            strips = parts;
            while (parts > 0) part(--parts);
        };
        const Bytes jpeg = encode_jpeg_rows(rows_of(picture), 90, backwards);
        EXPECT_EQ(jpeg, encode_jpeg(picture)) << what;
        EXPECT_EQ(strips, one.strips) << what;
        const Bytes shown = shown_of(jpeg, picture);
        ASSERT_EQ(shown.size(), picture.pixels.size()) << what;
        int most = 0;
        for (std::size_t i = 0; i < shown.size(); ++i)
            most = std::max(most, std::abs(shown[i] - picture.pixels[i]));
        EXPECT_LE(most, 6) << what;
    }
}

TEST(Render, RowsAreThoseOfThePicture) {
    DataSet colored;
    colored.set_pixels({.rows = 2,
                        .columns = 1,
                        .samples_per_pixel = 3,
                        .photometric_interpretation = "RGB",
                        .bits_allocated = 8,
                        .bits_stored = 8},
                       {255, 0, 0, 0, 0, 254});
    const DataSet shades = gray(2, 3, {0, 40, 80, 120, 160, 200});
    const RenderOptions by_table{.window = VoiWindow{100, 200, VoiFunction::kLinearExact, ""}};
    for (const auto& [data_set, options] :
         {std::pair{&shades, by_table}, {&shades, RenderOptions{}}, {&colored, RenderOptions{}}}) {
        const Picture8 picture = render(*data_set, 0, options);
        const PictureRows rows = render_rows(*data_set, 0, options);
        EXPECT_EQ(rows.width, picture.width);
        EXPECT_EQ(rows.height, picture.height);
        EXPECT_EQ(rows.channels, picture.channels);
        Bytes all(picture.pixels.size());
        const std::size_t row = all.size() / static_cast<std::size_t>(picture.height);
        for (int y = picture.height - 1; y >= 0; --y)
            rows.rows(y, std::span(all).subspan(static_cast<std::size_t>(y) * row, row));
        EXPECT_EQ(all, picture.pixels);
    }
}

TEST(Render, SaysWhatAJpegCannotHold) {
    const PictureRows wide{70'000, 1, 1, [](int, std::span<std::uint8_t>) {}};
    EXPECT_THROW((void)encode_jpeg_rows(wide), Error);
}

TEST(Render, EncodesForScreens) {
    const DataSet data_set = gray(8, 8, Bytes(64, 40));
    const Bytes jpeg = encode_jpeg(render(data_set));
    EXPECT_EQ((Bytes{jpeg.begin(), jpeg.begin() + 3}), (Bytes{0xFF, 0xD8, 0xFF}));
    EXPECT_EQ((Bytes{jpeg.end() - 2, jpeg.end()}), (Bytes{0xFF, 0xD9}));
    const Bytes png = encode_png(render(data_set));
    EXPECT_EQ(as_text(ByteView(png).subspan(1, 3)), "PNG");
    const Bytes gif = encode_gif(render(data_set));
    EXPECT_EQ(as_text(ByteView(gif).first(3)), "GIF");
    EXPECT_EQ(gif.back(), ';');
    EXPECT_THROW((void)encode_gif({2, 2, 1, {1, 2, 3}}), Error);
    EXPECT_THROW((void)encode_png({2, 2, 1, {1, 2, 3}}), Error);
    EXPECT_THROW((void)encode_jpeg({0, 0, 1, {}}), Error);
}

TEST(Render, RefusesUnknownColorModels) {
    DataSet data_set = gray(1, 1, {1});
    data_set.set_text(kPhotometricInterpretation, "XYZ");
    try {
        (void)render(data_set);
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::kUnsupported);
        EXPECT_NE(std::string(error.what()).find("XYZ"), std::string::npos);
    }
}

}  // namespace
}  // namespace lucerna::dicom
