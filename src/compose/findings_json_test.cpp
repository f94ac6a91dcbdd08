#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>
#include <valijson/validator.hpp>

#include "base/error.h"
#include "compose/compose.h"
#include "compose/example_reading.h"

namespace lucerna::compose {
namespace {

using nlohmann::json;
using valijson::adapters::NlohmannJsonAdapter;

std::string problems_of(const json& document) {
    std::ifstream file(LUCERNA_SOURCE_DIR "/docs/formats/findings.schema.json");
    const json schema_document = json::parse(file);
    valijson::Schema schema;
    valijson::SchemaParser parser;
    parser.populateSchema(NlohmannJsonAdapter(schema_document), schema);
    valijson::Validator validator;
    valijson::ValidationResults results;
    validator.validate(schema, NlohmannJsonAdapter(document), &results);
    std::string problems;
    for (const auto& problem : results) {
        for (const std::string& part : problem.context) problems += part;
        problems += ": " + problem.description + "\n";
    }
    return problems;
}

json written(const exam::ExamReading& reading) {
    return json::parse(findings_json(reading));
}

TEST(FindingsJson, KeepsToItsSchema) {
    for (const exam::ExamReading& reading :
         {example_reading(), quiet_reading(), refused_reading(RefusedImages::kKnown),
          refused_reading(RefusedImages::kUnknown)})
        EXPECT_EQ(problems_of(written(reading)), "");
}

TEST(FindingsJson, SchemaRefusesWhatIsMissingOrUnknown) {
    json document = written(example_reading());
    document.erase("use_statement");
    EXPECT_NE(problems_of(document), "");
    document = written(example_reading());
    document["patient_name"] = "Muster^Vreni";
    EXPECT_NE(problems_of(document), "");
    document = written(example_reading());
    document["views"][0]["findings"][0]["score"] = 1.5;
    EXPECT_NE(problems_of(document), "");
}

TEST(FindingsJson, SchemaKnowsEveryReason) {
    exam::ExamReading reading = quiet_reading();
    for (int reason = 0; reason <= static_cast<int>(exam::RefusalReason::kModelFailed); ++reason) {
        exam::Refusal refusal;
        refusal.reason = static_cast<exam::RefusalReason>(reason);
        refusal.what = "why";
        reading.refusals.push_back(refusal);
    }
    EXPECT_EQ(problems_of(written(reading)), "");
}

TEST(FindingsJson, SaysWhoReadAndHow) {
    const json document = written(example_reading());
    EXPECT_EQ(document["schema"], "lucerna-findings/1");
    EXPECT_EQ(document["model"]["name"], "cbis-mass");
    EXPECT_EQ(document["model"]["version"], "1.0.0");
    EXPECT_EQ(document["model"]["sha256"].get<std::string>().size(), 64U);
    EXPECT_EQ(document["model"]["operating_points"][0]["threshold"], 0.5);
    EXPECT_THAT(document["model"]["calibration"].get<std::string>(),
                testing::HasSubstr("Platt scaling"));
    EXPECT_EQ(document["views"][0]["preparation"]["steps"][0], "modality_lut");
    EXPECT_EQ(document["research_only"], true);
    EXPECT_THAT(document["use_statement"].get<std::string>(),
                testing::HasSubstr("Research use only"));
    EXPECT_EQ(document["synthetic"], true);
    EXPECT_EQ(document["refusals"][0]["reason"], "spot-or-magnification");
    EXPECT_EQ(document["above"], json::array({"recall"}));
    EXPECT_EQ(document["views"][0]["findings"][0]["above"], json::array());
    EXPECT_EQ(document["views"][2]["findings"][0]["above"], json::array({"recall"}));
}

TEST(FindingsJson, IsClearedOnlyWhereTheModelIs) {
    exam::ExamReading reading = example_reading();
    reading.model.cleared_in = {"CH"};
    reading.jurisdiction = "CH";
    EXPECT_EQ(written(reading)["research_only"], false);
    reading.jurisdiction = "FR";
    EXPECT_EQ(written(reading)["research_only"], true);
}

TEST(FindingsJson, GivesPlacesInPixelsAndMillimetres) {
    const json finding = written(example_reading())["views"][0]["findings"][0];
    EXPECT_EQ(finding["box"]["left"], 1500.3125);
    EXPECT_EQ(finding["box"]["top"], 900.6875);
    EXPECT_DOUBLE_EQ(finding["box_mm"]["left"].get<double>(), 1500.3125 * 0.0705);
    EXPECT_DOUBLE_EQ(finding["box_mm"]["top"].get<double>(), 900.6875 * 0.07);
    ASSERT_EQ(finding["contour"].size(), finding["contour_mm"].size());
    for (std::size_t i = 0; i < finding["contour"].size(); ++i) {
        EXPECT_DOUBLE_EQ(finding["contour_mm"][i][0].get<double>(),
                         finding["contour"][i][0].get<double>() * 0.0705);
        EXPECT_DOUBLE_EQ(finding["contour_mm"][i][1].get<double>(),
                         finding["contour"][i][1].get<double>() * 0.07);
    }
}

TEST(FindingsJson, LeavesMillimetresOutWithoutSpacing) {
    exam::ExamReading reading = example_reading();
    reading.views[0].source.row_spacing_mm = 0;
    const json document = written(reading);
    EXPECT_FALSE(document["views"][0]["findings"][0].contains("contour_mm"));
    EXPECT_EQ(problems_of(document), "");
}

TEST(FindingsJson, KeepsContoursOnTheImage) {
    const json finding = written(example_reading())["views"][2]["findings"][0];
    double rightmost = 0;
    for (const json& corner : finding["contour"])
        rightmost = std::max(rightmost, corner[0].get<double>());
    EXPECT_EQ(rightmost, 2560);
    EXPECT_EQ(finding["box"]["width"], 260);
}

TEST(FindingsJson, DrawsTheBoxWhereThereIsNoContour) {
    exam::ExamReading reading = example_reading();
    reading.views[0].findings[0].contour = {{1600, 1000}, {1600, 1000}};
    const json finding = written(reading)["views"][0]["findings"][0];
    ASSERT_EQ(finding["contour"].size(), 4U);
    EXPECT_EQ(finding["contour"][0], json::array({1500.3125, 900.6875}));
}

TEST(FindingsJson, HasNoScoreWhenNoViewWasRead) {
    const json document = written(refused_reading(RefusedImages::kKnown));
    EXPECT_TRUE(document["score"].is_null());
    EXPECT_EQ(document["refusals"].size(), 3U);
}

TEST(FindingsJson, CarriesNoPatient) {
    const std::string text = findings_json(example_reading());
    for (const char* identifier : {"Muster", "4711", "19600401", "A-1\"", "Arzt"})
        EXPECT_THAT(text, testing::Not(testing::HasSubstr(identifier)));
}

TEST(FindingsJson, SurvivesWordsThatAreNotUtf8) {
    exam::ExamReading reading = refused_reading(RefusedImages::kKnown);
    reading.refusals[0].what = "Modality is \xFF\xFE";
    EXPECT_EQ(problems_of(written(reading)), "");
}

void expect_refused(const exam::ExamReading& reading, const std::string& word) {
    try {
        static_cast<void>(findings_json(reading));
        FAIL() << "written in spite of: " << word;
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::kInvalidInput);
        EXPECT_THAT(error.what(), testing::HasSubstr(word));
    }
}

TEST(FindingsJson, RefusesNumbersThatAreNone) {
    exam::ExamReading reading = example_reading();
    reading.views[0].findings[0].score = std::numeric_limits<double>::quiet_NaN();
    expect_refused(reading, "R-CC-1: score");
    reading = example_reading();
    reading.views[2].findings[0].contour[3].x = std::numeric_limits<double>::infinity();
    expect_refused(reading, "R-MLO-1: contour");
    reading = example_reading();
    reading.score = 1.01;
    expect_refused(reading, "score");
}

TEST(FindingsJson, RefusesFindingsBesideTheImageAndTwice) {
    exam::ExamReading reading = example_reading();
    reading.views[0].findings[0].box = {2600, 10, 20, 20};
    expect_refused(reading, "does not lie on its image");
    reading = example_reading();
    reading.views[2].findings[0].id = "R-CC-1";
    expect_refused(reading, "R-CC-1 is there twice");
}

TEST(FindingsJson, RefusesUidsThatAreNone) {
    exam::ExamReading reading = example_reading();
    reading.subject.study_instance_uid = "../etc";
    expect_refused(reading, "Study Instance UID");
    reading = example_reading();
    reading.views[1].source.sop_instance_uid.clear();
    expect_refused(reading, "L-CC: SOP Instance UID");
}

TEST(SummaryLine, SaysItAllInOneLine) {
    EXPECT_EQ(summary_line(example_reading()),
              "2 findings in 4 views, highest 0.83 at R-MLO; exam score 0.81 (above 'recall' "
              "0.50); 1 view refused; cbis-mass 1.0.0; research use only; synthetic images");
    EXPECT_EQ(summary_line(quiet_reading()),
              "No findings in 4 views; exam score 0.13 (below 'recall' 0.50); 0 views refused; "
              "cbis-mass 1.0.0; research use only");
    EXPECT_EQ(summary_line(refused_reading(RefusedImages::kKnown)),
              "No view was read; 2 views refused, 1 missing; cbis-mass 1.0.0; research use only");
}

TEST(SummaryLine, NeverShowsAScoreAsHigherThanItIs) {
    exam::ExamReading reading = quiet_reading();
    reading.score = 0.4999;
    EXPECT_THAT(summary_line(reading), testing::HasSubstr("exam score 0.49 (below"));
    reading.score = 0.29;
    EXPECT_THAT(summary_line(reading), testing::HasSubstr("exam score 0.29 "));
}

TEST(SummaryLine, NamesTheStrictestPointReached) {
    exam::ExamReading reading = example_reading();
    reading.score = 0.95;
    reading.above = {"recall", "urgent"};
    EXPECT_THAT(summary_line(reading), testing::HasSubstr("(above 'urgent' 0.90)"));
}

TEST(SummaryLine, StaysOneLine) {
    exam::ExamReading reading = quiet_reading();
    reading.model.name = "two\nlines";
    EXPECT_THAT(summary_line(reading), testing::Not(testing::HasSubstr("\n")));
}

}  // namespace
}  // namespace lucerna::compose
