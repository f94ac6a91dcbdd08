#include "report/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/random.h"
#include "report/schema_check.h"

namespace lucerna::report {
namespace {

using collection::ImageRecord;
using collection::Pathology;
using nlohmann::json;
using ::testing::HasSubstr;

struct Kind {
    bool lesions = true;
    bool malignant = true;
    bool benign = true;
    bool normals = true;
    bool exams = false;
    /// How much lower malignant images of the second site score.
    double site_gap = 0;
    int patients = 120;
};

/// Two views of one breast a patient; marks on and beside the lesion.
std::pair<std::vector<ImageRecord>, std::vector<ImagePrediction>> drawn(const Kind& kind) {
    Random random(3);
    std::vector<ImageRecord> records;
    std::vector<ImagePrediction> predictions;
    for (int patient = 0; patient < kind.patients; ++patient) {
        const bool malignant = kind.malignant && (patient % 2 == 0 || !kind.benign);
        const bool normal = !malignant && kind.normals && patient % 4 == 1;
        const bool second_site = patient % 3 == 0;
        for (const char* view : {"R-CC", "R-MLO"}) {
            ImageRecord record;
            record.file = std::to_string(patient) + view + ".png";
            record.patient = std::to_string(patient);
            record.exam = kind.exams ? record.patient + "-first" : record.patient;
            record.view = *exam::view_name_from(view);
            record.malignant = malignant;
            record.subgroups = {{"site", second_site ? "B" : "A"},
                                {"age", std::to_string(40 + patient % 37)}};
            const exam::Box box{100, 100, 40, 40};
            if (kind.lesions && !normal)
                record.lesions.push_back(
                    {box, malignant ? Pathology::kMalignant : Pathology::kBenign});
            const double shift = (malignant ? 1.5 : 0) - (second_site ? kind.site_gap : 0);
            const double score = 1 / (1 + std::exp(0.7 - random.normal() - shift));
            predictions.push_back({record.file,
                                   score,
                                   {{{105, 102, 36, 40}, random.uniform(), score},
                                    {{10, 10, 30, 30}, random.uniform(), random.uniform()}}});
            records.push_back(std::move(record));
        }
    }
    return {records, predictions};
}

Report report_of(const Kind& kind, ReportOptions options = {}) {
    const auto [records, predictions] = drawn(kind);
    options.rounds = 200;
    return make_report(join(records, predictions), nullptr, options, {});
}

json written(const Report& report) {
    return json::parse(report_json(report));
}

const PictureOf kNoPictures = [](const std::string&) { return std::optional<Thumbnail>(); };

TEST(Report, KeepsToItsSchemaWhateverTheDataLack) {
    ReportOptions options;
    options.subgroups = {"site", "age", "view", "nothing-of-this-name"};
    options.prevalence = 0.01;
    for (const Kind& kind :
         {Kind{}, Kind{.lesions = false}, Kind{.malignant = false}, Kind{.benign = false},
          Kind{.normals = false}, Kind{.exams = true}, Kind{.patients = 1}, Kind{.patients = 2}}) {
        const Report report = report_of(kind, options);
        EXPECT_EQ(test::problems_of(written(report), "report.schema.json"), "");
        EXPECT_THAT(report_html(report, kNoPictures), HasSubstr("</html>"));
    }
}

TEST(Report, SchemaRefusesWhatIsMissingOrUnknown) {
    json document = written(report_of({}));
    document["sections"].erase("lesions");
    EXPECT_NE(test::problems_of(document, "report.schema.json"), "");
    document = written(report_of({}));
    document["sections"]["image"]["figures"]["auc"]["value"] = "high";
    EXPECT_NE(test::problems_of(document, "report.schema.json"), "");
}

TEST(Report, StatesTheIntervalsOfEachFigure) {
    const Report report = report_of({});
    const Figure* auc = report.figure("image.auc");
    ASSERT_NE(auc, nullptr);
    ASSERT_TRUE(auc->value);
    EXPECT_GT(*auc->value, 0.7);
    EXPECT_LT(auc->intervals.at("patient_bootstrap").low, *auc->value);
    EXPECT_LT(auc->intervals.at("delong").low, *auc->value);
    const Figure* sensitivity = report.figure("patient.sensitivity_at_specificity_0.9");
    EXPECT_TRUE(sensitivity->intervals.contains("wilson"));
    EXPECT_TRUE(sensitivity->intervals.contains("exact"));
    // Every lesion is under a mark, in the worst case below all others: at 4 all are found.
    EXPECT_DOUBLE_EQ(*report.figure("lesions.froc_lesions_centre_at_4")->value, 1);
    EXPECT_DOUBLE_EQ(*report.figure("lesions.froc_lesions_overlap_at_4")->value, 1);
    EXPECT_TRUE(report.figure("calibration.slope")->value);
    EXPECT_EQ(report.figure("image.no_such_figure"), nullptr);
}

TEST(Report, SaysWhyAFigureIsNotDefined) {
    const Report without = report_of(Kind{.lesions = false});
    EXPECT_EQ(without.figure("lesions.froc_lesions_centre_at_1")->undefined_because,
              "no image has a lesion box");
    EXPECT_TRUE(without.figure("image.auc")->value);
    const Report benign = report_of(Kind{.malignant = false});
    EXPECT_EQ(benign.figure("image.auc")->undefined_because, "there are no malignant images");
    EXPECT_TRUE(benign.figure("lesions.froc_lesions_centre_at_1")->value);
    const Report malignant = report_of(Kind{.benign = false});
    EXPECT_EQ(malignant.figure("image.auc")->undefined_because, "all images are malignant");
    EXPECT_TRUE(malignant.figure("image.average_precision")->value);
}

TEST(Report, TakesScoresThatAreNoProbabilities) {
    auto [records, predictions] = drawn({});
    for (ImagePrediction& one : predictions) one.score = 10 * one.score - 3;
    const Report report = make_report(join(records, predictions), nullptr, {.rounds = 50}, {});
    EXPECT_TRUE(report.figure("image.auc")->value);
    EXPECT_THAT(report.figure("calibration.brier")->undefined_because,
                HasSubstr("no probabilities"));
    EXPECT_EQ(test::problems_of(written(report), "report.schema.json"), "");
}

TEST(Report, RepeatsWithTheSeed) {
    EXPECT_EQ(report_json(report_of({})), report_json(report_of({})));
}

TEST(Report, ListsImagesWithoutAScore) {
    auto [records, predictions] = drawn({});
    predictions.pop_back();
    predictions.push_back({"elsewhere.png", 0.5, {}});
    const MeasuredSet set = join(records, predictions, {{records.back().file, "no breast found"}});
    ASSERT_EQ(set.unread.size(), 1U);
    EXPECT_EQ(set.unread[0].reason, "no breast found");
    EXPECT_EQ(set.unknown_predictions, 1U);
    EXPECT_THROW((void)join(records, {}), Error);
}

TEST(Levels, TakeAPatientByTheHighestImage) {
    const auto [records, predictions] = drawn({});
    const auto levels = levels_of(join(records, predictions));
    ASSERT_EQ(levels.size(), 3U);
    EXPECT_EQ(levels[0].highest.size(), 240U);
    EXPECT_EQ(levels[2].highest.size(), 120U);
    EXPECT_DOUBLE_EQ(levels[2].highest[0].score,
                     std::max(predictions[0].score, predictions[1].score));
    EXPECT_DOUBLE_EQ(levels[2].mean[0].score, (predictions[0].score + predictions[1].score) / 2);
    const auto [of_exams, same] = drawn(Kind{.exams = true});
    EXPECT_EQ(levels_of(join(of_exams, same)).size(), 4U);
}

TEST(Comparison, OfAModelWithItselfShowsNoDifference) {
    const auto [records, predictions] = drawn({});
    const MeasuredSet set = join(records, predictions);
    Origin origin;
    origin.compared_with = "itself";
    const Report report = make_report(set, &set, {.rounds = 50}, origin);
    EXPECT_EQ(*report.figure("comparison.auc_difference_image")->value, 0);
    EXPECT_EQ(*report.figure("comparison.delong_z_image")->p, 1);
    EXPECT_EQ(test::problems_of(written(report), "report.schema.json"), "");
}

TEST(Verdict, PassesOnlyWhatIsShown) {
    const auto outcome = [](double limit) {
        ReportOptions options;
        options.requirements = {{"image.auc", limit}};
        return report_of({}, options).verdict.outcome;
    };
    EXPECT_EQ(outcome(0.55), Outcome::kPass);
    EXPECT_EQ(outcome(0.99), Outcome::kFail);
    const Report none = report_of({});
    EXPECT_EQ(none.verdict.outcome, Outcome::kUndecided);
    EXPECT_EQ(outcome(*none.figure("image.auc")->value), Outcome::kUndecided);
}

TEST(Verdict, CannotBeHadForAFigureThatIsNotThere) {
    ReportOptions options;
    options.requirements = {{"image.acu", 0.5}};
    const Verdict verdict = report_of({}, options).verdict;
    EXPECT_EQ(verdict.outcome, Outcome::kUndecided);
    EXPECT_THAT(verdict.checks.at(0).detail, HasSubstr("no figure of that name"));
}

TEST(Groups, AreFoundWorseThanTheRest) {
    ReportOptions options;
    options.subgroups = {"site"};
    const Report report = report_of(Kind{.site_gap = 3, .patients = 400}, options);
    EXPECT_EQ(report.verdict.outcome, Outcome::kFail);
    const Report fair = report_of(Kind{.patients = 400}, options);
    EXPECT_NE(fair.verdict.outcome, Outcome::kFail);
}

TEST(Groups, ThatAreTooSmallAreNamedAndNotJudged) {
    ReportOptions options;
    options.subgroups = {"site"};
    const Report report = report_of(Kind{.patients = 30}, options);
    ASSERT_EQ(report.groups.size(), 2U);
    EXPECT_TRUE(report.groups[1].metrics[0].too_small);
    EXPECT_TRUE(report.groups[1].metrics[0].value.value);
    EXPECT_FALSE(report.groups[1].metrics[0].p_holm);
    EXPECT_EQ(report.verdict.outcome, Outcome::kUndecided);
    EXPECT_THAT(report_html(report, kNoPictures), HasSubstr("too small a group"));
}

TEST(Groups, OfANumberWithManyValuesAreBands) {
    ReportOptions options;
    options.subgroups = {"age"};
    const Report report = report_of({}, options);
    EXPECT_EQ(report.groups.size(), 4U);
}

TEST(Page, NeedsNothingBesideItAndEscapesNames) {
    auto [records, predictions] = drawn({});
    for (std::size_t i = 0; i < records.size(); ++i)
        records[i].file = predictions[i].file = "<b>" + records[i].file;
    const Report report = make_report(join(records, predictions), nullptr, {.rounds = 50}, {});
    const PictureOf picture = [](const std::string&) {
        return std::optional<Thumbnail>({{1, 2, 3}, 10, 20, 0.5, 0.5});
    };
    const std::string html = report_html(report, picture);
    const auto holds = [&](const char* text) { return html.find(text) != std::string::npos; };
    EXPECT_TRUE(holds("data:image/jpeg;base64,AQID"));
    EXPECT_TRUE(holds("&lt;b&gt;"));
    for (const char* never : {"<b>9R-CC", "http", "<script", ">nan", " nan", "Lnan"})
        EXPECT_FALSE(holds(never)) << never;
}

}  // namespace
}  // namespace lucerna::report
