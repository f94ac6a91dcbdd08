#include "exam/geometry.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace lucerna::exam {
namespace {

Box spanned_by(Point a, Point b) {
    return {std::min(a.x, b.x), std::min(a.y, b.y), std::abs(a.x - b.x), std::abs(a.y - b.y)};
}

}  // namespace

double overlap(const Box& a, const Box& b) {
    const double width = std::min(a.right(), b.right()) - std::max(a.left, b.left);
    const double height = std::min(a.bottom(), b.bottom()) - std::max(a.top, b.top);
    if (width <= 0 || height <= 0) return 0;
    const double shared = width * height;
    return shared / (a.area() + b.area() - shared);
}

std::vector<Point> inscribed_ellipse(const Box& box, int points) {
    const Point centre = box.centre();
    std::vector<Point> outline;
    outline.reserve(static_cast<std::size_t>(points));
    for (int i = 0; i < points; ++i) {
        const double angle = 2 * std::numbers::pi * i / points;
        outline.push_back({centre.x + box.width / 2 * std::cos(angle),
                           centre.y + box.height / 2 * std::sin(angle)});
    }
    return outline;
}

Box Placement::to_stored(const Box& prepared) const {
    return spanned_by(to_stored(Point{prepared.left, prepared.top}),
                      to_stored(Point{prepared.right(), prepared.bottom()}));
}

Box Placement::to_prepared(const Box& stored) const {
    return spanned_by(to_prepared(Point{stored.left, stored.top}),
                      to_prepared(Point{stored.right(), stored.bottom()}));
}

Placement Placement::then(const Placement& next) const {
    return {next.scale_x * scale_x, next.scale_y * scale_y, next.offset_x + next.scale_x * offset_x,
            next.offset_y + next.scale_y * offset_y};
}

}  // namespace lucerna::exam
