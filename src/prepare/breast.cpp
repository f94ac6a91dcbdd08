#include "prepare/breast.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <utility>
#include <vector>

namespace lucerna::prepare {
namespace {

using Pixels = exam::Raster<float>;

constexpr double kFrameReach = 0.07;           // of a side: where a film's bright frame may lie
constexpr double kOpeningRadius = 3;           // survey pixels
constexpr double kLeastBreastPart = 0.015;     // of the survey's area
constexpr double kExactBackgroundPart = 0.03;  // of the survey's pixels
constexpr double kTowardsExactBackground = 0.1;
constexpr double kTowardsBackground = 0.35;  // from the Li threshold down to the background

float percentile(std::vector<float> values, double part) {
    const auto nth = static_cast<std::ptrdiff_t>(part * static_cast<double>(values.size() - 1));
    std::nth_element(values.begin(), values.begin() + nth, values.end());
    return values[static_cast<std::size_t>(nth)];
}

/// Minimum cross-entropy threshold by fixed-point iteration (Li and Tam 1998). Requires values
/// that differ.
double li_threshold(const std::vector<float>& values, double lowest, double highest) {
    // A little above zero keeps the logarithms finite where the background is exactly constant.
    const double tiny = (highest - lowest) / 1000;
    double threshold = (lowest + highest) / 2;
    for (int round = 0; round < 50; ++round) {
        double below = 0, above = 0;
        std::size_t count_below = 0, count_above = 0;
        for (const float value : values) {
            const double clamped = std::clamp<double>(value, lowest, highest);
            if (clamped > threshold) {
                above += clamped;
                ++count_above;
            } else {
                below += clamped;
                ++count_below;
            }
        }
        if (count_below == 0 || count_above == 0) break;
        const double mean_below = below / static_cast<double>(count_below) - lowest + tiny;
        const double mean_above = above / static_cast<double>(count_above) - lowest + tiny;
        if (mean_above <= mean_below) break;
        const double next =
            lowest - tiny +
            (mean_above - mean_below) / (std::log(mean_above) - std::log(mean_below));
        const bool settled = std::abs(next - threshold) < tiny;
        threshold = next;
        if (settled) break;
    }
    return threshold;
}

/// The processing of digital detectors sets the background to one value exactly; film seldom does.
bool has_exact_background(const std::vector<float>& values, float low) {
    const auto exact = std::count(values.begin(), values.end(), low);
    return static_cast<double>(exact) > kExactBackgroundPart * static_cast<double>(values.size());
}

/// Between the background's own level and the minimum cross-entropy threshold, nearer to the
/// background: skin is dim.
double threshold_above_background(const std::vector<float>& values, float low, float high,
                                  bool digital) {
    const double li = li_threshold(values, low, high);
    if (digital) return low + kTowardsExactBackground * (li - low);
    std::vector<float> dark;
    for (const float value : values)
        if (value <= li) dark.push_back(value);
    if (dark.empty()) return li;
    const double level = percentile(dark, 0.5);
    for (float& value : dark) value = static_cast<float>(std::abs(value - level));
    const double spread = 1.4826 * percentile(std::move(dark), 0.5);
    return std::min(li, std::max(level + kTowardsBackground * (li - level), level + 4 * spread));
}

/// One line of the survey parallel to an edge, `depth` lines inward.
enum class Edge { kLeft, kTop, kRight, kBottom };

std::vector<float> line_at(const Pixels& survey, Edge edge, int depth) {
    std::vector<float> line;
    if (edge == Edge::kTop || edge == Edge::kBottom) {
        const int y = edge == Edge::kTop ? depth : survey.height - 1 - depth;
        for (int x = 0; x < survey.width; ++x) line.push_back(survey.at(x, y));
    } else {
        const int x = edge == Edge::kLeft ? depth : survey.width - 1 - depth;
        for (int y = 0; y < survey.height; ++y) line.push_back(survey.at(x, y));
    }
    return line;
}

/// A line belongs to the frame when much of it is near white and clearly brighter than the same
/// places a little further in: a chest muscle is as bright further in as it is at the edge.
bool is_frame_line(const std::vector<float>& line, const std::vector<float>& inner, float white,
                   float step, double part) {
    std::size_t steep = 0;
    for (std::size_t i = 0; i < line.size(); ++i)
        if (line[i] > white && line[i] - inner[i] > step) ++steep;
    return static_cast<double>(steep) > part * static_cast<double>(line.size());
}

int frame_at(const Pixels& survey, Edge edge, float low, float high, double part) {
    const bool upright = edge == Edge::kLeft || edge == Edge::kRight;
    const int size = upright ? survey.width : survey.height;
    const int reach = static_cast<int>(size * kFrameReach);
    const float white = low + 0.7F * (high - low);
    const float step = 0.15F * (high - low);
    constexpr int kFurtherIn = 3;
    int lines = 0;
    for (int depth = 0; depth < reach; ++depth)
        if (is_frame_line(line_at(survey, edge, depth), line_at(survey, edge, depth + kFurtherIn),
                          white, step, part))
            lines = depth + 1;
    // One more: the line after the last is half frame.
    return lines == 0 ? 0 : lines + 1;
}

/// 1 where the square of `radius` around a pixel holds a 1 (what lies beyond the picture is 0).
Mask dilated(const Mask& mask, int radius) {
    Mask across(mask.width, mask.height);
    for (int y = 0; y < mask.height; ++y)
        for (int x = 0; x < mask.width; ++x)
            for (int k = std::max(0, x - radius); k <= std::min(mask.width - 1, x + radius); ++k)
                across.at(x, y) |= mask.at(k, y);
    Mask result(mask.width, mask.height);
    for (int y = 0; y < mask.height; ++y)
        for (int x = 0; x < mask.width; ++x)
            for (int k = std::max(0, y - radius); k <= std::min(mask.height - 1, y + radius); ++k)
                result.at(x, y) |= across.at(x, k);
    return result;
}

Mask inverted(Mask mask) {
    for (std::uint8_t& inside : mask.pixels) inside = inside ? 0 : 1;
    return mask;
}

/// 1 where that square is all 1. What lies beyond the picture is 0, so that thin bright edges of
/// film vanish.
Mask eroded(const Mask& mask, int radius) {
    Mask result = inverted(dilated(inverted(mask), radius));
    for (int y = 0; y < mask.height; ++y)
        for (int x = 0; x < mask.width; ++x)
            if (x < radius || y < radius || x >= mask.width - radius || y >= mask.height - radius)
                result.at(x, y) = 0;
    return result;
}

/// Everything in `open` that can be reached from `seeds` by steps up, down, left and right.
Mask reachable(const Mask& open, std::vector<std::pair<int, int>> seeds) {
    Mask reached(open.width, open.height);
    std::vector<std::pair<int, int>> todo = std::move(seeds);
    while (!todo.empty()) {
        const auto [x, y] = todo.back();
        todo.pop_back();
        if (!open.contains(x, y) || !open.at(x, y) || reached.at(x, y)) continue;
        reached.at(x, y) = 1;
        todo.insert(todo.end(), {{x + 1, y}, {x - 1, y}, {x, y + 1}, {x, y - 1}});
    }
    return reached;
}

std::size_t area_of(const Mask& mask) {
    return static_cast<std::size_t>(std::count(mask.pixels.begin(), mask.pixels.end(), 1));
}

Mask largest_part(const Mask& mask) {
    Mask rest = mask;
    Mask best(mask.width, mask.height);
    std::size_t best_area = 0;
    for (int y = 0; y < mask.height; ++y)
        for (int x = 0; x < mask.width; ++x) {
            if (!rest.at(x, y)) continue;
            Mask part = reachable(rest, {{x, y}});
            for (std::size_t i = 0; i < part.pixels.size(); ++i)
                if (part.pixels[i]) rest.pixels[i] = 0;
            const std::size_t area = area_of(part);
            if (area > best_area) {
                best_area = area;
                best = std::move(part);
            }
        }
    return best;
}

struct Extent {
    int left, top, right, bottom;  // right and bottom exclusive
};

Extent extent_of(const Mask& mask) {
    Extent extent{mask.width, mask.height, 0, 0};
    for (int y = 0; y < mask.height; ++y)
        for (int x = 0; x < mask.width; ++x)
            if (mask.at(x, y)) {
                extent.left = std::min(extent.left, x);
                extent.top = std::min(extent.top, y);
                extent.right = std::max(extent.right, x + 1);
                extent.bottom = std::max(extent.bottom, y + 1);
            }
    return extent;
}

/// Dark fat inside the breast, also where it touches the chest wall, belongs to the breast.
Mask filled(const Mask& breast) {
    const Extent extent = extent_of(breast);
    const int wall =
        chest_wall_in(breast).side == ChestWall::kLeft ? extent.left : extent.right - 1;
    int top = breast.height, bottom = -1;
    for (int y = 0; y < breast.height; ++y)
        if (breast.at(wall, y)) {
            top = std::min(top, y);
            bottom = std::max(bottom, y);
        }
    Mask open = inverted(breast);
    for (int y = top; y <= bottom; ++y) open.at(wall, y) = 0;
    std::vector<std::pair<int, int>> border;
    for (int x = 0; x < open.width; ++x)
        border.insert(border.end(), {{x, 0}, {x, open.height - 1}});
    for (int y = 0; y < open.height; ++y)
        border.insert(border.end(), {{0, y}, {open.width - 1, y}});
    return inverted(reachable(open, std::move(border)));
}

}  // namespace

Frame bright_frame(const Pixels& survey) {
    if (survey.width < 32 || survey.height < 32) return {};
    const float low = percentile(survey.pixels, 0.05);
    const float high = percentile(survey.pixels, 0.999);
    if (high <= low) return {};
    // A digital picture, which has no frame, must not lose a bright fold at its edge.
    const bool digital = has_exact_background(survey.pixels, percentile(survey.pixels, 0));
    const double part = digital ? 0.4 : 0.2;
    return {frame_at(survey, Edge::kLeft, low, high, part),
            frame_at(survey, Edge::kTop, low, high, part),
            frame_at(survey, Edge::kRight, low, high, part),
            frame_at(survey, Edge::kBottom, low, high, part)};
}

Mask foreground(const Pixels& survey, const Frame& frame) {
    Mask mask(survey.width, survey.height);
    std::vector<float> values;
    for (int y = frame.top; y < survey.height - frame.bottom; ++y)
        for (int x = frame.left; x < survey.width - frame.right; ++x)
            values.push_back(survey.at(x, y));
    if (values.empty()) return mask;
    const float low = percentile(values, 0.002);
    const float high = percentile(values, 0.998);
    if (high <= low) return mask;
    const bool unframed = frame.left + frame.top + frame.right + frame.bottom == 0;
    const bool digital = unframed && has_exact_background(values, percentile(values, 0));
    const double threshold = threshold_above_background(values, low, high, digital);
    for (int y = frame.top; y < survey.height - frame.bottom; ++y)
        for (int x = frame.left; x < survey.width - frame.right; ++x)
            mask.at(x, y) = survey.at(x, y) > threshold ? 1 : 0;
    return mask;
}

Mask breast_among(const Mask& bright) {
    const int radius = static_cast<int>(kOpeningRadius);
    const Mask core = largest_part(eroded(bright, radius));
    Mask breast = dilated(core, radius);
    for (std::size_t i = 0; i < breast.pixels.size(); ++i)
        breast.pixels[i] = breast.pixels[i] && bright.pixels[i] ? 1 : 0;
    const auto whole = static_cast<double>(bright.pixels.size());
    if (static_cast<double>(area_of(breast)) < kLeastBreastPart * whole)
        return Mask(bright.width, bright.height);
    return filled(breast);
}

ChestWallEvidence chest_wall_in(const Mask& breast) {
    const Extent extent = extent_of(breast);
    if (extent.right <= extent.left) return {};
    const int band = std::max(1, (extent.right - extent.left) / 20);
    int left = 1, right = 1;
    for (int y = extent.top; y < extent.bottom; ++y)
        for (int k = 0; k < band; ++k) {
            left += breast.at(extent.left + k, y);
            right += breast.at(extent.right - 1 - k, y);
        }
    if (left >= right) return {ChestWall::kLeft, double(left) / right};
    return {ChestWall::kRight, double(right) / left};
}

double lying_in(const Mask& breast) {
    const Extent extent = extent_of(breast);
    if (extent.right <= extent.left) return 1;
    const int width = extent.right - extent.left;
    const int height = extent.bottom - extent.top;
    /// Of an edge's lines, as many as a twentieth of the breast.
    const auto taken = [&](int left, int top, int right, int bottom) {
        int inside = 0;
        for (int y = top; y < bottom; ++y)
            for (int x = left; x < right; ++x) inside += breast.at(x, y);
        return double(inside) / ((right - left) * (bottom - top));
    };
    const int across = std::max(1, width / 20);
    const int down = std::max(1, height / 20);
    const double upright =
        std::max(taken(extent.left, extent.top, extent.left + across, extent.bottom),
                 taken(extent.right - across, extent.top, extent.right, extent.bottom));
    const double lying =
        std::max(taken(extent.left, extent.top, extent.right, extent.top + down),
                 taken(extent.left, extent.bottom - down, extent.right, extent.bottom));
    const double ratio = lying / upright;
    // A chest wall is longer than the breast is deep. That of a film that lies a little askew may
    // touch the extent with a corner alone, and seem to take nothing of its edge.
    return width > height ? ratio : std::min(1.0, ratio);
}

}  // namespace lucerna::prepare
