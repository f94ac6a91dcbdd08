#include "phantom/tissue.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <vector>

namespace lucerna::phantom {
namespace {

constexpr int kFieldSize = 1024;
constexpr double kFieldPitchMm = 0.25;
constexpr double kBeta = 3.0;
constexpr double kSeptaBeta = 4.2;
constexpr double kFinestTissueMm = 0.2;
constexpr double kRollOffMm = 24;
constexpr int kFullScale = 4095;

float smooth_step(float from, float to, float value) {
    const float part = std::clamp((value - from) / (to - from), 0.0F, 1.0F);
    return part * part * (3 - 2 * part);
}

float bell(float value) {
    return std::exp(-value * value);
}

/// A vessel or duct: points half a millimetre apart.
struct Strand {
    std::vector<exam::Point> path;
    double radius_mm = 0;
    float brightness = 0;
};

/// Everything random about a breast's inside.
struct Structure {
    std::pair<Field, Field> parenchyma;  // lumps, and where the gland ends
    std::pair<Field, Field> septa;       // smooth: their zero lines are the ligaments
    std::vector<Strand> strands;
};

Strand draw_strand(const Breast& breast, Random random) {
    Strand strand;
    strand.radius_mm = random.uniform(0.45, 1.1);
    strand.brightness = static_cast<float>(random.uniform(0.035, 0.07));
    // From somewhere near the chest wall, winding towards the nipple.
    exam::Point at{random.uniform(0.05, 0.35) * breast.nipple.x,
                   breast.nipple.y + random.uniform(-0.5, 0.5) * breast.nipple.x};
    double heading = std::atan2(breast.nipple.y - at.y, breast.nipple.x - at.x);
    heading += random.uniform(-0.5, 0.5);
    double turning = 0;
    const int steps = 80 + static_cast<int>(random.below(110));
    for (int i = 0; i < steps; ++i) {
        strand.path.push_back(at);
        const double goal = std::atan2(breast.nipple.y - at.y, breast.nipple.x - at.x);
        turning = 0.93 * turning + 0.010 * random.normal() + 0.0015 * std::sin(goal - heading);
        heading += turning;
        at.x += 0.5 * std::cos(heading);
        at.y += 0.5 * std::sin(heading);
    }
    return strand;
}

Structure draw_structure(const Breast& breast, Random random) {
    Structure structure{power_law_fields(kFieldSize, kBeta, 4, random.fork(1)),
                        power_law_fields(kFieldSize, kSeptaBeta, 7, random.fork(2)),
                        {}};
    Random strands = random.fork(3);
    const auto count = 3 + strands.below(4);
    for (std::uint64_t i = 0; i < count; ++i)
        structure.strands.push_back(draw_strand(breast, strands.fork(i)));
    return structure;
}

/// A place in coordinates of the fields: `fan` has the distance from the nipple across and the
/// direction down, so that what is round there runs towards the nipple here.
struct Place {
    double x, y;
    exam::Point plain, fan;
};

Place place_at(const Breast& breast, const Structure& structure, double x, double y) {
    Place place{x, y, {x / kFieldPitchMm + 40, y / kFieldPitchMm + 40}, {}};
    // Bent by a slow field, or the fan would look drawn with a ruler.
    const double bend_x = 5 * sampled(structure.septa.second, x * 0.35 + 30, y * 0.35 + 600);
    const double bend_y = 5 * sampled(structure.septa.first, x * 0.35 + 500, y * 0.35 + 90);
    const double dx = breast.nipple.x + 12 - x + bend_x, dy = breast.nipple.y - y + bend_y;
    place.fan = {0.42 * std::hypot(dx, dy) / kFieldPitchMm + 40,
                 std::atan2(dy, dx) * 55 / kFieldPitchMm + 2048};
    return place;
}

/// How much of the breast at a place is gland, 0 to 1.
float gland_part(const Breast& breast, const Structure& structure, const Place& place,
                 float depth) {
    const double behind = breast.nipple.x - place.x, across = place.y - breast.nipple.y;
    const double length = breast.nipple.x;
    const double wide = 0.43 * length * (0.75 + 0.6 * breast.density);
    const double high = 0.47 * length * (0.75 + 0.7 * breast.density);
    // The disc of gland leans to the outer, upper side.
    const double ellipse =
        1 - std::hypot((behind - 0.42 * length) / wide, (across + 0.08 * length) / high);
    const float noise =
        0.6F * sampled(structure.parenchyma.second, place.fan.x, place.fan.y) +
        0.6F * sampled(structure.parenchyma.second, place.plain.x + 500, place.plain.y + 300);
    const auto lean = static_cast<float>(ellipse + 0.9 * (breast.density - 0.42)) + 0.42F * noise;
    return smooth_step(-0.55F, 1.0F, lean) * smooth_step(1.5F, 12, depth);
}

float tissue_at(const Breast& breast, const Structure& structure, double x, double y, float depth) {
    const Place place = place_at(breast, structure, x, y);
    const float lumps = 0.75F * sampled(structure.parenchyma.first, place.plain.x, place.plain.y) +
                        0.65F * sampled(structure.parenchyma.first, place.fan.x, place.fan.y);
    const float gland = gland_part(breast, structure, place, depth);
    // Ligaments come and go along their way.
    const float some = smooth_step(-0.8F, 1.2F, lumps);
    const float fine =
        bell(sampled(structure.septa.first, 1.7 * place.fan.x, 1.7 * place.fan.y) / 0.10F);
    const float coarse = bell(sampled(structure.septa.second, place.fan.x, place.fan.y) / 0.07F);
    const float web = bell(
        sampled(structure.septa.second, 1.3 * place.plain.x + 77, 1.3 * place.plain.y) / 0.06F);
    const float threads = some * (0.050F * fine + 0.065F * coarse + 0.035F * web);

    const float fat = 0.185F + 0.020F * lumps + threads;
    const float dense = 0.46F + 0.070F * lumps + 0.8F * threads;
    float value = fat + gland * (dense - fat);
    const auto muscle_depth = static_cast<float>(depth_in_muscle(breast, x, y));
    if (muscle_depth > -3) {
        const float fibre = sampled(structure.septa.second, (x + 0.4 * y) / kFieldPitchMm * 1.2,
                                    (y - 0.4 * x) / kFieldPitchMm * 0.2 + 700);
        // Thickest, so brightest, far from its edge and up in the axilla.
        const auto up = static_cast<float>(1 - std::min(1.0, y / breast.muscle.y));
        const float muscle = 0.34F + 0.0022F * std::min(muscle_depth, 50.0F) + 0.07F * up +
                             0.010F * fibre + 0.020F * lumps + 0.3F * threads;
        value += smooth_step(-1.5F, 4.0F, muscle_depth) * (muscle - 0.75F * value);
    }
    return value;
}

void draw(const Strand& strand, double spacing_mm, const Map& depth, Field& tissue) {
    // Each pixel takes the nearest point of the path once: a second raster holds what was added.
    const int reach = static_cast<int>(std::ceil(2.5 * strand.radius_mm / spacing_mm));
    std::vector<float> most(tissue.pixels.size());
    for (const exam::Point& p : strand.path) {
        const int cx = static_cast<int>(p.x / spacing_mm), cy = static_cast<int>(p.y / spacing_mm);
        for (int y = cy - reach; y <= cy + reach; ++y)
            for (int x = cx - reach; x <= cx + reach; ++x) {
                if (!tissue.contains(x, y)) continue;
                const double far = std::hypot(x * spacing_mm - p.x, y * spacing_mm - p.y);
                const float gain = strand.brightness *
                                   bell(static_cast<float>(far / strand.radius_mm)) *
                                   smooth_step(1, 6, depth.at(p.x, p.y));
                float& so_far = most[tissue.index(x, y)];
                if (gain <= so_far) continue;
                tissue.at(x, y) += gain - so_far;
                so_far = gain;
            }
    }
}

/// Tissue is smooth: it is made on a coarser grid than the detector's.
struct Coarse {
    Field values;
    double pitch_mm = 0;

