#include "phantom/pictures.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <string>
#include <utility>

#include "base/error.h"
#include "phantom/lesion.h"
#include "phantom/tissue.h"

namespace lucerna::phantom {
namespace {

using exam::Laterality;
using exam::ViewPosition;

constexpr std::array<exam::ViewName, 4> kViews{{{Laterality::kRight, ViewPosition::kCc},
                                                {Laterality::kLeft, ViewPosition::kCc},
                                                {Laterality::kRight, ViewPosition::kMlo},
                                                {Laterality::kLeft, ViewPosition::kMlo}}};
constexpr int kMostFindings = 6;
constexpr double kFromSkinMm = 7;
constexpr double kFromMuscleMm = 4;

// What the streams of a seed are for.
enum Stream : std::uint64_t { kWoman = 1, kLesions = 2, kBreasts = 16, kTissue = 32, kNoise = 48 };

struct Squeezed {
    Breast breast;
    Map depth;
};

struct PlacedLesion {
    Lesion lesion;
    int number = 0;
    double depth_mm = 0;
    /// From the nipple down, in the cranio-caudal and in the oblique view.
    std::array<double, 2> across_mm{};
};

void check(const PhantomOptions& options) {
    const auto refuse = [](const std::string& what) {
        throw Error(ErrorCode::kInvalidInput, "a phantom cannot have " + what);
    };
    const double width = options.columns * options.spacing_mm;
    const double height = options.rows * options.spacing_mm;
    if (options.findings < 0 || options.findings > kMostFindings)
        refuse(std::to_string(options.findings) + " findings: 0 to " +
               std::to_string(kMostFindings) + " are drawn");
    if (std::min(options.columns, options.rows) < 256 ||
        std::max(options.columns, options.rows) > 8192)
        refuse("views of " + std::to_string(options.columns) + " x " +
               std::to_string(options.rows) + " pixels: 256 to 8192 a side are drawn");
    if (!(width >= 140 && width <= 400 && height >= 180 && height <= 500))
        refuse("a detector of " + std::to_string(width) + " x " + std::to_string(height) +
               " mm: 140 to 400 wide and 180 to 500 high are drawn");
}

bool fits(const Squeezed& view, double depth_mm, double across_mm, double radius_mm) {
    const double x = view.breast.nipple.x - depth_mm;
    const double y = view.breast.nipple.y + across_mm;
    return x > radius_mm + 5 && view.depth.at(x, y) > radius_mm + kFromSkinMm &&
           depth_in_muscle(view.breast, x, y) < -(radius_mm + kFromMuscleMm);
}

/// Somewhere in the breast where both views show it whole and apart from the others; empty when
/// chance finds no such place.
std::optional<PlacedLesion> placed(const Lesion& lesion, const Squeezed& cc, const Squeezed& mlo,
                                   const std::vector<PlacedLesion>& others, Random& random) {
    const double radius = lesion.diameter_mm / 2;
    for (int attempt = 0; attempt < 2000; ++attempt) {
        PlacedLesion place{lesion, 0, random.uniform(0.15, 0.8) * cc.breast.nipple.x, {}};
        // Mostly to the outer side and above the nipple, where cancers are most often.
        place.across_mm = {random.uniform(-45, 30), random.uniform(-50, 35)};
        const bool apart = std::all_of(others.begin(), others.end(), [&](const auto& other) {
            const double gap = radius + other.lesion.diameter_mm / 2 + 12;
            return std::hypot(place.depth_mm - other.depth_mm,
                              place.across_mm[0] - other.across_mm[0]) > gap &&
                   std::hypot(place.depth_mm - other.depth_mm,
                              place.across_mm[1] - other.across_mm[1]) > gap;
        });
        if (apart && fits(cc, place.depth_mm, place.across_mm[0], radius) &&
            fits(mlo, place.depth_mm, place.across_mm[1], radius))
            return place;
    }
    return {};
}

Truth add(const PlacedLesion& placed, const Breast& breast, double spacing_mm, Field& tissue) {
    const int axis = breast.position == ViewPosition::kCc ? 0 : 1;
    const Patch patch = project(placed.lesion, axis, spacing_mm);
    const double x_mm = breast.nipple.x - placed.depth_mm;
    const double y_mm = breast.nipple.y + placed.across_mm[static_cast<std::size_t>(axis)];
    const int left = static_cast<int>(std::lround(x_mm / spacing_mm - patch.middle.x));
    const int top = static_cast<int>(std::lround(y_mm / spacing_mm - patch.middle.y));
    for (int y = 0; y < patch.values.height; ++y)
        for (int x = 0; x < patch.values.width; ++x)
            if (tissue.contains(left + x, top + y) && tissue.at(left + x, top + y) > 0)
                tissue.at(left + x, top + y) += patch.values.at(x, y);
    Truth truth;
    truth.kind = placed.lesion.kind;
    truth.lesion = placed.number;
    truth.diameter_mm = placed.lesion.diameter_mm;
    truth.depth_mm = placed.depth_mm;
    truth.box = {left + patch.box.left, top + patch.box.top, patch.box.width, patch.box.height};
    return truth;
}

void mirror(DrawnView& view) {
    for (int y = 0; y < view.pixels.height; ++y) {
        std::uint16_t* row = &view.pixels.at(0, y);
        std::reverse(row, row + view.pixels.width);
    }
    for (Truth& truth : view.truth) truth.box.left = view.pixels.width - truth.box.right();
}

}  // namespace

void draw_views(const PhantomOptions& options, const std::function<void(DrawnView)>& take) {
    check(options);
    const Random random(options.seed);
    const double width_mm = options.columns * options.spacing_mm;
    const double height_mm = options.rows * options.spacing_mm;
    const Woman woman = draw_woman(random.fork(kWoman), width_mm, height_mm);
    std::vector<Squeezed> squeezed;
    for (std::size_t i = 0; i < kViews.size(); ++i) {
        Breast breast =
            draw_breast(woman, kViews[i].position, width_mm, height_mm, random.fork(kBreasts + i));
        Map depth = depth_below_skin(breast);
        squeezed.push_back({std::move(breast), std::move(depth)});
    }

    Random lesions = random.fork(kLesions);
    std::array<std::vector<PlacedLesion>, 2> of_side;
    for (int number = 1; number <= options.findings; ++number) {
        const std::size_t side = lesions.below(2);
        const Lesion lesion = draw_lesion(lesions.fork(static_cast<std::uint64_t>(number)));
        auto place = placed(lesion, squeezed[side], squeezed[side + 2], of_side[side], lesions);
        if (!place) continue;
        place->number = number;
        of_side[side].push_back(*place);
    }

    for (std::size_t i = 0; i < kViews.size(); ++i) {
        const Squeezed& view = squeezed[i];
        Field tissue = draw_tissue(view.breast, view.depth, options.columns, options.rows,
                                   options.spacing_mm, random.fork(kTissue + i));
        DrawnView drawn;
        drawn.name = kViews[i];
        drawn.breast = view.breast;
        for (const PlacedLesion& lesion : of_side[i % 2]) {
            drawn.truth.push_back(add(lesion, view.breast, options.spacing_mm, tissue));
            drawn.truth.back().view = drawn.name;
        }
        drawn.pixels = exposed(tissue, random.fork(kNoise + i));
        if (drawn.name.laterality == Laterality::kRight) mirror(drawn);
        take(std::move(drawn));
    }
}

}  // namespace lucerna::phantom
