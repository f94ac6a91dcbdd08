#include "collection/grey_codec.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

#include "base/error.h"
#include "base/hash.h"
#include "base/random.h"

namespace lucerna::collection {
namespace {

using Picture = exam::Raster<std::uint8_t>;

/// A smooth hill with a little noise on black: what a prepared breast looks like to a coder.
Picture hill(int width, int height) {
    Random random(5);
    Picture picture(width, height);
    for (int y = 0; y < height; ++y)
        for (int x = 0; x < width - width / 3; ++x)
            picture.at(x, y) = static_cast<std::uint8_t>(60 + 120 * y / height + 40 * x / width +
                                                         static_cast<int>(random.uniform(0, 4)));
    return picture;
}

Picture noise(int width, int height) {
    Random random(6);
    Picture picture(width, height);
    for (std::uint8_t& pixel : picture.pixels)
        pixel = static_cast<std::uint8_t>(random.uniform(0, 256));
    return picture;
}

/// Black and white at random: every prediction is as wrong as it can be.
Picture extremes(int width, int height) {
    Picture picture = noise(width, height);
    for (std::uint8_t& pixel : picture.pixels) pixel = pixel < 128 ? 0 : 255;
    return picture;
}

int worst_of(const Picture& picture, int loss) {
    Picture back(picture.width, picture.height, 99);
    decode_grey(encode_grey(picture, loss), loss, back);
    int worst = 0;
    for (std::size_t i = 0; i < picture.pixels.size(); ++i)
        worst = std::max(worst, std::abs(picture.pixels[i] - back.pixels[i]));
    return worst;
}

TEST(GreyCodec, GivesEveryPixelBack) {
    for (const auto& [width, height] :
         {std::pair{1, 1}, {1, 9}, {9, 1}, {2, 2}, {3, 5}, {64, 48}, {129, 67}}) {
        EXPECT_EQ(worst_of(hill(width, height), 0), 0) << width << " x " << height;
        EXPECT_EQ(worst_of(noise(width, height), 0), 0) << width << " x " << height;
        EXPECT_EQ(worst_of(extremes(width, height), 0), 0) << width << " x " << height;
    }
}

TEST(GreyCodec, StaysWithinTheLoss) {
    for (const int loss : {1, 2, 3, 7, 15}) {
        EXPECT_LE(worst_of(hill(129, 67), loss), loss);
        EXPECT_LE(worst_of(noise(64, 48), loss), loss);
        EXPECT_LE(worst_of(extremes(64, 48), loss), loss);
        EXPECT_GT(worst_of(noise(64, 48), loss), 0) << "nothing was gained by loss " << loss;
    }
    EXPECT_THROW((void)encode_grey(hill(4, 4), 16), Error);
    EXPECT_THROW((void)encode_grey(hill(4, 4), -1), Error);
}

TEST(GreyCodec, IsSmall) {
    // Four grey levels of noise are 2 bits a pixel over two thirds of the picture: 1.33.
    const Picture picture = hill(300, 300);
    const double bits = 8.0 * static_cast<double>(encode_grey(picture).size()) / (300 * 300);
    EXPECT_LT(bits, 1.8);
    EXPECT_LT(encode_grey(Picture(1000, 1000)).size(), 300U);
    EXPECT_LT(encode_grey(picture, 1).size(), encode_grey(picture).size() * 6 / 10);
}

TEST(GreyCodec, GivesTheSameBytesOnEveryMachine) {
    // The format is what this says: another hash is another format, and needs another magic.
    EXPECT_EQ(sha256(encode_grey(extremes(33, 17))),
              "b748312f20a0750c201bb9beedf71419010ba32890578e9b9770f91e45150e92");
}

TEST(GreyCodec, SurvivesDamage) {
    const Picture picture = hill(64, 48);
    Bytes packed = encode_grey(picture);
    Picture back(64, 48);
    decode_grey({}, 0, back);
    decode_grey(ByteView(packed).first(packed.size() / 2), 0, back);
    for (std::uint8_t& byte : packed) byte ^= 0x5a;
    decode_grey(packed, 0, back);
    EXPECT_EQ(back.pixels.size(), 64U * 48U);
    EXPECT_NE(back.pixels, picture.pixels);
}

}  // namespace
}  // namespace lucerna::collection
