#include "learn/targets.h"

#include <algorithm>
#include <cmath>

namespace lucerna::learn {
namespace {

void draw_presence(Targets& targets, const exam::Box& box, int stride) {
    const exam::Point centre = box.centre();
    const int middle_x = static_cast<int>(centre.x / stride);
    const int middle_y = static_cast<int>(centre.y / stride);
    // A third of the half-axis, at least three quarters of a cell.
    const double sigma_x = std::max(box.width / 6 / stride, 0.75);
    const double sigma_y = std::max(box.height / 6 / stride, 0.75);
    for (int y = 0; y < targets.rows; ++y)
        for (int x = 0; x < targets.columns; ++x) {
            const double dx = (x - middle_x) / sigma_x;
            const double dy = (y - middle_y) / sigma_y;
            const double r = dx * dx + dy * dy;
            if (r > 18) continue;
            float& cell = targets.presence[static_cast<std::size_t>(y * targets.columns + x)];
            cell = std::max(cell, static_cast<float>(std::exp(-r / 2)));
        }
}

/// Cells whose centre lies in the inner half (by axes) of the lesion, or the one at its centre.
std::vector<std::size_t> inner_cells(const Targets& targets, const exam::Box& box, int stride) {
    const exam::Point centre = box.centre();
    std::vector<std::size_t> cells;
    for (int y = 0; y < targets.rows; ++y)
        for (int x = 0; x < targets.columns; ++x) {
            const double dx = ((x + 0.5) * stride - centre.x) / (box.width / 4);
            const double dy = ((y + 0.5) * stride - centre.y) / (box.height / 4);
            const bool at_centre = x == static_cast<int>(centre.x / stride) &&
                                   y == static_cast<int>(centre.y / stride);
            if (dx * dx + dy * dy <= 1 || at_centre)
                cells.push_back(static_cast<std::size_t>(y * targets.columns + x));
        }
    return cells;
}

}  // namespace

Targets make_targets(const std::vector<Lesion>& lesions, int width, int height, int stride) {
    Targets targets;
    targets.columns = width / stride;
    targets.rows = height / stride;
    const auto cells = static_cast<std::size_t>(targets.columns * targets.rows);
    targets.presence.resize(cells);
    targets.box_weight.resize(cells);
    targets.distances.resize(4 * cells);
    for (const Lesion& lesion : lesions) {
        const exam::Box& box = lesion.box;
        draw_presence(targets, box, stride);
        const std::vector<std::size_t> inner = inner_cells(targets, box, stride);
        for (const std::size_t cell : inner) {
            const double x =
                (static_cast<double>(cell % static_cast<std::size_t>(targets.columns)) + 0.5) *
                stride;
            const double y =
                (static_cast<double>(cell / static_cast<std::size_t>(targets.columns)) + 0.5) *
                stride;
            targets.box_weight[cell] = 1.0F / static_cast<float>(inner.size());
            const double sides[4] = {x - box.left, y - box.top, box.right() - x, box.bottom() - y};
            for (std::size_t k = 0; k < 4; ++k)
                targets.distances[k * cells + cell] =
                    static_cast<float>(std::log(std::max(sides[k], 1.0) / kDistanceUnit));
        }
    }
    return targets;
}

}  // namespace lucerna::learn
