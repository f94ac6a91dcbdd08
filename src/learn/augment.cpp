#include "learn/augment.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace lucerna::learn {
namespace {

/// source = linear * (target - middle) + centre.
struct Warp {
    double xx = 1, xy = 0, yx = 0, yy = 1;
    exam::Point middle;
    exam::Point centre;

    [[nodiscard]] exam::Point to_source(double x, double y) const {
        const double dx = x - middle.x;
        const double dy = y - middle.y;
        return {centre.x + xx * dx + xy * dy, centre.y + yx * dx + yy * dy};
    }
    [[nodiscard]] exam::Point to_target(exam::Point source) const {
        const double dx = source.x - centre.x;
        const double dy = source.y - centre.y;
        const double determinant = xx * yy - xy * yx;
        return {middle.x + (yy * dx - xy * dy) / determinant,
                middle.y + (xx * dy - yx * dx) / determinant};
    }
};

Warp choose_warp(const TrainingImage& image, const Augmentation& how, Random& random) {
    const double scale = std::exp(random.uniform(std::log(how.min_scale), std::log(how.max_scale)));
    const double aspect = std::exp(random.uniform(-how.aspect, how.aspect) / 2);
    const double angle =
        random.uniform(-how.rotation_degrees, how.rotation_degrees) * std::numbers::pi / 180;
    const double flip = random.below(2) == 0 ? 1 : -1;
    Warp warp;
    warp.middle = {how.width / 2.0, how.height / 2.0};
    warp.xx = std::cos(angle) / (scale * aspect);
    warp.xy = -std::sin(angle) * aspect * flip / scale;
    warp.yx = std::sin(angle) / (scale * aspect);
    warp.yy = std::cos(angle) * aspect * flip / scale;
    // Where the crop may lie: all over the picture, or so that one lesion is well inside.
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
    return warp;
}

/// Bilinear; black outside.
float value_at(const exam::Raster<std::uint8_t>& pixels, double x, double y) {
    x -= 0.5;
    y -= 0.5;
    const int left = static_cast<int>(std::floor(x));
    const int top = static_cast<int>(std::floor(y));
    if (left < -1 || top < -1 || left >= pixels.width || top >= pixels.height) return 0;
    const auto fx = static_cast<float>(x - left);
    const auto fy = static_cast<float>(y - top);
    const auto get = [&](int u, int v) {
        return pixels.contains(u, v) ? static_cast<float>(pixels.at(u, v)) : 0.0F;
    };
    const float upper = get(left, top) * (1 - fx) + get(left + 1, top) * fx;
    const float lower = get(left, top + 1) * (1 - fx) + get(left + 1, top + 1) * fx;
    return (upper * (1 - fy) + lower * fy) / 255;
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

void blur(exam::Raster<float>& raster) {
    const auto pass = [](std::vector<float>& values, std::size_t count, std::size_t step,
                         std::size_t lines, std::size_t line_step) {
        for (std::size_t line = 0; line < lines; ++line) {
            float* first = values.data() + line * line_step;
            float before = first[0];
            for (std::size_t i = 0; i < count; ++i) {
                const float here = first[i * step];
                const float after = i + 1 < count ? first[(i + 1) * step] : here;
                first[i * step] = 0.25F * before + 0.5F * here + 0.25F * after;
                before = here;
            }
        }
    };
    const auto width = static_cast<std::size_t>(raster.width);
    const auto height = static_cast<std::size_t>(raster.height);
    pass(raster.pixels, width, 1, height, width);
    pass(raster.pixels, height, width, width, 1);
}

/// Film to digital and back: contrast curve, gain, then noise; the background stays black.
void recolour(exam::Raster<float>& raster, const Augmentation& how, Random& random) {
    const double gamma = std::exp(random.uniform(-how.log_gamma, how.log_gamma));
    const double bend = random.uniform(-0.5, 0.5);
    const double gain = random.uniform(0.85, 1.1);
    const double lift = random.uniform(-0.04, 0.06);
    std::vector<float> curve(1025);
    for (std::size_t i = 0; i < curve.size(); ++i) {
        const double v = std::pow(static_cast<double>(i) / 1024, gamma);
        const double s = v + bend * v * (1 - v) * (2 * v - 1);
        curve[i] = static_cast<float>(std::clamp(gain * s + lift, 0.0, 1.0));
    }
    const bool noisy = random.below(2) == 0;
    const auto noise = static_cast<float>(random.uniform(0, how.noise));
    for (float& value : raster.pixels) {
        if (value <= 0) continue;
        value = curve[static_cast<std::size_t>(value * 1024)];
        if (!noisy) continue;
        // The sum of two uniform numbers is normal enough, and cheap.
        const auto bits = random.next();
        const float sum = static_cast<float>(bits & 0xffff) + static_cast<float>(bits >> 48);
        value = std::clamp(value + noise * (sum / 65535 - 1) * 2.45F, 0.0F, 1.0F);
    }
}

}  // namespace

Sample augment(const TrainingImage& image, const Augmentation& how, Random random) {
    const Warp warp = choose_warp(image, how, random);
    Sample sample;
    sample.malignant = image.record.malignant;
    sample.pixels = exam::Raster<float>(how.width, how.height);
    for (int y = 0; y < how.height; ++y)
        for (int x = 0; x < how.width; ++x) {
            const exam::Point source = warp.to_source(x + 0.5, y + 0.5);
            sample.pixels.at(x, y) = std::min(value_at(image.pixels, source.x, source.y), 1.0F);
        }
    const exam::Box frame{0, 0, static_cast<double>(how.width), static_cast<double>(how.height)};
    for (const Lesion& lesion : image.lesions) {
        const exam::Box box = box_through(lesion.box, warp);
        if (frame.contains(box.centre()))
            sample.lesions.push_back({box, lesion.pathology});
        else
            sample.label_holds = false;
    }
    if (random.below(5) == 0) blur(sample.pixels);
    recolour(sample.pixels, how, random);
    return sample;
}

}  // namespace lucerna::learn
