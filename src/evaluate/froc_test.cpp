#include "evaluate/froc.h"

#include <gtest/gtest.h>

#include <array>

#include "base/error.h"

namespace lucerna::evaluate {
namespace {

constexpr exam::Box kTarget{10, 10, 20, 20};

TEST(MatchMarks, FindsATargetOnceAtItsHighestScore) {
    const MarkedImage image{{{{12, 12, 10, 10}, 0.4}, {{11, 11, 18, 18}, 0.9}}, {kTarget}, {}};
    const MatchedImage matched = match_marks(image, HitRule::kCentre);
    EXPECT_EQ(matched.found, std::vector<double>{0.9});
    EXPECT_TRUE(matched.falses.empty());
}

TEST(MatchMarks, TellsTheTwoRulesApart) {
    // A speck in the middle has its centre inside, but overlaps by 4/400.
    const MarkedImage speck{{{{19, 19, 2, 2}, 0.5}}, {kTarget}, {}};
    EXPECT_EQ(match_marks(speck, HitRule::kCentre).found.size(), 1U);
    EXPECT_EQ(match_marks(speck, HitRule::kOverlap).falses.size(), 1U);
    // A box shifted by half lies with its centre on the far edge: outside, yet overlaps by 1/3.
    const MarkedImage shifted{{{{20, 10, 20, 20}, 0.5}}, {kTarget}, {}};
    EXPECT_EQ(match_marks(shifted, HitRule::kCentre).falses.size(), 1U);
    EXPECT_EQ(match_marks(shifted, HitRule::kOverlap).found.size(), 1U);
}

TEST(MatchMarks, DropsMarksOnIgnoredLesions) {
    const MarkedImage image{{{kTarget, 0.5}, {{100, 100, 5, 5}, 0.3}}, {}, {kTarget}};
    const MatchedImage matched = match_marks(image, HitRule::kCentre);
    EXPECT_TRUE(matched.found.empty());
    EXPECT_EQ(matched.falses, std::vector<double>{0.3});
}

TEST(MatchMarks, GivesOneMarkToOneOfTwoTargets) {
    const MarkedImage image{{{kTarget, 0.5}}, {kTarget, kTarget}, {}};
    const MatchedImage matched = match_marks(image, HitRule::kCentre);
    EXPECT_EQ(matched.found.size(), 1U);
    EXPECT_EQ(matched.targets, 2U);
}

TEST(Froc, CountsByHand) {
    // Two images, three targets. In falling score: hit 0.9, false 0.8, hit 0.7, false 0.6.
    const std::vector<MatchedImage> images{{{0.9}, {0.8, 0.6}, 2}, {{0.7}, {}, 1}};
    const std::array<double, 4> rates{0, 0.25, 0.5, 1};
    const auto found = froc_sensitivities(images, rates);
    EXPECT_DOUBLE_EQ(found[0], 1.0 / 3);
    EXPECT_DOUBLE_EQ(found[1], 1.0 / 3);
    EXPECT_DOUBLE_EQ(found[2], 2.0 / 3);
    EXPECT_DOUBLE_EQ(found[3], 2.0 / 3);
    EXPECT_EQ(froc_curve(images).size(), 4U);
}

TEST(Froc, TakesEqualScoresTogether) {
    // A threshold cannot let the hit in and keep the false mark of the same score out.
    const std::vector<MatchedImage> images{{{0.5}, {0.5}, 1}};
    const std::array<double, 2> rates{0.5, 1};
    const auto found = froc_sensitivities(images, rates);
    EXPECT_DOUBLE_EQ(found[0], 0);
    EXPECT_DOUBLE_EQ(found[1], 1);
}

TEST(Froc, CountsResampledImagesAsOftenAsDrawn) {
    const std::vector<MatchedImage> images{{{0.9}, {}, 1}, {{}, {0.8}, 1}};
    const std::array<std::size_t, 3> indices{0, 0, 1};
    const std::array<double, 1> rates{0};
    EXPECT_DOUBLE_EQ(froc_sensitivities(images, indices, rates)[0], 2.0 / 3);
}

TEST(Froc, RefusesImagesWithoutLesions) {
    const std::vector<MatchedImage> images{{{}, {0.5}, 0}};
    EXPECT_THROW((void)froc_curve(images), Error);
}

}  // namespace
}  // namespace lucerna::evaluate
