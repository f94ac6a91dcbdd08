#pragma once

#include <vector>

namespace lucerna::exam {

/// Pixel coordinates are continuous: the pixel in column 0, row 0 covers [0, 1) x [0, 1).
struct Point {
    double x = 0;
    double y = 0;
    friend bool operator==(const Point&, const Point&) = default;
};

struct Box {
    double left = 0;
    double top = 0;
    double width = 0;
    double height = 0;

    [[nodiscard]] double right() const { return left + width; }
    [[nodiscard]] double bottom() const { return top + height; }
    [[nodiscard]] double area() const { return width * height; }
    [[nodiscard]] Point centre() const { return {left + width / 2, top + height / 2}; }
    [[nodiscard]] bool contains(Point point) const {
        return point.x >= left && point.x < right() && point.y >= top && point.y < bottom();
    }
    friend bool operator==(const Box&, const Box&) = default;
};

/// Intersection over union, 0 when both are empty.
[[nodiscard]] double overlap(const Box& a, const Box& b);

/// The ellipse inscribed in the box as a closed polygon of `points` corners, clockwise on screen.
[[nodiscard]] std::vector<Point> inscribed_ellipse(const Box& box, int points = 32);

/// Where a prepared picture lies in the stored one: stored = offset + scale * prepared, an axis at
/// a time. A negative scale is a mirror.
struct Placement {
    double scale_x = 1;
    double scale_y = 1;
    double offset_x = 0;
    double offset_y = 0;

    [[nodiscard]] Point to_stored(Point prepared) const {
        return {offset_x + scale_x * prepared.x, offset_y + scale_y * prepared.y};
    }
    [[nodiscard]] Point to_prepared(Point stored) const {
        return {(stored.x - offset_x) / scale_x, (stored.y - offset_y) / scale_y};
    }
    [[nodiscard]] Box to_stored(const Box& prepared) const;
    [[nodiscard]] Box to_prepared(const Box& stored) const;
    /// First this, then `next`: a step further from the prepared to the stored picture.
    [[nodiscard]] Placement then(const Placement& next) const;
};

}  // namespace lucerna::exam
