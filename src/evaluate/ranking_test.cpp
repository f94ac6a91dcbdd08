#include "evaluate/ranking.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.h"
#include "base/random.h"
#include "evaluate/froc.h"
#include "evaluate/two_sample.h"

namespace lucerna::evaluate {
namespace {

struct Drawn {
    std::vector<RankedItem> items;
    std::vector<ScoredCase> cases;
};

Drawn drawn_items(std::uint64_t seed, std::uint32_t count) {
    Random random(seed);
    Drawn drawn;
    for (std::uint32_t i = 0; i < count; ++i) {
        const bool positive = random.below(3) == 0;
        const double score = std::round(4 * (random.normal() + (positive ? 1 : 0))) / 4;
        drawn.items.push_back({score, positive, i, 1});
        drawn.cases.push_back({score, positive});
    }
    return drawn;
}

TEST(Ranking, AgreesWithTheRocFunctionsOnRepeatedCases) {
    const Drawn drawn = drawn_items(1, 80);
    Random random(2);
    std::vector<std::uint16_t> draws(80, 0);
    std::vector<ScoredCase> repeated;
    for (int i = 0; i < 80; ++i) ++draws[static_cast<std::size_t>(random.below(80))];
    for (std::size_t i = 0; i < 80; ++i) repeated.insert(repeated.end(), draws[i], drawn.cases[i]);
    const Ranking ranking(drawn.items);
    EXPECT_NEAR(ranking.auc(draws), roc_auc(repeated), 1e-12);
    double best_sensitivity = 0;
    double best_specificity = 0;
    for (const RocPoint& point : roc_curve(repeated)) {
        if (point.specificity >= 0.8 - 1e-12)
            best_sensitivity = std::max(best_sensitivity, point.sensitivity);
        if (point.sensitivity >= 0.8 - 1e-12)
            best_specificity = std::max(best_specificity, point.specificity);
    }
    EXPECT_NEAR(ranking.sensitivity_at(draws, 0.8), best_sensitivity, 1e-12);
    EXPECT_NEAR(ranking.specificity_at(draws, 0.8), best_specificity, 1e-12);
}

TEST(Ranking, CountsFromAThreshold) {
    const Ranking ranking({{0.9, true, 0}, {0.5, true, 1}, {0.5, false, 2}, {0.1, false, 3}});
    const auto once = every_cluster_once(4);
    EXPECT_DOUBLE_EQ(ranking.sensitivity_from(once, 0.6), 0.5);
    EXPECT_DOUBLE_EQ(ranking.sensitivity_from(once, 0.5), 1);
    EXPECT_DOUBLE_EQ(ranking.specificity_from(once, 0.5), 0.5);
    EXPECT_DOUBLE_EQ(ranking.specificity_from(once, 2), 1);
}

TEST(Ranking, AveragesPrecisionByHand) {
    // Hit, miss, hit: 1/2 * 1 + 1/2 * 2/3.
    const Ranking ranking({{3, true, 0}, {2, false, 1}, {1, true, 2}});
    EXPECT_DOUBLE_EQ(ranking.average_precision(every_cluster_once(3)), 0.5 + 1.0 / 3);
    // A score that says nothing: the share of positives.
    const Ranking flat({{1, true, 0}, {1, false, 1}, {1, false, 2}, {1, false, 3}});
    EXPECT_DOUBLE_EQ(flat.average_precision(every_cluster_once(4)), 0.25);
}

TEST(Ranking, IsUndefinedOnOneClass) {
    const Ranking ranking({{3, true, 0}, {2, false, 1}});
    const std::vector<std::uint16_t> only_positive{2, 0};
    EXPECT_TRUE(std::isnan(ranking.auc(only_positive)));
    EXPECT_TRUE(std::isnan(ranking.sensitivity_at(only_positive, 0.9)));
    EXPECT_TRUE(std::isnan(ranking.specificity_from(only_positive, 1)));
    EXPECT_TRUE(std::isnan(Ranking().auc(only_positive)));
}

TEST(Ranking, RefusesWhatIsNotANumber) {
    EXPECT_THROW(Ranking({{std::numeric_limits<double>::quiet_NaN(), true, 0}}), Error);
}

TEST(Wafroc, AgreesWithTheTwoSampleFigure) {
    // Two lesions, one found at 3; normals with a false mark at 2 and with none; one lesion at 1.
    const std::vector<MatchedImage> images{
        {{3}, {5}, 2}, {{}, {2, 1}, 0}, {{}, {}, 0}, {{1}, {}, 1}};
    const std::vector<std::uint32_t> clusters{0, 1, 2, 3};
    const Ranking ranking(wafroc_items(images, clusters, {}, FalseMarks::kOfNormals));
    EXPECT_DOUBLE_EQ(ranking.auc(every_cluster_once(4)), 0.5625);
    // With the false marks of all images: 5 and none of the diseased ones join 2 and none.
    // Lesion at 3 beats 2, none, none: 3/4; never: two halves of four; lesion at 1 beats two.
    const Ranking all(wafroc_items(images, clusters, {}, FalseMarks::kOfAll));
    EXPECT_DOUBLE_EQ(all.auc(every_cluster_once(4)), (0.5 * 0.75 + 0.5 * 0.25 + 2.0 / 4) / 2);
    const Ranking without(
        wafroc_items(images, clusters, {true, true, true, false}, FalseMarks::kOfNormals));
    EXPECT_DOUBLE_EQ(without.auc(every_cluster_once(4)), 0.5 + 0.5 * 0.25);
}

TEST(Wafroc, CurveEndsInTheCorner) {
    const std::vector<MatchedImage> images{{{3}, {}, 2}, {{}, {2}, 0}};
    const Ranking ranking(
        wafroc_items(images, std::vector<std::uint32_t>{0, 1}, {}, FalseMarks::kOfNormals));
    const auto curve = ranking.curve(every_cluster_once(2));
    ASSERT_EQ(curve.size(), 3U);
    EXPECT_DOUBLE_EQ(curve[0].positive_share, 0.5);
    EXPECT_DOUBLE_EQ(curve[0].negative_share, 0);
    EXPECT_DOUBLE_EQ(curve[2].positive_share, 1);
    EXPECT_DOUBLE_EQ(curve[2].negative_share, 1);
}

TEST(FrocRanking, AgreesWithTheSensitivitiesOfDrawnImages) {
    Random random(8);
    std::vector<MatchedImage> images;
    std::vector<std::uint32_t> clusters;
    for (std::uint32_t i = 0; i < 60; ++i) {
        MatchedImage image;
        image.targets = static_cast<std::size_t>(random.below(3));
        for (std::size_t k = 0; k < image.targets; ++k)
            if (random.below(4) > 0) image.found.push_back(std::round(20 * random.uniform()));
        for (std::uint64_t k = random.below(4); k > 0; --k)
            image.falses.push_back(std::round(15 * random.uniform()));
        images.push_back(image);
        clusters.push_back(i / 2);
    }
    std::vector<std::uint16_t> draws(30, 0);
    for (int i = 0; i < 30; ++i) ++draws[static_cast<std::size_t>(random.below(30))];
    std::vector<std::size_t> indices;
    for (std::size_t i = 0; i < images.size(); ++i)
        indices.insert(indices.end(), draws[clusters[i]], i);
    const std::vector<double> rates{0.125, 0.25, 0.5, 1, 2, 4};
    const auto expected = froc_sensitivities(images, indices, rates);
    const FrocRanking ranking(images, clusters, 30);
    for (std::size_t i = 0; i < rates.size(); ++i)
        EXPECT_NEAR(ranking.sensitivity_at(draws, rates[i]), expected[i], 1e-12) << rates[i];
    EXPECT_TRUE(std::isnan(FrocRanking({}, {}, 1).sensitivity_at(every_cluster_once(1), 1)));
}

}  // namespace
}  // namespace lucerna::evaluate
