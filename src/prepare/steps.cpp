#include "prepare/steps.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

#include "base/error.h"
#include "prepare/breast.h"
#include "prepare/scaling.h"
#include "prepare/survey.h"

namespace lucerna::prepare {
namespace {

using exam::Refusal;
using exam::RefusalReason;
using Outcome = std::optional<Refusal>;

/// Beyond this the pixels outvote the header. Real mammograms measure 2 to 60 the right way.
constexpr double kSureOfChestWall = 3.0;

/// Beyond this the chest wall is at the top or bottom. Of 1,235 real mammograms none measures more
/// than 1, nor does one that was turned by 3 or 6 degrees with 5 or 15 mm of dark beside it. Turned
/// by a quarter of a circle, cranio-caudal ones measure 1.4 to 18, 564 of 575 more than this, and
/// oblique ones, whose muscle may be as wide as their chest wall is high, 0.8 to 9, 149 of 660.
constexpr double kSureOfLying = 2.0;

/// Breasts are two to ten times as high: what comes to less has pixels of another size.
constexpr double kLeastBreastMm = 40;
/// Of a breast, what a window may make one black or one white.
constexpr double kMostSaturated = 0.8;

/// Of the picture as it is now. The steps that look at one share it while no pixel changes.
const Survey& surveyed(Working& working) {
    if (!working.survey)
        working.survey = survey_of(working.pixels, working.facts.row_spacing_mm,
                                   working.facts.column_spacing_mm);
    return *working.survey;
}

Refusal no_breast() {
    return {RefusalReason::kNoBreastFound,
            "No breast stands out from the background of the picture.",
            "Pixel Data (7FE0,0010)",
            "Check that the image is a mammogram and not blank, then send it again.",
            {},
            {}};
}

bool is_empty(const Mask& mask) {
    return std::find(mask.pixels.begin(), mask.pixels.end(), 1) == mask.pixels.end();
}

/// In how many of its rows there is something.
int rows_of(const Mask& mask) {
    int rows = 0;
    for (int y = 0; y < mask.height; ++y) {
        const auto row = mask.pixels.begin() + std::ptrdiff_t{y} * mask.width;
        rows += std::find(row, row + mask.width, 1) != row + mask.width ? 1 : 0;
    }
    return rows;
}

std::optional<ChestWall> expected_chest_wall(const PictureFacts& facts) {
    if (facts.chest_wall || !facts.laterality) return facts.chest_wall;
    return *facts.laterality == exam::Laterality::kRight ? ChestWall::kRight : ChestWall::kLeft;
}

Refusal contradicted(const PictureFacts& facts, ChestWall seen) {
    const char* side = seen == ChestWall::kLeft ? "left" : "right";
    std::string what = "The chest wall is on the " + std::string(side) +
                       " of the picture, which is not where the header puts it";
    if (facts.laterality)
        what += *facts.laterality == exam::Laterality::kRight ? " for a right breast"
                                                              : " for a left breast";
    return {RefusalReason::kLateralityContradicted,
            what + ".",
            facts.chest_wall ? "Patient Orientation (0020,0020)" : "Image Laterality (0020,0062)",
            "Check laterality and orientation at the modality, correct the header and send again.",
            {},
            {}};
}

struct Span {
    int from = 0;
    int to = 0;
};

Span span_of(int survey_index, double scale, int size) {
    return {static_cast<int>(std::lround(survey_index * scale)),
            std::min(size, static_cast<int>(std::lround((survey_index + 1) * scale)))};
}

/// Twice a 3 x 3 mean: the contour at 0.5 loses its stairs.
exam::Raster<float> smoothed(const Mask& mask) {
    exam::Raster<float> soft(mask.width, mask.height);
    std::copy(mask.pixels.begin(), mask.pixels.end(), soft.pixels.begin());
    for (int round = 0; round < 2; ++round) {
        const exam::Raster<float> sharp = soft;
        for (int y = 0; y < soft.height; ++y)
            for (int x = 0; x < soft.width; ++x) {
                float sum = 0;
                for (int v = -1; v <= 1; ++v)
                    for (int u = -1; u <= 1; ++u)
                        sum += sharp.at(std::clamp(x + u, 0, soft.width - 1),
                                        std::clamp(y + v, 0, soft.height - 1));
                soft.at(x, y) = sum / 9;
            }
    }
    return soft;
}

constexpr std::array<Step, 9> kSteps{{
    {"modality_lut", modality_lut, true},
    {"voi_lut", voi_lut, true},
    {"presentation_lut", presentation_lut, true},
    {"orient", orient, false},
    {"remove_markers", remove_markers, false},
    {"segment_breast", segment_breast, false},
    {"crop_to_breast", crop_to_breast, false},
    {"resample", resample, false},
    {"normalise", normalise, false},
}};

}  // namespace

std::span<const Step> all_steps() {
    return kSteps;
}

std::vector<Step> steps_named(const std::vector<std::string>& names) {
    std::vector<Step> steps;
    for (const std::string& name : names) {
        const auto found = std::find_if(kSteps.begin(), kSteps.end(),
                                        [&](const Step& step) { return step.name == name; });
        if (found == kSteps.end())
            throw Error(ErrorCode::kInvalidInput,
                        "there is no preparation step called '" + name + "'");
        steps.push_back(*found);
    }
    return steps;
}

Outcome orient(Working& working, const exam::InputContract&) {
    PictureFacts& facts = working.facts;
    const Mask& breast = surveyed(working).breast;
    if (is_empty(breast)) return no_breast();
    if (lying_in(breast) > kSureOfLying)
        return Refusal{RefusalReason::kBadPixelDescription,
                       "The picture lies on its side: the chest wall is at its top or bottom.",
                       "Pixel Data (7FE0,0010)",
                       "Check the orientation at the modality and send the image again.",
                       {},
                       {}};
    const ChestWallEvidence seen = chest_wall_in(breast);
    const ChestWall side = expected_chest_wall(facts).value_or(seen.side);
    if (seen.side != side && seen.ratio > kSureOfChestWall) return contradicted(facts, seen.side);
    if (side == ChestWall::kRight) {
        working.pixels.mirror();
        renew_mirrored(*working.survey, working.pixels);
        const double width = working.pixels.width();
        working.placement = exam::Placement{-1, 1, width, 0}.then(working.placement);
        facts.chest_wall = ChestWall::kLeft;
    }
    if (facts.upside_down) {
        working.pixels.turn_over();
        working.survey.reset();
        const double height = working.pixels.height();
        working.placement = exam::Placement{1, -1, 0, height}.then(working.placement);
        facts.upside_down = false;
    }
    return {};
}

Outcome remove_markers(Working& working, const exam::InputContract&) {
    Pixels& pixels = working.pixels;
    const Survey& survey = surveyed(working);
    const Frame& frame = survey.frame;
    const Mask& bright = survey.bright;
    const Mask& breast = survey.breast;
    if (is_empty(breast)) return no_breast();
    std::vector<float> dark;
    for (std::size_t i = 0; i < bright.pixels.size(); ++i)
        if (!bright.pixels[i] && !breast.pixels[i]) dark.push_back(survey.pixels.pixels[i]);
    if (dark.empty()) return {};
    const auto middle = dark.begin() + static_cast<std::ptrdiff_t>(dark.size() / 2);
    std::nth_element(dark.begin(), middle, dark.end());
    const float background = *middle;
    std::vector<std::uint8_t> changed(static_cast<std::size_t>(bright.height));
    for (int y = 0; y < bright.height; ++y)
        for (int x = 0; x < bright.width; ++x) {
            const bool framed = x < frame.left || y < frame.top ||
                                x >= bright.width - frame.right ||
                                y >= bright.height - frame.bottom;
            if (breast.at(x, y) || !(framed || bright.at(x, y))) continue;
            const Span across = span_of(x, survey.scale_x, pixels.width());
            const Span down = span_of(y, survey.scale_y, pixels.height());
            for (int row = down.from; row < down.to; ++row)
                pixels.fill(across.from, across.to, row, background);
            changed[static_cast<std::size_t>(y)] = 1;
        }
    renew_rows(*working.survey, pixels, std::move(changed));
    return {};
}

Outcome segment_breast(Working& working, const exam::InputContract&) {
    const Mask& breast = surveyed(working).breast;
    if (is_empty(breast)) return no_breast();
    const double height = rows_of(breast) * working.survey->scale_y * working.facts.row_spacing_mm;
    if (working.header != nullptr && height < kLeastBreastMm)
        return Refusal{RefusalReason::kNoPixelSpacing,
                       "The breast would be " + std::to_string(std::lround(height)) + " mm high.",
                       "Imager Pixel Spacing (0018,1164)",
                       "Correct the size of a pixel in the header.",
                       {},
                       {}};
    working.breast = smoothed(breast);
    return {};
}

Outcome crop_to_breast(Working& working, const exam::InputContract&) {
    Pixels& pixels = working.pixels;
    exam::Raster<float>& breast = working.breast;
    int left = breast.width, top = breast.height, right = 0, bottom = 0;
    for (int y = 0; y < breast.height; ++y)
        for (int x = 0; x < breast.width; ++x)
            if (breast.at(x, y) >= 0.5F) {
                left = std::min(left, x);
                top = std::min(top, y);
                right = std::max(right, x + 1);
                bottom = std::max(bottom, y + 1);
            }
    if (right <= left) return no_breast();
    const double scale_x = double(pixels.width()) / breast.width;
    const double scale_y = double(pixels.height()) / breast.height;
    const int x0 = span_of(left, scale_x, pixels.width()).from;
    const int x1 = span_of(right - 1, scale_x, pixels.width()).to;
    const int y0 = span_of(top, scale_y, pixels.height()).from;
    const int y1 = span_of(bottom - 1, scale_y, pixels.height()).to;
    pixels.cut(x0, y0, x1 - x0, y1 - y0);
    breast = cut(breast, left, top, right - left, bottom - top);
    working.survey.reset();
    working.placement = exam::Placement{1, 1, double(x0), double(y0)}.then(working.placement);
    return {};
}

Outcome resample(Working& working, const exam::InputContract& contract) {
    PictureFacts& facts = working.facts;
    Pixels& pixels = working.pixels;
    const double scale_x = contract.spacing_mm / facts.column_spacing_mm;
    const double scale_y = contract.spacing_mm / facts.row_spacing_mm;
    const int width = std::max(1, static_cast<int>(std::lround(pixels.width() / scale_x)));
    const int height = std::max(1, static_cast<int>(std::lround(pixels.height() / scale_y)));
    const auto padded = [&](int size) {
        return (size + contract.multiple_of - 1) / contract.multiple_of * contract.multiple_of;
    };
    if ((contract.max_width > 0 && padded(width) > contract.max_width) ||
        (contract.max_height > 0 && padded(height) > contract.max_height))
        return Refusal{RefusalReason::kBadPixelDescription,
                       "The breast measures " + std::to_string(padded(width)) + " x " +
                           std::to_string(padded(height)) +
                           " pixels at the model's spacing; the model takes at most " +
                           std::to_string(contract.max_width) + " x " +
                           std::to_string(contract.max_height) + ".",
                       "Imager Pixel Spacing (0018,1164)",
                       "Check the pixel spacing in the header.",
                       {},
                       {}};
    const auto framed = [&](const exam::Raster<float>& inner) {
        exam::Raster<float> outer(padded(width), padded(height));
        for (int y = 0; y < height; ++y) std::copy_n(&inner.at(0, y), width, &outer.at(0, y));
        return outer;
    };
    if (!working.breast.pixels.empty()) {
        const double across = double(working.breast.width) / pixels.width();
        const double down = double(working.breast.height) / pixels.height();
        working.breast =
            framed(resampled(working.breast, width, height, scale_x * across, scale_y * down));
    }
    pixels = Pixels(framed(resampled(pixels, width, height, scale_x, scale_y)));
    working.survey.reset();
    facts.row_spacing_mm = facts.column_spacing_mm = contract.spacing_mm;
    working.placement = exam::Placement{scale_x, scale_y, 0, 0}.then(working.placement);
    return {};
}

Outcome normalise(Working& working, const exam::InputContract&) {
    exam::Raster<float>& pixels = working.pixels.raster();
    const exam::Raster<float>& breast = working.breast;
    const auto inside = [&](std::size_t i) { return breast.pixels[i] >= 0.5F; };
    if (breast.pixels.size() != pixels.pixels.size())
        throw Error(ErrorCode::kInvalidInput,
                    "normalise has to follow segment_breast and resample in the contract");
    std::vector<float> values;
    for (std::size_t i = 0; i < pixels.pixels.size(); ++i)
        if (inside(i)) values.push_back(pixels.pixels[i]);
    if (values.empty()) return no_breast();
    const auto percentile = [&](double part) {
        const auto nth = values.begin() +
                         static_cast<std::ptrdiff_t>(part * static_cast<double>(values.size() - 1));
        std::nth_element(values.begin(), nth, values.end());
        return *nth;
    };
    working.survey.reset();
    const float low = percentile(0.005);
    const float high = percentile(0.995);
    if (!(high > low)) return no_breast();
    const auto saturated = std::count_if(
        values.begin(), values.end(), [&](float value) { return value <= low || value >= high; });
    if (working.header != nullptr &&
        static_cast<double>(saturated) > kMostSaturated * static_cast<double>(values.size()))
        return Refusal{RefusalReason::kBadPixelDescription,
                       "The window makes most of the breast one black or one white.",
                       "Window Center (0028,1050)",
                       "Correct the window, or the bits stored, and send the image again.",
                       {},
                       {}};
    for (std::size_t i = 0; i < pixels.pixels.size(); ++i)
        pixels.pixels[i] =
            inside(i) ? std::clamp((pixels.pixels[i] - low) / (high - low), 0.0F, 1.0F) : 0.0F;
    return {};
}

}  // namespace lucerna::prepare
