#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "base/error.h"
#include "base/file.h"
#include "compose/compose.h"
#include "compose/example_reading.h"
#include "compose/outside_tool.h"
#include "compose/result_object.h"
#include "compose/result_tree.h"
#include "dicom/data_set.h"
#include "dicom/frames.h"
#include "dicom/patient_issuer.h"
#include "dicom/uids.h"

namespace lucerna::compose {
namespace {

using dicom::DataSet;
using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

DataSet report_of(const exam::ExamReading& reading, ResultKind kind) {
    for (const Result& result : compose_results(reading))
        if (result.kind == kind) return DataSet::parse(result.part10);
    throw Error(ErrorCode::kInternal, "no such result");
}

std::vector<RenderedView> renderings_of(const exam::ExamReading& reading, double scale) {
    std::vector<RenderedView> renderings;
    for (std::size_t i = 0; i < reading.views.size(); ++i)
        renderings.push_back(example_rendering(reading, i, scale));
    return renderings;
}

std::vector<RenderedView> first_rendering_of(const exam::ExamReading& reading) {
    if (reading.views.empty()) return {};
    return {example_rendering(reading, 0, 0.05)};
}

std::vector<exam::Point> json_contour(const json& finding) {
    std::vector<exam::Point> points;
    for (const json& corner : finding["contour"]) points.push_back({corner[0], corner[1]});
    // Reports end where they begin.
    points.push_back(points.front());
    return points;
}

std::string long_issuer() {
    return "https://hospital.example/" + std::string(64, 'i');
}

/// Readings that have broken other writers: what is empty, foreign, long, or not there.
std::vector<std::pair<std::string, exam::ExamReading>> odd_readings() {
    std::vector<std::pair<std::string, exam::ExamReading>> readings = {
        {"example", example_reading()},
        {"quiet", quiet_reading()},
        {"all refused", refused_reading(RefusedImages::kKnown)},
        {"all refused, images unknown", refused_reading(RefusedImages::kUnknown)}};
    exam::ExamReading reading = example_reading();
    const std::string study = reading.subject.study_instance_uid;
    reading.subject = {};
    reading.subject.study_instance_uid = study;
    reading.model.manufacturer.clear();
    reading.model.version.clear();
    reading.model.calibration.clear();
    readings.emplace_back("empty subject", reading);

    reading = example_reading();
    reading.subject.patient_name = PatientName("Müller^Zoë=山田^太郎=やまだ^たろう");
    reading.subject.study_description = "Mammographie, beidseits: Früherkennung";
    reading.subject.referring_physician_name = "Ångström^Åsa";
    readings.emplace_back("foreign names", reading);

    reading = example_reading();
    reading.subject.patient_birth_date = BirthDate("1960.04.01");
    reading.subject.patient_sex = "female";
    reading.subject.study_date = "20261301";
    reading.subject.study_time = "25:00";
    reading.subject.study_id = "an identifier that is too long";
    reading.subject.study_description = std::string(63, 'x') + "é and more\nand more";
    reading.subject.timezone_offset_from_utc = "CET";
    reading.model.name = std::string(80, 'n');
    readings.emplace_back("careless header", reading);

    reading = example_reading();
    reading.subject.issuer_of_patient_id = long_issuer();
    readings.emplace_back("long issuer", reading);

    reading = example_reading();
    reading.views.erase(reading.views.begin() + 1, reading.views.end());
    reading.refusals.clear();
    readings.emplace_back("one view", reading);

    reading = example_reading();
    reading.views[0].source.name.reset();
    reading.views[0].source.row_spacing_mm = 0;
    reading.views[0].findings[0].kind = "shadow";
    reading.model.operating_points.clear();
    reading.above.clear();
    reading.model.cleared_in = {"CH"};
    reading.jurisdiction = "CH";
    readings.emplace_back("unnamed view, unknown kind, cleared", reading);
    return readings;
}

TEST(Results, SayTheWholeIssuerOfThePatientId) {
    for (const std::string& issuer : {std::string("SITE"), long_issuer(), std::string("A\\B")}) {
        exam::ExamReading reading = quiet_reading();
        reading.subject.issuer_of_patient_id = issuer;
        for (const Result& result : compose_results(reading))
            EXPECT_EQ(dicom::issuer_of_patient_id(DataSet::parse(result.part10)), issuer);
    }
}

TEST(Results, HaveNoErrorForDciodvfy) {
    for (const auto& [name, reading] : odd_readings())
        for (const Result& result : compose_results(reading, first_rendering_of(reading))) {
            const auto said = outside_tool("dciodvfy", result.part10);
            if (!said) GTEST_SKIP() << "dciodvfy is not installed (Debian's dicom3tools)";
            EXPECT_THAT(*said, Not(HasSubstr("Error"))) << name << ", " << name_of(result.kind);
        }
}

/// Lines of warnings and errors, without the two that tell of dsrdump's own limits.
std::string complaints_of(const std::string& output) {
    std::istringstream lines(output);
    std::string line, complaints;
    while (std::getline(lines, line))
        if ((line.starts_with("W:") || line.starts_with("E:") || line.starts_with("F:")) &&
            line != "W: The VR checker does not support this Specific Character Set: ISO_IR 192" &&
            line != "W: Check for template constraints not yet supported")
            complaints += line + "\n";
    return complaints;
}

TEST(Results, AreReadByDsrdumpWithoutAWarning) {
    for (const auto& [name, reading] : odd_readings())
        for (const Result& result : compose_results(reading)) {
            const auto said = outside_tool("dsrdump", result.part10);
            if (!said) GTEST_SKIP() << "dsrdump is not installed (Debian's dcmtk)";
            EXPECT_EQ(complaints_of(*said), "") << name << ", " << name_of(result.kind);
            EXPECT_TRUE(said->find("Mammography CAD SR Document") != std::string::npos ||
                        said->find("Comprehensive 3D SR Document") != std::string::npos)
                << name;
        }
}

TEST(Results, AreReadByDcsrdump) {
    for (const Result& result : compose_results(example_reading())) {
        const auto said = outside_tool("dcsrdump", result.part10);
        if (!said) GTEST_SKIP() << "dcsrdump is not installed (Debian's dicom3tools)";
        EXPECT_THAT(*said, HasSubstr("Probability of cancer"));
        EXPECT_THAT(*said, Not(HasSubstr("Error")));
    }
}

TEST(Results, SayTheSamePlaceInEveryFormat) {
    const exam::ExamReading reading = example_reading();
    const json document = json::parse(findings_json(reading));
    const DataSet cad = report_of(reading, ResultKind::kCadReport);
    const DataSet measurements = report_of(reading, ResultKind::kMeasurementReport);
    const auto outlines = items_named(cad, "111041");
    const auto centres = items_named(cad, "111010");
    const auto regions = items_named(measurements, "111030");
    ASSERT_EQ(outlines.size(), 2U);
    ASSERT_EQ(regions.size(), 2U);
    std::size_t index = 0;
    for (const json& view : document["views"])
        for (const json& finding : view["findings"]) {
            const std::string image = view["sop_instance_uid"];
            EXPECT_EQ(points_of(*outlines[index]), json_contour(finding));
            EXPECT_EQ(points_of(*regions[index]), json_contour(finding));
            EXPECT_EQ(regions[index]->text_or(dicom::kGraphicType, ""), "POLYLINE");
            ASSERT_NE(referenced(cad, *outlines[index]), nullptr);
            EXPECT_EQ(image_of(*referenced(cad, *outlines[index])), image);
            EXPECT_EQ(image_of(*referenced(cad, *centres[index])), image);
            EXPECT_EQ(image_of(regions[index]->items(dicom::kContentSequence).at(0)), image);
            ++index;
        }
}

TEST(Results, SayTheSameScoresInEveryFormat) {
    const exam::ExamReading reading = example_reading();
    const json document = json::parse(findings_json(reading));
    const DataSet cad = report_of(reading, ResultKind::kCadReport);
    const DataSet measurements = report_of(reading, ResultKind::kMeasurementReport);
    const auto findings = items_named(cad, "111059");
    ASSERT_EQ(findings.size(), 2U);
    EXPECT_NEAR(number_of(*child_named(*findings[1], "111047")),
                100 * document["views"][2]["findings"][0]["score"].get<double>(), 1e-4);
    EXPECT_NEAR(number_of(*child_named(*findings[1], "111012")), 75, 1e-4);
    const DataSet* overall = child_named(cad, "111017");
    ASSERT_NE(overall, nullptr);
    EXPECT_NEAR(number_of(*child_named(*overall, "111047")), 100 * document["score"].get<double>(),
                1e-4);
    for (const DataSet* group : items_named(measurements, "125007"))
        if (child_named(*group, "112039")->text_or(dicom::kTextValue, "") == "R-MLO-1") {
            EXPECT_NEAR(number_of(*child_named(*group, "111047")), 83, 1e-4);
            EXPECT_EQ(code_of(*child_named(*group, "101")), "373066001");
        }
}

TEST(CadReport, TreeIsAsItWas) {
    const DataSet report = report_of(example_reading(), ResultKind::kCadReport);
    EXPECT_EQ(tree_of(report),
              as_text(read_file(LUCERNA_SOURCE_DIR "/tests/cases/compose/cad-report.txt")));
}

TEST(MeasurementReport, TreeIsAsItWas) {
    const DataSet report = report_of(example_reading(), ResultKind::kMeasurementReport);
    EXPECT_EQ(tree_of(report),
              as_text(read_file(LUCERNA_SOURCE_DIR "/tests/cases/compose/measurement-report.txt")));
}

struct Status {
    exam::ExamReading reading;
    std::string summary, detections, analyses;
    std::size_t successful = 0, failed = 0;
};

TEST(CadReport, TellsWhatSucceededAndWhatFailed) {
    exam::ExamReading some_quiet = quiet_reading();
    some_quiet.refusals = example_reading().refusals;
    exam::ExamReading found = example_reading();
    found.refusals.clear();
    exam::ExamReading one_missing = quiet_reading();
    one_missing.refusals = {refused_reading(RefusedImages::kKnown).refusals.back()};
    const std::vector<Status> cases = {
        {quiet_reading(), "111241", "111222", "111222", 1, 0},
        {found, "111242", "111222", "111222", 1, 0},
        {some_quiet, "111243", "111223", "111222", 1, 1},
        {example_reading(), "111244", "111223", "111222", 1, 1},
        {one_missing, "111241", "111222", "111222", 1, 0},
        {refused_reading(RefusedImages::kKnown), "111245", "111224", "111225", 0, 1},
        {refused_reading(RefusedImages::kUnknown), "111245", "111225", "111225", 0, 0},
    };
    for (const Status& expected : cases) {
        const DataSet cad = report_of(expected.reading, ResultKind::kCadReport);
        EXPECT_EQ(code_of(*child_named(cad, "111017")), expected.summary);
        EXPECT_EQ(code_of(*child_named(cad, "111064")), expected.detections);
        EXPECT_EQ(code_of(*child_named(cad, "111065")), expected.analyses);
        EXPECT_EQ(items_named(cad, "111063").size(), expected.successful);
        EXPECT_EQ(items_named(cad, "111025").size(), expected.failed);
    }
}

TEST(CadReport, NamesTheImagesThatFailed) {
    const DataSet cad = report_of(example_reading(), ResultKind::kCadReport);
    const DataSet& performed =
        items_named(cad, "111025").at(0)->items(dicom::kContentSequence).at(0);
    ASSERT_NE(referenced(cad, performed), nullptr);
    EXPECT_EQ(image_of(*referenced(cad, performed)), "1.2.826.0.1.3680043.10.1.5");
}

TEST(CadReport, AsksToShowOnlyWhatReachesAnOperatingPoint) {
    const DataSet cad = report_of(example_reading(), ResultKind::kCadReport);
    const auto findings = items_named(cad, "111059");
    EXPECT_EQ(code_of(*child_named(*findings.at(0), "111056")), "111151");
    EXPECT_EQ(code_of(*child_named(*findings.at(1), "111056")), "111150");
}

TEST(Reports, ListEveryImageAsEvidenceOnce) {
    for (const ResultKind kind : {ResultKind::kCadReport, ResultKind::kMeasurementReport}) {
        const DataSet report = report_of(example_reading(), kind);
        const DataSet& study =
            report.items(dicom::kCurrentRequestedProcedureEvidenceSequence).at(0);
        std::multiset<std::string> images;
        for (const DataSet& series : study.items(dicom::kReferencedSeriesSequence))
            for (const DataSet& image : series.items(dicom::kReferencedSopSequence))
                images.insert(image.text_or(dicom::kReferencedSopInstanceUid, ""));
        EXPECT_EQ(images.size(), 5U);
        EXPECT_EQ(images.count("1.2.826.0.1.3680043.10.1.5"), 1U);
    }
}

TEST(Reports, SayWhatTheyMustSay) {
    for (const auto& [name, reading] : odd_readings())
        for (const ResultKind kind : {ResultKind::kCadReport, ResultKind::kMeasurementReport}) {
            const DataSet report = report_of(reading, kind);
            const std::string tree = tree_of(report);
            EXPECT_THAT(tree, HasSubstr(use_statement(reading.model, reading.jurisdiction)));
            EXPECT_THAT(tree, HasSubstr(reading.model.name));
            for (const exam::Refusal& refusal : reading.refusals)
                EXPECT_THAT(tree, HasSubstr(refusal.what));
            EXPECT_EQ(tree.find("SYNTHETIC") != std::string::npos, reading.synthetic) << name;
            EXPECT_EQ(report.text_or(dicom::kPreliminaryFlag, ""), "PRELIMINARY");
            EXPECT_EQ(report.text_or(dicom::kVerificationFlag, ""), "UNVERIFIED");
        }
    const std::string tree = tree_of(report_of(example_reading(), ResultKind::kCadReport));
    for (const char* words : {"Model package SHA-256: aaaa", "Preparation: modality_lut, voi_lut",
                              "Calibration: Platt", "Operating point recall: 0.50"})
        EXPECT_THAT(tree, HasSubstr(words));
}

TEST(Results, StayInTheStudyOfTheImages) {
    const exam::ExamReading reading = example_reading();
    std::set<std::string> instances, series;
    for (const Result& result : compose_results(reading, renderings_of(reading, 0.05))) {
        const DataSet object = DataSet::parse(result.part10);
        EXPECT_EQ(object.text_or(dicom::kStudyInstanceUid, ""), "1.2.826.0.1.3680043.10.3");
        EXPECT_EQ(object.text_or(dicom::kPatientName, ""), "Muster^Vreni");
        EXPECT_EQ(object.text_or(dicom::kPatientId, ""), "4711");
        EXPECT_EQ(object.text_or(dicom::kStudyDate, ""), "20260301");
        EXPECT_EQ(object.text_or(dicom::kSopInstanceUid, ""), result.sop_instance_uid);
        EXPECT_EQ(object.text_or(dicom::kSopClassUid, ""), result.sop_class_uid);
        EXPECT_THAT(object.text_or(dicom::kSeriesDescription, ""),
                    testing::EndsWith("research use only"));
        instances.insert(result.sop_instance_uid);
        series.insert(result.series_instance_uid);
    }
    EXPECT_EQ(instances.size(), 6U);
    EXPECT_EQ(series.size(), 3U);
}

TEST(Results, TellTheTimeOfTheImages) {
    DataSet report = report_of(example_reading(), ResultKind::kCadReport);
    EXPECT_EQ(report.text_or(dicom::kTimezoneOffsetFromUtc, ""), "+0100");
    EXPECT_EQ(report.text_or(dicom::kContentDate, ""), "20260302");
    EXPECT_EQ(report.text_or(dicom::kContentTime, "").substr(0, 6), "003000");
    exam::ExamReading reading = example_reading();
    reading.subject.timezone_offset_from_utc.clear();
    report = report_of(reading, ResultKind::kCadReport);
    EXPECT_EQ(report.text_or(dicom::kTimezoneOffsetFromUtc, ""), "+0000");
    EXPECT_EQ(report.text_or(dicom::kContentTime, "").substr(0, 6), "233000");
}

TEST(Results, KeepNamesInAnyScript) {
    exam::ExamReading reading = example_reading();
    reading.subject.patient_name = PatientName("Müller^Zoë=山田^太郎");
    for (const Result& result : compose_results(reading)) {
        const DataSet object = DataSet::parse(result.part10);
        EXPECT_EQ(object.text_or(dicom::kPatientName, ""), "Müller^Zoë=山田^太郎");
        EXPECT_EQ(object.text_or(dicom::kSpecificCharacterSet, ""), "ISO_IR 192");
    }
}

std::vector<std::string> uids_of_results(const exam::ExamReading& reading) {
    std::vector<std::string> uids;
    for (const Result& result : compose_results(reading, renderings_of(reading, 0.05)))
        uids.push_back(result.sop_instance_uid);
    return uids;
}

TEST(Results, HaveTheSameUidsWhenReadAgain) {
    exam::ExamReading again = example_reading();
    std::swap(again.views[0], again.views[1]);
    again.read_at += std::chrono::hours(5);
    auto first = uids_of_results(example_reading());
    auto second = uids_of_results(again);
    EXPECT_THAT(second, testing::UnorderedElementsAreArray(first));
}

TEST(Results, HaveOtherUidsForAnotherModelOrMoreImages) {
    const auto first = uids_of_results(example_reading());
    exam::ExamReading other = example_reading();
    other.model.sha256[0] = 'b';
    for (const std::string& uid : uids_of_results(other))
        EXPECT_THAT(first, Not(testing::Contains(uid)));
    other = example_reading();
    other.views.pop_back();
    const auto fewer = uids_of_results(other);
    EXPECT_NE(fewer[0], first[0]);
    EXPECT_NE(fewer[1], first[1]);
    // What is drawn on one view is the same.
    EXPECT_EQ(fewer[2], first[2]);
}

TEST(Results, HaveOtherUidsWhereTheySayAnotherThing) {
    const auto first = uids_of_results(example_reading());
    const auto others_for = [&](const std::function<void(exam::ExamReading&)>& change) {
        exam::ExamReading other = example_reading();
        change(other);
        std::vector<std::size_t> others;
        const auto uids = uids_of_results(other);
        for (std::size_t i = 0; i < uids.size(); ++i)
            if (uids[i] != first.at(i)) others.push_back(i);
        return others;
    };
    using testing::ElementsAre;
    // Two reports, then captures of R-CC, L-CC, R-MLO and L-MLO.
    EXPECT_THAT(others_for([](auto& reading) { reading.views[0].score = 0.5; }),
                ElementsAre(0, 1, 2));
    EXPECT_THAT(others_for([](auto& reading) { reading.views[2].findings[0].score = 0.84; }),
                ElementsAre(0, 1, 4));
    EXPECT_THAT(others_for([](auto& reading) { reading.refusals[0].what = "cut off"; }),
                ElementsAre(0, 1));
    const auto all = ElementsAre(0, 1, 2, 3, 4, 5);
    EXPECT_THAT(others_for([](auto& reading) { reading.synthetic = false; }), all);
    EXPECT_THAT(others_for([](auto& reading) { reading.jurisdiction = "CH"; }), all);
    EXPECT_THAT(others_for([](auto& reading) { reading.subject.patient_id = PatientId("4712"); }),
                all);
    EXPECT_THAT(others_for([](auto& reading) { reading.told_apart_by = "elsewhere"; }), all);
}

TEST(Results, HaveTheUidsOfWhatStandsInThem) {
    exam::ExamReading reading = example_reading();
    reading.subject.timezone_offset_from_utc = "";
    const auto first = uids_of_results(reading);
    // As the archive learns it of the results of the first try.
    reading.subject.timezone_offset_from_utc = "+0000";
    EXPECT_EQ(uids_of_results(reading), first);
}

TEST(Results, HaveOtherUidsForAnotherObjectUnderTheUidOfAnImage) {
    exam::ExamReading reading = example_reading();
    for (const exam::ViewReading& view : reading.views)
        reading.kept_as[view.source.sop_instance_uid] = "object-" + view.source.sop_instance_uid;
    const auto first = uids_of_results(reading);
    const auto tracked = [&] {
        return finding_uid(reading, reading.views[0].findings[0], reading.views[0].source);
    };
    const std::string finding = tracked();
    EXPECT_EQ(uids_of_results(reading), first);
    reading.kept_as[reading.views[0].source.sop_instance_uid] = "object-that-came-later";
    const auto second = uids_of_results(reading);
    for (const std::size_t of_it : {0, 1, 2}) EXPECT_NE(second[of_it], first[of_it]);
    for (const std::size_t of_others : {3, 4, 5}) EXPECT_EQ(second[of_others], first[of_others]);
    EXPECT_NE(tracked(), finding);
}

TEST(Results, RefuseAReadingThatMakesNoSense) {
    exam::ExamReading reading = example_reading();
    reading.subject.study_instance_uid.clear();
    EXPECT_THROW(static_cast<void>(compose_results(reading)), Error);
}

TEST(Results, AreTheReportsAloneWithoutRenderings) {
    const auto results = compose_results(example_reading());
    ASSERT_EQ(results.size(), 2U);
    EXPECT_EQ(results[0].kind, ResultKind::kCadReport);
    EXPECT_EQ(results[1].kind, ResultKind::kMeasurementReport);
}

}  // namespace
}  // namespace lucerna::compose
