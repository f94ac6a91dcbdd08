#include "compose/canvas.h"

#include <gtest/gtest.h>

#include <array>

#include "base/error.h"
#include "compose/stroke_font.h"

namespace lucerna::compose {
namespace {

constexpr Colour kWhite{255, 255, 255};

long long light_of(const Canvas& canvas) {
    long long sum = 0;
    for (const std::uint8_t sample : canvas.samples()) sum += sample;
    return sum;
}

TEST(Canvas, DrawsWhatOfAPictureLiesOnIt) {
    exam::Raster<std::uint8_t> picture(3, 2);
    for (int i = 0; i < 6; ++i)
        picture.pixels[static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(10 * (i + 1));
    Canvas canvas(4, 3);
    canvas.draw_picture(picture, -1, 1);
    EXPECT_EQ(canvas.at(0, 1).red, 20);
    EXPECT_EQ(canvas.at(1, 1).blue, 30);
    EXPECT_EQ(canvas.at(0, 2).green, 50);
    EXPECT_EQ(canvas.at(2, 1).red, 0);
    canvas.draw_picture(picture, 3, -1);
    EXPECT_EQ(canvas.at(3, 0).red, 40);
    canvas.draw_picture(picture, 4, 3);
    canvas.draw_picture(picture, -3, -2);
    EXPECT_EQ(canvas.at(0, 0).red, 0);
}

TEST(Canvas, DrawsALineAsThickAsAsked) {
    Canvas canvas(40, 20);
    const std::array<exam::Point, 2> line = {{{-10, 10}, {50, 10}}};
    canvas.draw_line(line, 4, kWhite);
    // 4 rows of 40 white pixels, the edges shared out by anti-aliasing.
    EXPECT_NEAR(static_cast<double>(light_of(canvas)) / 255 / 3, 160, 1);
    EXPECT_EQ(canvas.at(20, 9).red, 255);
    EXPECT_EQ(canvas.at(20, 6).red, 0);
}

TEST(Canvas, SmoothsTheEdge) {
    Canvas canvas(40, 40);
    const std::array<exam::Point, 2> line = {{{5, 5}, {35, 20}}};
    canvas.draw_line(line, 2, kWhite);
    int between = 0;
    for (int y = 0; y < 40; ++y)
        for (int x = 0; x < 40; ++x)
            if (canvas.at(x, y).red > 20 && canvas.at(x, y).red < 235) ++between;
    EXPECT_GT(between, 20);
}

TEST(Canvas, ClosesOutlines) {
    Canvas canvas(30, 30);
    const std::array<exam::Point, 3> corners = {{{5, 5}, {25, 5}, {5, 25}}};
    canvas.draw_outline(corners, 2, kWhite);
    EXPECT_GT(canvas.at(5, 15).red, 200);
}

TEST(Canvas, CutsOffWhatLiesOutside) {
    Canvas canvas(10, 10);
    const std::array<exam::Point, 2> line = {{{-100, -100}, {-50, -60}}};
    canvas.draw_line(line, 3, kWhite);
    canvas.draw_text("far away", {1000, 1000}, 12, kWhite);
    EXPECT_EQ(light_of(canvas), 0);
}

TEST(Canvas, RefusesToBeEmpty) {
    EXPECT_THROW(Canvas(0, 5), Error);
}

TEST(StrokeFont, HasEveryPrintableCharacter) {
    for (char c = '!'; c <= '~'; ++c) {
        const StrokedText text = stroked(std::string(1, c), 8);
        ASSERT_FALSE(text.strokes.empty()) << c;
        for (const auto& stroke : text.strokes) {
            EXPECT_GE(stroke.size(), 2U) << c;
            for (const exam::Point& point : stroke) {
                EXPECT_GE(point.y, 0) << c;
                EXPECT_LE(point.y, 10) << c;
                EXPECT_LE(point.x, text.width) << c;
            }
        }
    }
}

TEST(StrokeFont, DrawsOtherCharactersAsOneQuestionMark) {
    EXPECT_EQ(stroked("\xC3\xA9", 8).strokes.size(), stroked("?", 8).strokes.size());
    EXPECT_EQ(stroked("\xF0\x9F\x90\xA6", 8).strokes.size(), stroked("?", 8).strokes.size());
}

TEST(StrokeFont, WrapsAtBlanks) {
    const auto lines = wrapped("Research use only. Not for clinical decisions.", 10, 250);
    ASSERT_GT(lines.size(), 1U);
    std::string together;
    for (const std::string& line : lines) {
        EXPECT_LE(stroked(line, 10).width, 250);
        together += (together.empty() ? "" : " ") + line;
    }
    EXPECT_EQ(together, "Research use only. Not for clinical decisions.");
    EXPECT_EQ(wrapped("1.2.826.0.1.3680043.10.1.5", 10, 20).size(), 1U);
}

}  // namespace
}  // namespace lucerna::compose
