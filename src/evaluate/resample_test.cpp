#include "evaluate/resample.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numeric>

#include "base/random.h"
#include "evaluate/figures.h"

namespace lucerna::evaluate {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

DrawnFigure mean_of(std::vector<double> values) {
    return [values = std::move(values)](Draws draws) {
        double sum = 0;
        double count = 0;
        for (std::size_t i = 0; i < values.size(); ++i) {
            sum += draws[i] * values[i];
            count += draws[i];
        }
        return sum / count;
    };
}

TEST(NumberClusters, CountsInOrderOfAppearance) {
    const Clusters clusters = number_clusters(std::vector<std::string>{"b", "a", "b"});
    EXPECT_EQ(clusters.count, 2U);
    EXPECT_EQ(clusters.of_case, (std::vector<std::uint32_t>{0, 1, 0}));
}

TEST(Resample, DrawsAsManyClustersAsThereAre) {
    const DrawnFigure drawn = [](Draws draws) {
        return static_cast<double>(std::accumulate(draws.begin(), draws.end(), 0U));
    };
    const std::vector<DrawnFigure> figures{drawn};
    for (const auto& row : resample(17, figures, {0, 20}, 3)) EXPECT_EQ(row[0], 17);
}

TEST(Resample, GivesARoundTheSameDrawHoweverRoundsAreSplit) {
    const std::vector<DrawnFigure> figures{mean_of({1, 2, 4, 8, 16})};
    const auto whole = resample(5, figures, {0, 10}, 4);
    const auto part = resample(5, figures, {7, 10}, 4);
    EXPECT_EQ(whole[7], part[0]);
    EXPECT_EQ(whole[9], part[2]);
    EXPECT_NE(whole[7], whole[8]);
    EXPECT_NE(resample(5, figures, {0, 10}, 5), whole);
}

TEST(Spread, ApproachesTheNormalErrorOfAMean) {
    Random random(5);
    std::vector<double> values;
    for (int i = 0; i < 400; ++i) values.push_back(random.normal());
    Figures figures(400);
    const std::size_t mean = figures.add(mean_of(values));
    figures.run(2000, 1);
    const auto estimate = figures.estimate(mean);
    ASSERT_TRUE(estimate && estimate->spread);
    EXPECT_NEAR(estimate->spread->standard_error, 1 / std::sqrt(400.0), 0.005);
    EXPECT_NEAR(estimate->spread->interval.high - estimate->spread->interval.low,
                2 * 1.96 / std::sqrt(400.0), 0.02);
}

TEST(Spread, IsUnknownWhenMostRoundsDoNotDefineTheFigure) {
    EXPECT_FALSE(spread_of({kNaN, kNaN, 1}));
    EXPECT_TRUE(spread_of({kNaN, 1, 1}));
}

TEST(Figures, TakeDifferencesWithinOneResample) {
    // Equal figures differ by nothing in every round, however widely each spreads.
    Figures figures(4);
    const std::size_t a = figures.add(mean_of({1, 5, 9, 20}));
    const std::size_t b = figures.add(mean_of({0, 4, 8, 19}));
    const std::size_t gap = figures.add_difference(a, b);
    figures.run(200, 1);
    const auto estimate = figures.estimate(gap);
    EXPECT_NEAR(estimate->value, 1, 1e-12);
    EXPECT_NEAR(estimate->spread->standard_error, 0, 1e-12);
}

TEST(Figures, AreEmptyWhereTheDataDoNotDefineThem) {
    Figures figures(2);
    const std::size_t none = figures.add([](Draws) { return kNaN; });
    figures.run(10, 1);
    EXPECT_FALSE(figures.estimate(none));
}

TEST(Figures, DoNotDependOnTheOrderOfTheParts) {
    const auto backwards = [](std::size_t parts, const std::function<void(std::size_t)>& part) {
        for (std::size_t i = parts; i > 0; --i) part(i - 1);
    };
    Figures forwards(3), reversed(3);
    (void)forwards.add(mean_of({1, 2, 4}));
    (void)reversed.add(mean_of({1, 2, 4}));
    forwards.run(130, 2);
    reversed.run(130, 2, backwards);
    EXPECT_EQ(forwards.estimate(0)->spread->interval.low,
              reversed.estimate(0)->spread->interval.low);
    EXPECT_EQ(forwards.estimate(0)->spread->standard_error,
              reversed.estimate(0)->spread->standard_error);
}

TEST(POfZero, ReadsTheNormal) {
    EXPECT_NEAR(p_of_zero(1.959963984540054, 1), 0.05, 1e-12);
    EXPECT_EQ(p_of_zero(0, 0), 1);
    EXPECT_EQ(p_of_zero(0.1, 0), 0);
}

}  // namespace
}  // namespace lucerna::evaluate
