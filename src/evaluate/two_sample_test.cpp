#include "evaluate/two_sample.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numeric>

#include "base/error.h"
#include "base/random.h"
#include "evaluate/reader_data.h"
#include "support/shared_data.h"

namespace lucerna::evaluate {
namespace {

std::vector<ScoredCase> random_cases(std::uint64_t seed, int count) {
    Random random(seed);
    std::vector<ScoredCase> cases;
    for (int i = 0; i < count; ++i) {
        const bool positive = i % 3 == 0;
        // Rounded, so that there are ties.
        cases.push_back({std::round(4 * (random.normal() + (positive ? 1 : 0))), positive});
    }
    return cases;
}

TEST(TwoSample, AgreesWithTheRocFunctions) {
    const auto cases = random_cases(1, 90);
    const TwoSample figure = two_sample(cases);
    EXPECT_NEAR(figure.value, roc_auc(cases), 1e-12);
    const Estimate estimate = delong_auc(cases);
    const double error = std::sqrt(delong_covariance(figure, figure));
    EXPECT_NEAR(estimate.interval.high - estimate.interval.low, 2 * kNormal975 * error, 1e-12);
}

TEST(TwoSample, WeighsTheLesionsOfACase) {
    // One lesion above both normals, one never marked: 1/2 * 1 + 1/2 * (half of one tie of two).
    const std::vector<DiseasedRating> diseased{{0, 3, 0.5}, {0, kNever, 0.5}};
    const std::vector<double> normal{2, kNever};
    const TwoSample figure = two_sample(1, diseased, normal);
    EXPECT_DOUBLE_EQ(figure.value, 0.5 + 0.5 * 0.25);
    EXPECT_DOUBLE_EQ(figure.of_normal[0], 0.5);
    EXPECT_DOUBLE_EQ(figure.of_normal[1], 0.5 + 0.5 * 0.5);
}

TEST(Pseudovalues, AreThoseOfLeavingOneOut) {
    const auto cases = random_cases(2, 30);
    const auto values = pseudovalues(two_sample(cases));
    std::size_t at = 0;
    for (const bool positive : {true, false})
        for (std::size_t left_out = 0; left_out < cases.size(); ++left_out) {
            if (cases[left_out].positive != positive) continue;
            std::vector<ScoredCase> others = cases;
            others.erase(others.begin() + static_cast<std::ptrdiff_t>(left_out));
            EXPECT_NEAR(values[at++], 30 * roc_auc(cases) - 29 * roc_auc(others), 1e-10);
        }
    EXPECT_NEAR(std::accumulate(values.begin(), values.end(), 0.0) / 30, roc_auc(cases), 1e-12);
}

TEST(PairedDelong, FindsNoDifferenceBetweenAMarkerAndItself) {
    const auto cases = random_cases(3, 60);
    const PairedComparison same = paired_delong(cases, cases);
    EXPECT_EQ(same.difference.value, 0);
    EXPECT_EQ(same.p, 1);
}

TEST(PairedDelong, AddsVariancesOfMarkersThatShareNothing) {
    // By hand: the marker of two_sample by rank 1..4 against a constant one, which has no variance.
    const std::vector<ScoredCase> ranked{{3, true}, {2, true}, {1, false}, {2, false}};
    std::vector<ScoredCase> constant = ranked;
    for (ScoredCase& one : constant) one.score = 7;
    const PairedComparison result = paired_delong(ranked, constant);
    EXPECT_NEAR(result.difference.value, 0.875 - 0.5, 1e-12);
    EXPECT_NEAR(result.standard_error, std::sqrt(1.0 / 32), 1e-12);
    EXPECT_NEAR(result.p, std::erfc(0.375 * std::sqrt(32.0) / std::sqrt(2.0)), 1e-9);
}

TEST(PairedDelong, RefusesOtherCases) {
    EXPECT_THROW((void)paired_delong(random_cases(1, 9), random_cases(1, 10)), Error);
}

// Published by the R package pROC (Robin et al. 2011) in its documentation of these data.
TEST(PairedDelong, ReproducesPublishedValues) {
    LUCERNA_NEEDS_SHARED_DATA("reader-studies");
    const auto rows = test::csv_rows(lucerna::test::shared_data() / "reader-studies/asah.csv");
    std::vector<ScoredCase> wfns;
    std::vector<ScoredCase> s100b;
    for (const auto& row : rows) {
        wfns.push_back({std::stod(row.at("wfns")), row.at("outcome") == "Poor"});
        s100b.push_back({std::stod(row.at("s100b")), row.at("outcome") == "Poor"});
    }
    const PairedComparison result = paired_delong(s100b, wfns);
    EXPECT_NEAR(result.first.value, 0.7313686, 5e-8);
    EXPECT_NEAR(result.second.value, 0.8236789, 5e-8);
    EXPECT_NEAR(result.p, 0.02717578, 5e-9);
}

}  // namespace
}  // namespace lucerna::evaluate
