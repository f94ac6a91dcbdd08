#include "evaluate/bootstrap.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"
#include "base/random.h"

namespace lucerna::evaluate {
namespace {

Statistic mean_of(const std::vector<double>& values) {
    return [&values](std::span<const std::size_t> indices) -> std::optional<double> {
        double sum = 0;
        for (const std::size_t i : indices) sum += values[i];
        return sum / static_cast<double>(indices.size());
    };
}

TEST(ClustersOf, KeepsFirstAppearance) {
    const std::vector<std::string> names{"b", "a", "b"};
    const auto clusters = clusters_of(names);
    ASSERT_EQ(clusters.size(), 2U);
    EXPECT_EQ(clusters[0], (std::vector<std::size_t>{0, 2}));
    EXPECT_EQ(clusters[1], (std::vector<std::size_t>{1}));
}

TEST(ClusterBootstrap, ApproachesTheNormalIntervalOfAMean) {
    Random random(5);
    std::vector<double> values;
    std::vector<std::string> names;
    for (int i = 0; i < 400; ++i) {
        values.push_back(random.normal());
        names.push_back(std::to_string(i));
    }
    const Interval interval = cluster_bootstrap(clusters_of(names), mean_of(values), 2000, 1);
    EXPECT_NEAR(interval.high - interval.low, 2 * 1.96 / std::sqrt(400.0), 0.02);
}

TEST(ClusterBootstrap, IsWiderWhenClustersRepeatOneValue) {
    // Ten copies of each value carry no more information than one.
    Random random(6);
    std::vector<double> values;
    std::vector<std::string> patients;
    std::vector<std::string> singles;
    for (int patient = 0; patient < 40; ++patient) {
        const double value = random.normal();
        for (int copy = 0; copy < 10; ++copy) {
            values.push_back(value);
            patients.push_back(std::to_string(patient));
            singles.push_back(std::to_string(values.size()));
        }
    }
    const auto width = [&](const std::vector<std::string>& names) {
        const Interval one = cluster_bootstrap(clusters_of(names), mean_of(values), 1000, 1);
        return one.high - one.low;
    };
    EXPECT_NEAR(width(patients) / width(singles), std::sqrt(10.0), 0.5);
}

TEST(ClusterBootstrap, RepeatsWithTheSeed) {
    const std::vector<double> values{1, 2, 3, 4, 5};
    const auto clusters = clusters_of(std::vector<std::string>{"a", "b", "c", "d", "e"});
    const Interval first = cluster_bootstrap(clusters, mean_of(values), 50, 9);
    const Interval second = cluster_bootstrap(clusters, mean_of(values), 50, 9);
    const Interval other = cluster_bootstrap(clusters, mean_of(values), 50, 10);
    EXPECT_EQ(first.low, second.low);
    EXPECT_EQ(first.high, second.high);
    EXPECT_FALSE(first.low == other.low && first.high == other.high);
}

TEST(ClusterBootstrap, RefusesAFigureThatResamplesRarelyDefine) {
    const auto clusters = clusters_of(std::vector<std::string>{"a", "b"});
    const Statistic never = [](std::span<const std::size_t>) { return std::optional<double>(); };
    EXPECT_THROW((void)cluster_bootstrap(clusters, never, 10, 1), Error);
}

}  // namespace
}  // namespace lucerna::evaluate
