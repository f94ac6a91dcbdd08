#include "learn/augment.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <string>

#include "base/error.h"

namespace lucerna::learn {
namespace {

struct Part {
    std::string_view name;
    void (*take_away)(Augmentation&);
};

constexpr std::array<Part, 10> kParts{{
    {"mirror", [](Augmentation& how) { how.mirror = false; }},
    {"crop", [](Augmentation& how) { how.crop = false; }},
    {"scale", [](Augmentation& how) { how.min_scale = how.max_scale = 1; }},
    {"aspect", [](Augmentation& how) { how.aspect = 0; }},
    {"rotation", [](Augmentation& how) { how.rotation_degrees = 0; }},
    {"contrast", [](Augmentation& how) { how.log_gamma = 0; }},
    {"noise", [](Augmentation& how) { how.noise = 0; }},
    {"blur", [](Augmentation& how) { how.blur = 0; }},
    {"elastic", [](Augmentation& how) { how.elastic = 0; }},
    {"cut-out", [](Augmentation& how) { how.cut_outs = 0; }},
}};

void choose_shifts(Warp& warp, double most, Random& random) {
    if (most <= 0) return;
    const double reach = random.uniform(0, most);
    for (int i = 0; i < 2 * Warp::kColumns * Warp::kRows; ++i)
        warp.shifts.push_back(static_cast<float>(random.uniform(-reach, reach)));
}

Warp choose_warp(const TrainingImage& image, const Augmentation& how, Random& random) {
    const double scale = std::exp(random.uniform(std::log(how.min_scale), std::log(how.max_scale)));
    const double aspect = std::exp(random.uniform(-how.aspect, how.aspect) / 2);
    const double angle =
        random.uniform(-how.rotation_degrees, how.rotation_degrees) * std::numbers::pi / 180;
    // Drawn in any case: without one part, the others' choices stay the same.
    const double flip = random.below(2) == 0 || !how.mirror ? 1 : -1;
    Warp warp;
    warp.width = how.width;
    warp.height = how.height;
    warp.middle = {how.width / 2.0, how.height / 2.0};
    warp.xx = std::cos(angle) / (scale * aspect);
    warp.xy = -std::sin(angle) * aspect * flip / scale;
    warp.yx = std::sin(angle) / (scale * aspect);
    warp.yy = std::cos(angle) * aspect * flip / scale;
    // Where the crop may lie: all over the picture, or so that one lesion is well inside; where it
    // is not moved, in the middle.
    const double span_x = how.width / (scale * aspect);
    const double span_y = how.height * aspect / scale;
    const auto place = [&](double extent, double span) {
        const double slack = std::max(extent - span, 0.0) / 2 + 24;
        return extent / 2 + random.uniform(-slack, slack);
    };
    warp.centre = {place(image.pixels.width, span_x), place(image.pixels.height, span_y)};
    if (!image.lesions.empty() && random.below(4) != 0) {
        const auto chosen = static_cast<std::size_t>(random.below(image.lesions.size()));
        const exam::Point target = image.lesions[chosen].box.centre();
        warp.centre.x = std::clamp(warp.centre.x, target.x - 0.4 * span_x, target.x + 0.4 * span_x);
        warp.centre.y = std::clamp(warp.centre.y, target.y - 0.4 * span_y, target.y + 0.4 * span_y);
    }
    if (!how.crop) warp.centre = {image.pixels.width / 2.0, image.pixels.height / 2.0};
    choose_shifts(warp, how.elastic, random);
    return warp;
}

Recolouring choose_recolouring(const Augmentation& how, Random& random) {
    Recolouring colour;
    if (how.log_gamma > 0) {
        colour.gamma = std::exp(random.uniform(-how.log_gamma, how.log_gamma));
        colour.bend = random.uniform(-0.5, 0.5);
        colour.gain = random.uniform(0.85, 1.1);
        colour.lift = random.uniform(-0.04, 0.06);
    }
    if (random.below(2) == 0) colour.noise = random.uniform(0, how.noise);
    colour.noise_x = static_cast<int>(random.below(kNoiseMargin));
    colour.noise_y = static_cast<int>(random.below(kNoiseMargin));
    return colour;
}

exam::Box box_through(const exam::Box& box, const Warp& warp) {
    // The box of the turned ellipse, not of the turned box: masses are round.
    const exam::Point centre = warp.to_target(box.centre());
    const exam::Point right = warp.to_target({box.right(), box.top + box.height / 2});
    const exam::Point bottom = warp.to_target({box.left + box.width / 2, box.bottom()});
    const double half_width = std::hypot(right.x - centre.x, bottom.x - centre.x);
    const double half_height = std::hypot(right.y - centre.y, bottom.y - centre.y);
    return {centre.x - half_width, centre.y - half_height, 2 * half_width, 2 * half_height};
}

/// Nowhere on a lesion: what is painted over would not be there to find.
void choose_cut_outs(Sample& sample, int most, Random& random) {
    constexpr double kLeast = 16;
    constexpr double kMost = 72;
    const auto count = most > 0 ? random.below(static_cast<std::uint64_t>(most) + 1) : 0;
    for (std::uint64_t i = 0; i < count; ++i) {
        CutOut cut;
        cut.width = std::min(static_cast<int>(random.uniform(kLeast, kMost)), sample.width);
        cut.height = std::min(static_cast<int>(random.uniform(kLeast, kMost)), sample.height);
        cut.left = static_cast<int>(random.uniform(0, sample.width - cut.width));
        cut.top = static_cast<int>(random.uniform(0, sample.height - cut.height));
        cut.grey = random.below(2) == 0 ? 0 : random.uniform(0.5, 1);
        const exam::Box box{static_cast<double>(cut.left), static_cast<double>(cut.top),
                            static_cast<double>(cut.width), static_cast<double>(cut.height)};
        const bool hides =
            std::any_of(sample.lesions.begin(), sample.lesions.end(),
                        [&](const Lesion& lesion) { return exam::overlap(lesion.box, box) > 0; });
        if (!hides) sample.cut_outs.push_back(cut);
    }
}

}  // namespace

std::vector<std::string_view> augmentation_parts() {
    std::vector<std::string_view> names;
    for (const Part& part : kParts) names.push_back(part.name);
    return names;
}

Augmentation without(Augmentation how, std::string_view part) {
    for (const Part& one : kParts)
        if (one.name == part) {
            one.take_away(how);
            return how;
        }
    throw Error(ErrorCode::kInvalidInput, "no part of the augmentation: " + std::string(part));
}

exam::Point Warp::shift_at(exam::Point target) const {
    if (shifts.empty()) return {0, 0};
    // Corners of the grid lie on the centres of the corner pixels.
    const auto along = [](double at, int extent, int count) {
        return std::clamp((at - 0.5) / (extent - 1), 0.0, 1.0) * (count - 1);
    };
    const double u = along(target.x, width, kColumns);
    const double v = along(target.y, height, kRows);
    const int left = std::min(static_cast<int>(u), kColumns - 2);
    const int top = std::min(static_cast<int>(v), kRows - 2);
    const auto blended = [&](int plane) {
        const auto get = [&](int x, int y) {
            return static_cast<double>(
                shifts[static_cast<std::size_t>((plane * kRows + y) * kColumns + x)]);
        };
        const double fx = u - left;
        const double fy = v - top;
        return (get(left, top) * (1 - fx) + get(left + 1, top) * fx) * (1 - fy) +
               (get(left, top + 1) * (1 - fx) + get(left + 1, top + 1) * fx) * fy;
    };
    return {blended(0), blended(1)};
}

exam::Point Warp::to_source(exam::Point target) const {
    const double dx = target.x - middle.x;
    const double dy = target.y - middle.y;
    const exam::Point shift = shift_at(target);
    return {centre.x + xx * dx + xy * dy + shift.x, centre.y + yx * dx + yy * dy + shift.y};
}

exam::Point Warp::to_target(exam::Point source) const {
    const auto back = [&](exam::Point shift) {
        const double dx = source.x - centre.x - shift.x;
        const double dy = source.y - centre.y - shift.y;
        const double determinant = xx * yy - xy * yx;
        return exam::Point{middle.x + (yy * dx - xy * dy) / determinant,
                           middle.y + (xx * dy - yx * dx) / determinant};
    };
    return back(shift_at(back({0, 0})));
}

double Sample::stored_grey(exam::Point target) const {
    const exam::Point source = warp.to_source(target);
    const int x = static_cast<int>(std::floor(source.x));
    const int y = static_cast<int>(std::floor(source.y));
    return image->pixels.contains(x, y) ? image->pixels.at(x, y) / 255.0 : 0;
}

Sample choose_sample(const TrainingImage& image, const Augmentation& how, Random random) {
    Sample sample;
    sample.image = &image;
    sample.width = how.width;
    sample.height = how.height;
    sample.malignant = image.record.malignant;
    sample.warp = choose_warp(image, how, random);
    const exam::Box frame{0, 0, static_cast<double>(how.width), static_cast<double>(how.height)};
    for (const Lesion& lesion : image.lesions) {
        const exam::Box box = box_through(lesion.box, sample.warp);
        if (frame.contains(box.centre()))
            sample.lesions.push_back({box, lesion.pathology});
        else
            sample.label_holds = false;
    }
    sample.blurred = random.uniform() < how.blur;
    sample.recolouring = choose_recolouring(how, random);
    choose_cut_outs(sample, how.cut_outs, random);
    sample.stream = random.next();
    return sample;
}

}  // namespace lucerna::learn
