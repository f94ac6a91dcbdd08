#include "evaluate/reader_study.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/error.h"
#include "base/random.h"
#include "evaluate/reader_data.h"
#include "support/shared_data.h"

namespace lucerna::evaluate {
namespace {

const StudyInference& to(const StudyAnalysis& analysis, Generalisation whom) {
    for (const StudyInference& one : analysis.inferences)
        if (one.generalises_to == whom) return one;
    throw std::runtime_error("no such inference");
}

/// Ratings whose case, reader and treatment effects are drawn; one lesion a diseased case.
ReaderStudy drawn_study(std::size_t treatments, std::size_t readers, std::size_t cases,
                        std::uint64_t seed) {
    Random random(seed);
    ReaderStudy study;
    for (std::size_t i = 0; i < treatments; ++i) study.treatments.push_back("t");
    for (std::size_t j = 0; j < readers; ++j) study.readers.push_back("r");
    std::vector<double> of_case;
    for (std::size_t k = 0; k < cases; ++k) {
        study.lesions_of_case.push_back(k % 2);
        of_case.push_back(random.normal() + (k % 2 == 1 ? 1.5 : 0.0));
    }
    study.ratings.assign(treatments, {readers, std::vector<CaseRating>(cases)});
    for (auto& of_treatment : study.ratings)
        for (auto& ratings : of_treatment)
            for (std::size_t k = 0; k < cases; ++k) {
                const double rating = std::round(2 * (of_case[k] + random.normal())) / 2;
                if (study.lesions_of_case[k] > 0)
                    ratings[k].lesions = {rating};
                else
                    ratings[k].highest_false = rating;
            }
    return study;
}

// Van Dyke et al. 1993, as analysed by R's MRMCaov: Obuchowski-Rockette, DeLong covariances.
TEST(ObuchowskiRockette, ReproducesPublishedValues) {
    LUCERNA_NEEDS_SHARED_DATA("reader-studies");
    const auto study = test::numbered_study(
        test::csv_rows(lucerna::test::shared_data() / "reader-studies/vandyke.csv"));
    const OrAnalysis analysis =
        obuchowski_rockette(study, FigureOfMerit::kRocAuc, Covariance::kDelong);
    const StudyTest& both = to(analysis, Generalisation::kReadersAndCases).test;
    EXPECT_NEAR(both.statistic, 4.4848543, 5e-8);
    EXPECT_NEAR(both.df2, 15.066108, 5e-7);
    EXPECT_NEAR(both.p, 0.051233, 5e-7);
}

// The same data by OR-DBM MRMC 2.51, jackknife covariances.
TEST(DorfmanBerbaumMetz, ReproducesPublishedValues) {
    LUCERNA_NEEDS_SHARED_DATA("reader-studies");
    const auto study = test::numbered_study(
        test::csv_rows(lucerna::test::shared_data() / "reader-studies/vandyke.csv"));
    const DbmAnalysis analysis = dorfman_berbaum_metz(study, FigureOfMerit::kRocAuc);
    const StudyInference& both = to(analysis, Generalisation::kReadersAndCases);
    EXPECT_NEAR(both.treatments[0].estimate.value, 0.89703704, 5e-9);
    EXPECT_NEAR(both.treatments[1].estimate.value, 0.94083736, 5e-9);
    EXPECT_NEAR(both.test.statistic, 4.46, 5e-3);
    EXPECT_NEAR(both.test.df2, 15.26, 5e-3);
    EXPECT_NEAR(both.test.p, 0.0517, 5e-5);
    EXPECT_NEAR(both.differences[0].estimate.interval.low, -0.08796, 5e-6);
    EXPECT_NEAR(both.differences[0].estimate.interval.high, 0.00036, 5e-6);
}

TEST(DorfmanBerbaumMetz, EqualsObuchowskiRocketteWithTheJackknife) {
    const ReaderStudy study = drawn_study(3, 4, 60, 5);
    const OrAnalysis by_or =
        obuchowski_rockette(study, FigureOfMerit::kRocAuc, Covariance::kJackknife);
    const DbmAnalysis by_dbm = dorfman_berbaum_metz(study, FigureOfMerit::kRocAuc);
    for (const auto whom : {Generalisation::kReadersAndCases, Generalisation::kReaders}) {
        const StudyInference& a = to(by_or, whom);
        const StudyInference& b = to(by_dbm, whom);
        EXPECT_NEAR(a.test.statistic, b.test.statistic, 1e-8);
        EXPECT_NEAR(a.test.df2 / b.test.df2, 1, 1e-8);
        EXPECT_NEAR(a.treatments[1].standard_error, b.treatments[1].standard_error, 1e-10);
        EXPECT_NEAR(a.treatments[1].df / b.treatments[1].df, 1, 1e-8);
        EXPECT_NEAR(a.differences[2].p, b.differences[2].p, 1e-8);
    }
}

TEST(ReaderStudies, FindNoDifferenceBetweenATreatmentAndItself) {
    ReaderStudy study = drawn_study(2, 3, 40, 7);
    study.ratings[1] = study.ratings[0];
    for (const auto& inference :
         obuchowski_rockette(study, FigureOfMerit::kRocAuc, Covariance::kDelong).inferences) {
        EXPECT_NEAR(inference.test.statistic, 0, 1e-12);
        EXPECT_NEAR(inference.test.p, 1, 1e-6);
        EXPECT_NEAR(inference.differences[0].estimate.value, 0, 1e-12);
    }
}

TEST(ReaderStudies, WithOneReaderAreThePairedTest) {
    const ReaderStudy study = drawn_study(2, 1, 80, 9);
    const OrAnalysis analysis =
        obuchowski_rockette(study, FigureOfMerit::kRocAuc, Covariance::kDelong);
    ASSERT_EQ(analysis.inferences.size(), 1U);
    EXPECT_EQ(analysis.inferences[0].generalises_to, Generalisation::kCases);
    std::vector<ScoredCase> scored[2];
    for (int t = 0; t < 2; ++t)
        for (const CaseRating& one : study.ratings[static_cast<std::size_t>(t)][0])
            scored[t].push_back(
                {one.lesions.empty() ? one.highest_false : one.lesions[0], !one.lesions.empty()});
    const PairedComparison paired = paired_delong(scored[0], scored[1]);
    EXPECT_NEAR(analysis.inferences[0].differences[0].standard_error, paired.standard_error, 1e-12);
    EXPECT_NEAR(analysis.inferences[0].test.p, paired.p, 1e-10);
}

TEST(ReaderStudies, WafrocIsRocWhereEachDiseasedCaseHasOneLesion) {
    const ReaderStudy study = drawn_study(2, 3, 50, 11);
    const auto roc = study_figures(study, FigureOfMerit::kRocAuc);
    const auto wafroc = study_figures(study, FigureOfMerit::kWafroc);
    EXPECT_NEAR(roc[1][2].value, wafroc[1][2].value, 1e-12);
}

TEST(ReaderStudies, WafrocByHand) {
    // Case 0: two lesions, one found at 3, a false mark at 5 that wAFROC passes over and ROC takes.
    // Case 1: normal, false mark at 2. Case 2: normal, no mark. Case 3: one lesion, found at 1.
    ReaderStudy study;
    study.treatments = {"a"};
    study.readers = {"x"};
    study.lesions_of_case = {2, 0, 0, 1};
    study.ratings = {{{{5, {3, kNever}}, {2, {}}, {kNever, {}}, {kNever, {1}}}}};
    // (0.5 * 1 + 0.5 * (0 + 0.5) / 2 + (0 + 1) / 2) / 2
    EXPECT_DOUBLE_EQ(study_figures(study, FigureOfMerit::kWafroc)[0][0].value, 0.5625);
    EXPECT_DOUBLE_EQ(study_figures(study, FigureOfMerit::kRocAuc)[0][0].value, 0.75);
}

TEST(ReaderStudies, BalancedDesignInClosedForm) {
    // Two readers, two treatments; every case of a class is rated alike, so cases add no variance
    // and the figures are 1, 1/2 / 1/2, 1/2: MS(T) = MS(TR) = 1/16, F = 1 on (1, 1): p = 1/2.
    ReaderStudy study;
    study.treatments = {"a", "b"};
    study.readers = {"x", "y"};
    study.lesions_of_case = {0, 0, 1, 1};
    const auto ratings = [](double normal, double diseased) {
        return std::vector<CaseRating>{
            {normal, {}}, {normal, {}}, {kNever, {diseased}}, {kNever, {diseased}}};
    };
    study.ratings = {{ratings(0, 1), ratings(1, 1)}, {ratings(1, 1), ratings(1, 1)}};
    const OrAnalysis analysis =
        obuchowski_rockette(study, FigureOfMerit::kRocAuc, Covariance::kJackknife);
    EXPECT_DOUBLE_EQ(analysis.ms_treatment, 1.0 / 16);
    EXPECT_DOUBLE_EQ(analysis.ms_treatment_reader, 1.0 / 16);
    const StudyInference& both = to(analysis, Generalisation::kReadersAndCases);
    EXPECT_NEAR(both.test.statistic, 1, 1e-12);
    EXPECT_NEAR(both.test.p, 0.5, 1e-12);
}

TEST(ReaderStudies, RefuseWhatIsNotCrossed) {
    ReaderStudy study = drawn_study(2, 2, 20, 13);
    study.ratings[1][0].pop_back();
    EXPECT_THROW((void)study_figures(study, FigureOfMerit::kRocAuc), Error);
    study = drawn_study(2, 2, 20, 13);
    study.ratings[0][1][1].lesions.push_back(1);
    EXPECT_THROW((void)study_figures(study, FigureOfMerit::kRocAuc), Error);
    study = drawn_study(2, 2, 1, 13);
    EXPECT_THROW((void)study_figures(study, FigureOfMerit::kRocAuc), Error);
}

}  // namespace
}  // namespace lucerna::evaluate
