#include "compose/canvas.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "base/error.h"
#include "compose/stroke_font.h"

namespace lucerna::compose {
namespace {

/// Distance of a point from a line; infinite where it is sure to be more than `enough`.
double distance(exam::Point point, exam::Point from, exam::Point to, double enough) {
    const double dx = to.x - from.x;
    const double dy = to.y - from.y;
    const double length_squared = dx * dx + dy * dy;
    double along = 0;
    if (length_squared > 0)
        along = std::clamp(((point.x - from.x) * dx + (point.y - from.y) * dy) / length_squared,
                           0.0, 1.0);
    const double away_x = point.x - from.x - along * dx;
    const double away_y = point.y - from.y - along * dy;
    // Most pixels around a stroke are not touched by it; std::hypot is for those that may be.
    if (away_x * away_x + away_y * away_y > 1.01 * enough * enough)
        return std::numeric_limits<double>::infinity();
    return std::hypot(away_x, away_y);
}

int clamped(double value, int highest) {
    return static_cast<int>(std::clamp(value, 0.0, static_cast<double>(highest)));
}

}  // namespace

Canvas::Canvas(int width, int height) : width_(width), height_(height) {
    if (width < 1 || height < 1)
        throw Error(ErrorCode::kInvalidInput, "a picture of " + std::to_string(width) + " x " +
                                                  std::to_string(height) + " cannot be drawn on");
    samples_.resize(std::size_t{3} * static_cast<std::size_t>(width) *
                    static_cast<std::size_t>(height));
}

Colour Canvas::at(int x, int y) const {
    const std::size_t at = 3 * (static_cast<std::size_t>(y) * static_cast<std::size_t>(width_) +
                                static_cast<std::size_t>(x));
    return {samples_[at], samples_[at + 1], samples_[at + 2]};
}

void Canvas::blend(int x, int y, double share, Colour colour) {
    std::uint8_t* sample =
        &samples_[3 * (static_cast<std::size_t>(y) * static_cast<std::size_t>(width_) +
                       static_cast<std::size_t>(x))];
    const auto mixed = [share](std::uint8_t under, std::uint8_t over) {
        return static_cast<std::uint8_t>(std::lround(under + share * (over - under)));
    };
    sample[0] = mixed(sample[0], colour.red);
    sample[1] = mixed(sample[1], colour.green);
    sample[2] = mixed(sample[2], colour.blue);
}

void Canvas::draw_picture(const exam::Raster<std::uint8_t>& picture, int left, int top) {
    const int first = std::max(0, -left);
    const int last = std::min(picture.width, width_ - left);
    if (first >= last) return;
    for (int y = std::max(0, -top); y < std::min(picture.height, height_ - top); ++y) {
        std::uint8_t* sample =
            &samples_[3 * (static_cast<std::size_t>(top + y) * static_cast<std::size_t>(width_) +
                           static_cast<std::size_t>(std::max(0, left)))];
        const std::uint8_t* const row = &picture.at(0, y);
        for (int x = first; x < last; ++x, sample += 3) sample[0] = sample[1] = sample[2] = row[x];
    }
}

void Canvas::draw_segment(exam::Point from, exam::Point to, double thickness, Colour colour) {
    const double reach = thickness / 2 + 1;
    const double full = thickness / 2 + 0.5;
    const int left = clamped(std::min(from.x, to.x) - reach, width_ - 1);
    const int right = clamped(std::max(from.x, to.x) + reach, width_ - 1);
    const int top = clamped(std::min(from.y, to.y) - reach, height_ - 1);
    const int bottom = clamped(std::max(from.y, to.y) + reach, height_ - 1);
    for (int y = top; y <= bottom; ++y)
        for (int x = left; x <= right; ++x) {
            const double share =
                std::clamp(full - distance({x + 0.5, y + 0.5}, from, to, full), 0.0, 1.0);
            if (share > 0) blend(x, y, share, colour);
        }
}

void Canvas::draw_line(std::span<const exam::Point> points, double thickness, Colour colour) {
    for (std::size_t i = 1; i < points.size(); ++i)
        draw_segment(points[i - 1], points[i], thickness, colour);
}

void Canvas::draw_outline(std::span<const exam::Point> points, double thickness, Colour colour) {
    if (points.empty()) return;
    draw_line(points, thickness, colour);
    draw_segment(points.back(), points.front(), thickness, colour);
}

void Canvas::draw_text(std::string_view text, exam::Point at, double cap_height, Colour colour) {
    for (std::vector<exam::Point>& stroke : stroked(text, cap_height).strokes) {
        for (exam::Point& point : stroke) {
            point.x += at.x;
            point.y += at.y;
        }
        draw_line(stroke, cap_height / 7, colour);
    }
}

void Canvas::darken(const exam::Box& box, double to_share) {
    const int right = clamped(box.right(), width_);
    const int bottom = clamped(box.bottom(), height_);
    for (int y = clamped(box.top, height_); y < bottom; ++y)
        for (int x = clamped(box.left, width_); x < right; ++x) blend(x, y, 1 - to_share, {});
}

}  // namespace lucerna::compose
