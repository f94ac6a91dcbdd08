#include "collection/picture_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "base/error.h"
#include "collection/test_pictures.h"

namespace lucerna::collection {
namespace {

using test::Grey;

/// Every value differs from its neighbours, and from what a wrong byte order makes of it.
Grey pattern(int bits) {
    Grey picture(37, 23);
    for (int y = 0; y < picture.height; ++y)
        for (int x = 0; x < picture.width; ++x)
            picture.at(x, y) = static_cast<std::uint16_t>((x * 7 + y * 31) * (bits == 16 ? 77 : 1) %
                                                          (bits == 16 ? 65536 : 256));
    return picture;
}

void expect_pixels(const exam::Raster<float>& read, const Grey& wanted, float tolerance = 0) {
    ASSERT_EQ(read.width, wanted.width);
    ASSERT_EQ(read.height, wanted.height);
    for (std::size_t i = 0; i < wanted.pixels.size(); ++i)
        ASSERT_NEAR(read.pixels[i], wanted.pixels[i], tolerance) << "pixel " << i;
}

TEST(ReadPicture, ReadsPngOfBothDepths) {
    for (const int bits : {8, 16})
        expect_pixels(read_picture(test::png_of(pattern(bits), bits), "a"), pattern(bits));
}

TEST(ReadPicture, ReadsPgmOfBothDepths) {
    for (const int bits : {8, 16})
        expect_pixels(read_picture(test::pgm_of(pattern(bits), bits), "a"), pattern(bits));
}

TEST(ReadPicture, ReadsJpeg) {
    Grey smooth(40, 24);
    for (int y = 0; y < 24; ++y)
        for (int x = 0; x < 40; ++x) smooth.at(x, y) = static_cast<std::uint16_t>(2 * x + 3 * y);
    expect_pixels(read_picture(test::jpeg_of(smooth), "a"), smooth, 2);
}

TEST(ReadPicture, ReadsTiffInStripsAndTilesOfBothDepthsAndByteOrders) {
    for (const int bits : {8, 16})
        for (const bool tiled : {false, true})
            for (const char* mode : {"wl", "wb", "w8"})
                for (const auto compression : {COMPRESSION_NONE, COMPRESSION_LZW})
                    expect_pixels(
                        read_picture(test::tiff_of(pattern(bits),
                                                   {bits, tiled, false,
                                                    static_cast<std::uint16_t>(compression), mode}),
                                     "a"),
                        pattern(bits));
}

TEST(ReadPicture, TurnsOverTiffWhoseZeroIsWhite) {
    Grey wanted = pattern(16);
    for (std::uint16_t& pixel : wanted.pixels) pixel = static_cast<std::uint16_t>(65535 - pixel);
    expect_pixels(read_picture(test::tiff_of(pattern(16), {16, false, true}), "a"), wanted);
}

std::string refusal_of(const Bytes& bytes) {
    try {
        (void)read_picture(bytes, "x.bin");
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::kInvalidInput) << error.what();
        return error.what();
    }
    return "accepted";
}

TEST(ReadPicture, NamesWhatIsNoPicture) {
    using testing::HasSubstr;
    EXPECT_THAT(refusal_of({}), HasSubstr("x.bin is neither"));
    EXPECT_THAT(refusal_of(Bytes(500, 'a')), HasSubstr("x.bin is neither"));
    const std::string huge = "P5 100000 100000 255 x";
    EXPECT_THAT(refusal_of(Bytes(huge.begin(), huge.end())), HasSubstr("larger than 2^28"));
    const std::string none = "P5 0 5 255 x";
    EXPECT_THAT(refusal_of(Bytes(none.begin(), none.end())), HasSubstr("without pixels"));
}

TEST(ReadPicture, RefusesWhatEndsEarly) {
    const Grey picture = pattern(8);
    for (const Bytes& whole :
         {test::png_of(picture, 8), test::pgm_of(picture, 8), test::jpeg_of(picture),
          test::tiff_of(picture, {}), test::tiff_of(picture, {8, true})})
        for (const std::size_t length : {whole.size() / 4, whole.size() / 2, whole.size() - 20})
            EXPECT_THAT(refusal_of(Bytes(whole.begin(),
                                         whole.begin() + static_cast<std::ptrdiff_t>(length))),
                        testing::HasSubstr("x.bin"))
                << length << " of " << whole.size();
}

TEST(ReadPicture, SurvivesAnyChangedByte) {
    const Grey picture = pattern(16);
    for (const Bytes& whole : {test::png_of(picture, 16), test::jpeg_of(pattern(8)),
                               test::tiff_of(picture, {16, false, false, COMPRESSION_LZW})})
        for (std::size_t at = 0; at < whole.size(); at += 3) {
            Bytes damaged = whole;
            damaged[at] ^= 0x55;
            try {
                (void)read_picture(damaged, "x");
            } catch (const Error& error) {
                EXPECT_EQ(error.code(), ErrorCode::kInvalidInput) << error.what();
            }
        }
}

}  // namespace
}  // namespace lucerna::collection
