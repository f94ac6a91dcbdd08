#include "phantom/pictures.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numbers>
#include <vector>

#include "base/error.h"

namespace lucerna::phantom {
namespace {

PhantomOptions small(std::uint64_t seed, int findings) {
    PhantomOptions options;
    options.seed = seed;
    options.findings = findings;
    options.columns = 600;
    options.rows = 800;
    options.spacing_mm = 0.3;
    return options;
}

std::vector<DrawnView> drawn(const PhantomOptions& options) {
    std::vector<DrawnView> views;
    draw_views(options, [&](DrawnView view) { views.push_back(std::move(view)); });
    return views;
}

TEST(DrawViews, GivesTheFourStandardViews) {
    const auto views = drawn(small(1, 0));
    ASSERT_EQ(views.size(), 4U);
    const char* names[] = {"R-CC", "L-CC", "R-MLO", "L-MLO"};
    for (std::size_t i = 0; i < 4; ++i) {
        EXPECT_EQ(to_string(views[i].name), names[i]);
        EXPECT_EQ(views[i].pixels.width, 600);
        EXPECT_EQ(views[i].pixels.height, 800);
        const auto breast =
            std::count_if(views[i].pixels.pixels.begin(), views[i].pixels.pixels.end(),
                          [](auto v) { return v > 0; });
        EXPECT_GT(breast, 600 * 800 / 8) << names[i];
        EXPECT_LT(breast, 600 * 800 * 3 / 4) << names[i];
        EXPECT_LE(*std::max_element(views[i].pixels.pixels.begin(), views[i].pixels.pixels.end()),
                  4095);
    }
}

TEST(DrawViews, PutsTheChestWallWhereTheLateralitySays) {
    for (const DrawnView& view : drawn(small(2, 0))) {
        int left = 0, right = 0;
        for (int y = 0; y < view.pixels.height; ++y) {
            left += view.pixels.at(2, y) > 0;
            right += view.pixels.at(view.pixels.width - 3, y) > 0;
        }
        if (view.name.laterality == exam::Laterality::kRight)
            EXPECT_GT(right, 200 + left) << to_string(view.name);
        else
            EXPECT_GT(left, 200 + right) << to_string(view.name);
    }
}

TEST(DrawViews, ParenchymaFallsAsInMammograms) {
    // Burgess et al. found exponents around 3 in the plane; here the lines of one window, weighted
    // to hide its edges, through the gland of cranio-caudal views. A line has one less.
    PhantomOptions options = small(3, 0);
    options.columns = 900;
    options.rows = 1200;
    options.spacing_mm = 0.2;
    constexpr int kSize = 256;
    std::map<int, double> power;
    draw_views(options, [&](const DrawnView& view) {
        if (view.name.position != exam::ViewPosition::kCc) return;
        const bool right = view.name.laterality == exam::Laterality::kRight;
        const int middle = static_cast<int>(view.breast.nipple.x * 0.5 / 0.2);
        const int left = (right ? 900 - middle : middle) - kSize / 2;
        const int top = static_cast<int>(view.breast.nipple.y / 0.2) - kSize / 2;
        for (const int cycles : {4, 6, 8, 12, 16})
            for (int y = 0; y < kSize; ++y) {
                double real = 0, imaginary = 0, mean = 0;
                for (int x = 0; x < kSize; ++x) mean += view.pixels.at(left + x, top + y);
                mean /= kSize;
                for (int x = 0; x < kSize; ++x) {
                    const double turn = 2 * std::numbers::pi * x / kSize;
                    const double value =
                        (view.pixels.at(left + x, top + y) - mean) * (0.5 - 0.5 * std::cos(turn));
                    real += value * std::cos(cycles * turn);
                    imaginary += value * std::sin(cycles * turn);
                }
                power[cycles] += real * real + imaginary * imaginary;
            }
    });
    const double slope = std::log(power[16] / power[4]) / std::log(4.0);
    EXPECT_NEAR(1 - slope, 3.0, 0.6);
}

TEST(DrawViews, TruthBoxesAreWhereTheContrastIs) {
    int lesions = 0;
    for (const std::uint64_t seed : {4, 5}) {
        // Everything else is drawn from other streams: the difference is the lesions alone.
        const auto with = drawn(small(seed, 3)), without = drawn(small(seed, 0));
        for (std::size_t i = 0; i < 4; ++i) {
            lesions += static_cast<int>(with[i].truth.size());
            const auto difference = [&](int x, int y) {
                return with[i].pixels.at(x, y) - without[i].pixels.at(x, y);
            };
            for (const Truth& truth : with[i].truth) {
                double inside = 0, around = 0;
                int inside_count = 0, around_count = 0;
                for (int y = 0; y < 800; ++y)
                    for (int x = 0; x < 600; ++x) {
                        const exam::Point at{x + 0.5, y + 0.5};
                        exam::Box wide = truth.box;
                        wide.left -= 8;
                        wide.top -= 8;
                        wide.width += 16;
                        wide.height += 16;
                        if (truth.box.contains(at)) {
                            inside += difference(x, y);
                            ++inside_count;
                        } else if (wide.contains(at)) {
                            around += difference(x, y);
                            ++around_count;
                        }
                    }
                ASSERT_GT(inside_count, 0);
                EXPECT_GT(inside / inside_count, 8) << to_string(truth.view);
                EXPECT_GT(inside / inside_count, 4 * around / around_count)
                    << to_string(truth.view);
            }
            if (with[i].truth.empty()) {
                EXPECT_EQ(with[i].pixels.pixels, without[i].pixels.pixels);
            }
        }
    }
    EXPECT_GE(lesions, 8);
}

TEST(DrawViews, ShowsEachLesionInBothViewsAtTheSameDepth) {
    std::map<int, std::vector<Truth>> lesions;
    std::map<int, std::vector<double>> depths;
    for (const DrawnView& view : drawn(small(7, 3)))
        for (const Truth& truth : view.truth) {
            lesions[truth.lesion].push_back(truth);
            const double middle = truth.box.centre().x * 0.3;
            const bool right = view.name.laterality == exam::Laterality::kRight;
            depths[truth.lesion].push_back(view.breast.nipple.x - (right ? 180 - middle : middle));
        }
    ASSERT_FALSE(lesions.empty());
    for (const auto& [number, seen] : lesions) {
        ASSERT_EQ(seen.size(), 2U) << number;
        EXPECT_EQ(seen[0].view.laterality, seen[1].view.laterality);
        EXPECT_EQ(seen[0].kind, seen[1].kind);
        EXPECT_EQ(seen[0].depth_mm, seen[1].depth_mm);
        // Boxes of uneven lesions are not quite in their middle.
        EXPECT_NEAR(depths[number][0], seen[0].depth_mm, 0.5 * seen[0].diameter_mm);
        EXPECT_NEAR(depths[number][1], seen[0].depth_mm, 0.5 * seen[0].diameter_mm);
    }
}

TEST(DrawViews, RefusesWhatNoDetectorIs) {
    const auto refused = [](auto change) {
        PhantomOptions options = small(1, 1);
        change(options);
        try {
            draw_views(options, [](const DrawnView&) {});
        } catch (const Error& error) {
            return error.code() == ErrorCode::kInvalidInput;
        }
        return false;
    };
    EXPECT_TRUE(refused([](PhantomOptions& o) { o.findings = 7; }));
    EXPECT_TRUE(refused([](PhantomOptions& o) { o.findings = -1; }));
    EXPECT_TRUE(refused([](PhantomOptions& o) { o.columns = 100; }));
    EXPECT_TRUE(refused([](PhantomOptions& o) { o.rows = 100000; }));
    EXPECT_TRUE(refused([](PhantomOptions& o) { o.spacing_mm = 0; }));
    EXPECT_TRUE(refused([](PhantomOptions& o) { o.spacing_mm = -0.3; }));
    EXPECT_TRUE(refused([](PhantomOptions& o) { o.spacing_mm = std::nan(""); }));
}

}  // namespace
}  // namespace lucerna::phantom
