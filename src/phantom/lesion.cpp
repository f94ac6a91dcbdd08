#include "phantom/lesion.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

namespace lucerna::phantom {
namespace {

/// A point in the lesion: towards the nipple, across in the cranio-caudal view, across in the
/// oblique view.
struct Place {
    double depth = 0, across[2] = {0, 0};
};

double smooth_step(double from, double to, double value) {
    const double part = std::clamp((value - from) / (to - from), 0.0, 1.0);
    return part * part * (3 - 2 * part);
}

template <typename Value>
Patch rasterised(double half_mm, double spacing_mm, Value&& value) {
    const int half = static_cast<int>(std::ceil(half_mm / spacing_mm)) + 1;
    Patch patch;
    patch.values = Field(2 * half + 1, 2 * half + 1);
    patch.middle = {half + 0.5, half + 0.5};
    for (int y = -half; y <= half; ++y)
        for (int x = -half; x <= half; ++x)
            patch.values.at(x + half, y + half) =
                static_cast<float>(value(x * spacing_mm, y * spacing_mm));
    return patch;
}

void frame(Patch& patch) {
    const float peak = *std::max_element(patch.values.pixels.begin(), patch.values.pixels.end());
    int left = patch.values.width, top = patch.values.height, right = 0, bottom = 0;
    for (int y = 0; y < patch.values.height; ++y)
        for (int x = 0; x < patch.values.width; ++x) {
            if (patch.values.at(x, y) < 0.25F * peak) continue;
            left = std::min(left, x);
            top = std::min(top, y);
            right = std::max(right, x + 1);
            bottom = std::max(bottom, y + 1);
        }
    patch.box = {double(left), double(top), double(right - left), double(bottom - top)};
}

/// Three to six overlapping balls with soft edges.
Patch lobulated(const Lesion& lesion, int axis, double spacing_mm) {
    Random shape(lesion.shape_seed);
    const double radius = lesion.diameter_mm / 2;
    struct Ball {
        double x, y, radius;
    };
    std::vector<Ball> balls{{0, 0, 0.72 * radius}};
    const auto count = 2 + shape.below(4);
    for (std::uint64_t i = 0; i < count; ++i) {
        const Place place{shape.normal(), {shape.normal(), shape.normal()}};
        const double length = std::hypot(place.depth, place.across[0], place.across[1]) + 1e-9;
        const double size = radius * shape.uniform(0.4, 0.6);
        const double reach = (radius - size) / length;
        balls.push_back({place.depth * reach, place.across[axis] * reach, size});
    }
    return rasterised(radius * 1.15, spacing_mm, [&](double x, double y) {
        double cubes = 0;
        for (const Ball& ball : balls) {
            const double part = std::hypot(x - ball.x, y - ball.y) / ball.radius;
            // Nearly the chord of a ball, less its infinitely steep edge.
            const double chord = part < 1 ? std::pow(1 - part * part, 0.7) * ball.radius : 0;
            cubes += chord * chord * chord;
        }
        return lesion.contrast * std::min(1.1, std::cbrt(cubes) / (0.72 * radius));
    });
}

/// A dense, uneven core and fine strands that run out of it.
Patch spiculated(const Lesion& lesion, int axis, double spacing_mm) {
    Random shape(lesion.shape_seed);
    const double core = lesion.diameter_mm / 2;
    const double bumps[3] = {shape.uniform(0, 6.28), shape.uniform(0, 6.28),
                             shape.uniform(0, 6.28)};
    struct Strand {
        double angle, length, width, bend, strength;
    };
    std::vector<Strand> strands;
    const auto count = 22 + shape.below(16);
    for (std::uint64_t i = 0; i < count; ++i) {
        const Place place{shape.normal(), {shape.normal(), shape.normal()}};
        // A strand that points at the viewer looks short.
        const double seen = std::hypot(place.depth, place.across[axis]) /
                            (std::hypot(place.depth, place.across[0], place.across[1]) + 1e-9);
        strands.push_back({std::atan2(place.across[axis], place.depth),
                           core * (1 + seen * shape.uniform(0.5, 1.7)), shape.uniform(0.25, 0.6),
                           shape.uniform(-0.25, 0.25), shape.uniform(0.25, 0.6)});
    }
    return rasterised(core * 2.8, spacing_mm, [&](double x, double y) {
        const double radius = std::hypot(x, y), angle = std::atan2(y, x);
        const double edge =
            core * (0.82 + 0.10 * std::sin(2 * angle + bumps[0]) +
                    0.07 * std::sin(3 * angle + bumps[1]) + 0.05 * std::sin(5 * angle + bumps[2]));
        double value = std::pow(1 - smooth_step(0.1 * edge, 1.15 * edge, radius), 0.8);
        double strand_sum = 0;
        for (const Strand& strand : strands) {
            if (radius > strand.length || radius < 0.3 * core) continue;
            const double along = radius / strand.length;
            double off = angle - strand.angle - strand.bend * along;
            off -= 2 * std::numbers::pi * std::round(off / (2 * std::numbers::pi));
            const double across = radius * off / (strand.width * (1.3 - along));
            if (std::abs(across) < 3 && std::abs(off) < 1.2)
                strand_sum += strand.strength * (1 - along) * std::exp(-across * across);
        }
        value += std::min(0.6, strand_sum) * (1 - 0.6 * value);
        return lesion.contrast * value;
    });
}

/// Uneven specks of 0.2 to 0.7 mm in a flat cloud.
Patch calcifications(const Lesion& lesion, int axis, double spacing_mm) {
    Random shape(lesion.shape_seed);
    struct Speck {
        double x, y, long_radius, short_radius, turn, strength;
    };
    std::vector<Speck> specks;
    const auto count = 9 + shape.below(16);
    const double spread = lesion.diameter_mm / 2;
    for (std::uint64_t i = 0; i < count; ++i) {
        Place place;
        double length = 2;
        while (length > 1) {
            place = {shape.uniform(-1, 1), {shape.uniform(-1, 1), shape.uniform(-1, 1)}};
            length = std::hypot(place.depth, place.across[0], place.across[1]);
        }
        const double size = shape.uniform(0.12, 0.34);
        specks.push_back({place.depth * spread, place.across[axis] * 0.8 * spread, size,
                          size * shape.uniform(0.5, 1), shape.uniform(0, 3.14),
                          shape.uniform(0.5, 1)});
    }
    return rasterised(spread + 1, spacing_mm, [&](double x, double y) {
        double value = 0;
        for (const Speck& speck : specks) {
            const double dx = x - speck.x, dy = y - speck.y;
            if (std::abs(dx) > 1 || std::abs(dy) > 1) continue;
            const double u = dx * std::cos(speck.turn) + dy * std::sin(speck.turn);
            const double v = dy * std::cos(speck.turn) - dx * std::sin(speck.turn);
            const double part = std::hypot(u / speck.long_radius, v / speck.short_radius);
            value = std::max(value, speck.strength * (1 - smooth_step(0.6, 1.3, part)));
        }
        return lesion.contrast * value;
    });
}

}  // namespace

Lesion draw_lesion(Random random) {
    Lesion lesion;
    lesion.kind = static_cast<FindingKind>(random.below(3));
    lesion.shape_seed = random.next();
    switch (lesion.kind) {
        case FindingKind::kSpiculatedMass:
            lesion.diameter_mm = random.uniform(8, 18);
            lesion.contrast = random.uniform(0.15, 0.22);
            break;
        case FindingKind::kLobulatedMass:
            lesion.diameter_mm = random.uniform(9, 22);
            lesion.contrast = random.uniform(0.12, 0.18);
            break;
        case FindingKind::kCalcifications:
            lesion.diameter_mm = random.uniform(6, 14);
            lesion.contrast = random.uniform(0.25, 0.38);
            break;
    }
    return lesion;
}

Patch project(const Lesion& lesion, int axis, double spacing_mm) {
    Patch patch;
    switch (lesion.kind) {
        case FindingKind::kSpiculatedMass:
            patch = spiculated(lesion, axis, spacing_mm);
            break;
        case FindingKind::kLobulatedMass:
            patch = lobulated(lesion, axis, spacing_mm);
            break;
        case FindingKind::kCalcifications:
            patch = calcifications(lesion, axis, spacing_mm);
            break;
    }
    frame(patch);
    return patch;
}

}  // namespace lucerna::phantom