    [[nodiscard]] float at(double x_mm, double y_mm) const;
};

Coarse coarse_tissue(const Breast& breast, const Map& depth_below_skin, const Structure& structure,
                     double pitch_mm) {
    Field coarse(static_cast<int>(breast.width_mm / pitch_mm) + 3,
                 static_cast<int>(breast.height_mm / pitch_mm) + 3);
    for (int row = 0; row < coarse.height; ++row)
        for (int column = 0; column < coarse.width; ++column) {
            const double x = column * pitch_mm, y = row * pitch_mm;
            const float depth = depth_below_skin.at(x, y);
            if (depth > -1)
                coarse.at(column, row) = tissue_at(breast, structure, x, y, std::max(0.0F, depth));
        }
    return {std::move(coarse), pitch_mm};
}

float Coarse::at(double x_mm, double y_mm) const {
    const double x = x_mm / pitch_mm, y = y_mm / pitch_mm;
    const int left = static_cast<int>(x), top = static_cast<int>(y);
    const auto across = static_cast<float>(x - left), down = static_cast<float>(y - top);
    const float* upper = &values.at(left, top);
    const float* lower = &values.at(left, top + 1);
    const float above = upper[0] + across * (upper[1] - upper[0]);
    const float below = lower[0] + across * (lower[1] - lower[0]);
    return above + down * (below - above);
}

}  // namespace

Field draw_tissue(const Breast& breast, const Map& depth_below_skin, int columns, int rows,
                  double spacing_mm, Random random) {
    const Structure structure = draw_structure(breast, random);
    const Coarse coarse =
        coarse_tissue(breast, depth_below_skin, structure, std::max(kFinestTissueMm, spacing_mm));
    Field tissue(columns, rows);
    for (int row = 0; row < rows; ++row)
        for (int column = 0; column < columns; ++column) {
            const double x = (column + 0.5) * spacing_mm, y = (row + 0.5) * spacing_mm;
            const float depth = depth_below_skin.at(x, y);
            if (depth < -0.15F) continue;
            const auto thin = 1 - std::clamp(depth / static_cast<float>(kRollOffMm), 0.0F, 1.0F);
            // The squeezed breast is round at its edge; processing makes up for part of it.
            const float thickness = 0.42F + 0.58F * std::sqrt(std::max(0.0F, 1 - thin * thin));
            const float skin = 0.055F * bell((depth - 0.9F) / 0.8F);
            const float inside = std::clamp(depth / 0.3F + 0.5F, 0.0F, 1.0F);
            tissue.at(column, row) = inside * (thickness * coarse.at(x, y) + skin);
        }
    for (const Strand& strand : structure.strands)
        draw(strand, spacing_mm, depth_below_skin, tissue);
    return tissue;
}

exam::Raster<std::uint16_t> exposed(const Field& tissue, Random random) {
    exam::Raster<std::uint16_t> stored(tissue.width, tissue.height);
    for (std::size_t i = 0; i < stored.pixels.size(); ++i) {
        const float value = tissue.pixels[i];
        if (value <= 0) continue;
        // Four uniform parts of one number make a bell, and are faster than a logarithm a pixel.
        const std::uint64_t drawn = random.next();
        const auto sum = static_cast<float>((drawn & 0xFFFF) + ((drawn >> 16) & 0xFFFF) +
                                            ((drawn >> 32) & 0xFFFF) + (drawn >> 48));
        const float normal = (sum / 65536.0F - 2) * 1.732F;
        const float noisy = value + (0.004F + 0.009F * std::sqrt(value)) * normal;
        stored.pixels[i] =
            static_cast<std::uint16_t>(std::clamp(std::lround(noisy * kFullScale), 1L, 4095L));
    }
    return stored;
}

}  // namespace lucerna::phantom
