#include "phantom/anatomy.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace lucerna::phantom {
namespace {

using exam::Point;

constexpr int kSkinPoints = 420;

/// Rounds the corner between two curves: the larger of both where they are far apart.
double smooth_maximum(double a, double b) {
    const double high = std::max({a, b, 0.0}), low = std::max(std::min(a, b), 0.0);
    return high <= 0 ? 0 : high * std::pow(1 + std::pow(low / high, 4), 0.25);
}

/// How far a half superellipse of `depth` and `half_height` reaches at `offset` from its middle.
double reach(double depth, double half_height, double offset, double power) {
    const double part = std::abs(offset) / half_height;
    return part >= 1 ? 0 : depth * std::pow(1 - std::pow(part, power), 1 / 1.75);
}

/// The areola lifts the skin a little, the nipple more.
double nipple_bump(double offset_mm) {
    const double areola = std::exp(-offset_mm * offset_mm / (2 * 13.0 * 13.0));
    const double nipple = std::exp(-std::pow(std::abs(offset_mm) / 5, 2.4));
    return 1.0 * areola + 2.6 * nipple;
}

struct Wave {
    double length_mm = 0, height_mm = 0, phase = 0;
    [[nodiscard]] double at(double y) const {
        return height_mm * std::sin(2 * std::numbers::pi * y / length_mm + phase);
    }
};

double squared_distance_to_segment(Point p, Point a, Point b) {
    const double dx = b.x - a.x, dy = b.y - a.y;
    const double part =
        std::clamp(((p.x - a.x) * dx + (p.y - a.y) * dy) / (dx * dx + dy * dy), 0.0, 1.0);
    const double x = p.x - a.x - part * dx, y = p.y - a.y - part * dy;
    return x * x + y * y;
}

/// Looks up and down from the skin beside `p` until nothing further away can be nearer.
double distance_to(const std::vector<Point>& skin, int beside, Point p) {
    double nearest = std::numeric_limits<double>::max();
    const auto look = [&](int lower) {
        const Point& a = skin[static_cast<std::size_t>(lower)];
        const Point& b = skin[static_cast<std::size_t>(lower) + 1];
        const double off = std::max({0.0, a.y - p.y, p.y - b.y});
        if (off * off > nearest) return false;
        nearest = std::min(nearest, squared_distance_to_segment(p, a, b));
        return true;
    };
    const int last = static_cast<int>(skin.size()) - 2;
    for (int i = std::min(beside, last); i >= 0 && look(i); --i) continue;
    for (int i = std::min(beside, last) + 1; i <= last && look(i); ++i) continue;
    return std::sqrt(nearest);
}

}  // namespace

Woman draw_woman(Random random, double width_mm, double height_mm) {
    Woman woman;
    woman.depth_mm = std::min(random.uniform(82, 122), width_mm - 30);
    woman.half_height_mm =
        std::min(woman.depth_mm * random.uniform(0.78, 0.92), height_mm / 2 - 18);
    woman.density = random.uniform(0.22, 0.6);
    return woman;
}

Breast draw_breast(const Woman& woman, exam::ViewPosition position, double width_mm,
                   double height_mm, Random random) {
    Breast breast;
    breast.position = position;
    breast.width_mm = width_mm;
    breast.height_mm = height_mm;
    breast.density = std::clamp(woman.density + 0.04 * random.normal(), 0.1, 0.8);
    const double depth = woman.depth_mm * random.uniform(0.97, 1.03);
    const double half = woman.half_height_mm * random.uniform(0.97, 1.03);
    const Wave wave{random.uniform(70, 110), random.uniform(0.4, 1.2), random.uniform(0, 6.28)};
    const bool oblique = position != exam::ViewPosition::kCc;
    const double middle =
        oblique ? height_mm * random.uniform(0.58, 0.63) : height_mm * random.uniform(0.48, 0.52);
    // Outer half fuller than inner; in the oblique view the upper one runs out into the axilla.
    const double upper = oblique ? std::min(middle * 0.98, half * 1.5) : half * 1.04;
    const double lower = oblique ? std::min(half * 0.92, height_mm - middle - 12) : half * 0.96;
    const double axilla = oblique ? depth * random.uniform(0.62, 0.76) : 0;
    const double nipple_y = middle + random.uniform(-4, 4) + (oblique ? 6 : 0);
    for (int i = 0; i <= kSkinPoints; ++i) {
        const double y = height_mm * i / kSkinPoints;
        const double offset = y - middle;
        double x = reach(depth, offset < 0 ? upper : lower, offset, oblique ? 2.1 : 2.25);
        if (oblique && offset < 0) x = smooth_maximum(x, axilla * (1 - 0.35 * y / middle));
        const double inside = std::clamp(x / depth, 0.0, 1.0);
        x += inside * (wave.at(y) + nipple_bump(y - nipple_y));
        breast.skin.push_back({std::max(0.0, x), y});
    }
    const auto nearest = std::min_element(
        breast.skin.begin(), breast.skin.end(), [&](const Point& a, const Point& b) {
            return std::abs(a.y - nipple_y) < std::abs(b.y - nipple_y);
        });
    breast.nipple = *nearest;
    if (oblique)
        breast.muscle = {axilla * random.uniform(0.62, 0.78), middle * random.uniform(0.82, 1.0)};
    return breast;
}

Map::Map(double width_mm, double height_mm)
    : values_(static_cast<int>(width_mm) + 4, static_cast<int>(height_mm) + 4) {}

float Map::at(double x_mm, double y_mm) const {
    const double x = std::clamp(x_mm + 1, 0.0, values_.width - 1.001);
    const double y = std::clamp(y_mm + 1, 0.0, values_.height - 1.001);
    const int left = static_cast<int>(x), top = static_cast<int>(y);
    const auto across = static_cast<float>(x - left), down = static_cast<float>(y - top);
    const float upper =
        values_.at(left, top) + across * (values_.at(left + 1, top) - values_.at(left, top));
    const float lower = values_.at(left, top + 1) +
                        across * (values_.at(left + 1, top + 1) - values_.at(left, top + 1));
    return upper + down * (lower - upper);
}

Map depth_below_skin(const Breast& breast) {
    Map map(breast.width_mm, breast.height_mm);
    const auto& skin = breast.skin;
    for (int row = 0; row < map.values().height; ++row)
        for (int column = 0; column < map.values().width; ++column) {
            const Point p = Map::place(column, row);
            const int beside =
                static_cast<int>(std::clamp(std::lround(p.y / breast.height_mm * kSkinPoints), 0L,
                                            static_cast<long>(kSkinPoints)));
            const double distance = distance_to(skin, beside, p);
            const bool inside = p.x <= skin[static_cast<std::size_t>(beside)].x;
            map.values().at(column, row) = static_cast<float>(inside ? distance : -distance);
        }
    return map;
}

double depth_in_muscle(const Breast& breast, double x_mm, double y_mm) {
    if (breast.muscle.x <= 0) return -std::numeric_limits<double>::max();
    // The edge bulges a little towards the nipple.
    const double part = std::clamp(y_mm / breast.muscle.y, 0.0, 1.0);
    const double edge =
        breast.muscle.x * (1 - y_mm / breast.muscle.y) + 5 * std::sin(std::numbers::pi * part);
    const double slant = std::hypot(breast.muscle.x, breast.muscle.y);
    return (edge - x_mm) * breast.muscle.y / slant;
}

}  // namespace lucerna::phantom
