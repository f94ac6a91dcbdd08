#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

#include "base/encoding.h"
#include "exam/geometry.h"
#include "exam/raster.h"

namespace lucerna::compose {

struct Colour {
    std::uint8_t red = 0;
    std::uint8_t green = 0;
    std::uint8_t blue = 0;
};

/// A colour picture to draw on. Lines are anti-aliased; what lies outside is cut off.
class Canvas {
  public:
    /// Black. Throws Error(kInvalidInput) unless both are at least 1.
    Canvas(int width, int height);

    [[nodiscard]] int width() const { return width_; }
    [[nodiscard]] int height() const { return height_; }
    [[nodiscard]] Colour at(int x, int y) const;

    /// Puts `picture`'s top left corner at (left, top).
    void draw_picture(const exam::Raster<std::uint8_t>& picture, int left, int top);
    /// A line through `points`, `thickness` pixels thick, with round ends.
    void draw_line(std::span<const exam::Point> points, double thickness, Colour colour);
    /// Closes the line.
    void draw_outline(std::span<const exam::Point> points, double thickness, Colour colour);
    /// Top left of the capitals at `at`.
    void draw_text(std::string_view text, exam::Point at, double cap_height, Colour colour);
    void darken(const exam::Box& box, double to_share);

    /// Red, green, blue, row by row.
    [[nodiscard]] const Bytes& samples() const& { return samples_; }
    [[nodiscard]] Bytes samples() && { return std::move(samples_); }

  private:
    void draw_segment(exam::Point from, exam::Point to, double thickness, Colour colour);
    void blend(int x, int y, double share, Colour colour);

    int width_;
    int height_;
    Bytes samples_;
};

}  // namespace lucerna::compose
