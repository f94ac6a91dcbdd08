#include "evaluate/roc.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <limits>
#include <sstream>
#include <string>

#include "base/error.h"
#include "support/shared_data.h"

namespace lucerna::evaluate {
namespace {

TEST(RocAuc, IsOneWhenEveryPositiveIsAbove) {
    const std::vector<ScoredCase> cases{{0.9, true}, {0.8, true}, {0.1, false}, {0.2, false}};
    EXPECT_DOUBLE_EQ(roc_auc(cases), 1.0);
    EXPECT_DOUBLE_EQ(delong_auc(cases).interval.low, 1.0);
}

TEST(RocAuc, CountsTiesOneHalf) {
    const std::vector<ScoredCase> cases{{0.5, true}, {0.5, false}};
    EXPECT_DOUBLE_EQ(roc_auc(cases), 0.5);
}

TEST(RocAuc, CountsPairsByHand) {
    // Pairs won: 3 over {1, 2}; 2 over {1} and a tie with {2}: 3.5 of 4.
    const std::vector<ScoredCase> cases{{3, true}, {2, true}, {1, false}, {2, false}};
    EXPECT_DOUBLE_EQ(roc_auc(cases), 3.5 / 4);
}

TEST(RocAuc, RefusesOneClassAndNaN) {
    EXPECT_THROW((void)roc_auc(std::vector<ScoredCase>{{0.5, true}}), Error);
    EXPECT_THROW((void)roc_auc(std::vector<ScoredCase>{
                     {std::numeric_limits<double>::quiet_NaN(), true}, {0.5, false}}),
                 Error);
}

TEST(DelongAuc, MatchesTheVarianceByHand) {
    // Positives 3, 2 have placements 1, 3/4 (variance 1/32); negatives 1, 2 have 0, 1/4 above
    // them taken the other way (variance 1/32): standard error sqrt(1/64 + 1/64).
    const std::vector<ScoredCase> cases{{3, true}, {2, true}, {1, false}, {2, false}};
    const Estimate estimate = delong_auc(cases);
    EXPECT_NEAR(estimate.interval.low, 0.875 - 1.959963985 * std::sqrt(1.0 / 32), 1e-9);
    EXPECT_DOUBLE_EQ(estimate.interval.high, 1.0);
}

TEST(RocCurve, HasOnePointPerDistinctScore) {
    const std::vector<ScoredCase> cases{{3, true}, {2, true}, {1, false}, {2, false}};
    const auto curve = roc_curve(cases);
    ASSERT_EQ(curve.size(), 3U);
    EXPECT_DOUBLE_EQ(curve[1].threshold, 2);
    EXPECT_DOUBLE_EQ(curve[1].sensitivity, 1);
    EXPECT_DOUBLE_EQ(curve[1].specificity, 0.5);
    EXPECT_DOUBLE_EQ(curve[2].specificity, 0);
}

/// One column of the aneurysmal subarachnoid haemorrhage data (Turck et al. 2010).
std::vector<ScoredCase> asah(int column) {
    std::ifstream file(test::shared_data() / "reader-studies/asah.csv");
    std::string line;
    std::getline(file, line);
    std::vector<ScoredCase> cases;
    while (std::getline(file, line)) {
        std::erase(line, '"');
        std::istringstream fields(line);
        std::vector<std::string> row;
        for (std::string field; std::getline(fields, field, ',');) row.push_back(field);
        cases.push_back({std::stod(row[static_cast<std::size_t>(column)]), row[1] == "Poor"});
    }
    return cases;
}

// Published by the R package pROC (Robin et al. 2011) in its documentation of these data.
TEST(DelongAuc, ReproducesPublishedValues) {
    LUCERNA_NEEDS_SHARED_DATA("reader-studies");
    const Estimate s100b = delong_auc(asah(5));
    EXPECT_NEAR(s100b.value, 0.7313686, 5e-8);
    EXPECT_NEAR(s100b.interval.low, 0.6301182, 5e-8);
    EXPECT_NEAR(s100b.interval.high, 0.8326189, 5e-8);
    EXPECT_NEAR(roc_auc(asah(4)), 0.8236789, 5e-8);
}

}  // namespace
}  // namespace lucerna::evaluate
