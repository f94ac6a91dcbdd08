#include "phantom/phantom.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "base/file.h"
#include "dicom/tags.h"
#include "support/child_process.h"
#include "support/temporary_folder.h"

namespace lucerna::phantom {
namespace {

PhantomOptions small(std::uint64_t seed) {
    PhantomOptions options;
    options.seed = seed;
    options.columns = 600;
    options.rows = 800;
    options.spacing_mm = 0.3;
    options.findings = 2;
    return options;
}

TEST(MakeExam, GivesTheSameBytesForTheSameSeed) {
    const Exam one = make_exam(small(21)), again = make_exam(small(21)),
               other = make_exam(small(22));
    ASSERT_EQ(one.views.size(), 4U);
    for (std::size_t i = 0; i < 4; ++i) {
        EXPECT_EQ(one.views[i].to_part10(), again.views[i].to_part10());
        EXPECT_NE(one.views[i].to_part10(), other.views[i].to_part10());
    }
    EXPECT_EQ(truth_json(one), truth_json(again));
    EXPECT_NE(truth_json(one), truth_json(other));
}

TEST(MakeExam, IsOneStudyOfFourInstances) {
    const Exam exam = make_exam(small(23));
    std::set<std::string> instances, studies, series;
    for (const dicom::DataSet& view : exam.views) {
        instances.insert(view.text_or(dicom::kSopInstanceUid, ""));
        studies.insert(view.text_or(dicom::kStudyInstanceUid, ""));
        series.insert(view.text_or(dicom::kSeriesInstanceUid, ""));
    }
    EXPECT_EQ(instances.size(), 4U);
    EXPECT_EQ(studies.size(), 1U);
    EXPECT_EQ(series.size(), 1U);
    for (const Truth& truth : exam.truth) EXPECT_EQ(instances.count(truth.sop_instance_uid), 1U);
}

TEST(MakeExam, SaysThatItIsSynthetic) {
    for (const dicom::DataSet& view : make_exam(small(24)).views) {
        EXPECT_EQ(view.text_or(dicom::kPatientName, ""), "Synthetic^Phantom");
        EXPECT_NE(view.text_or(dicom::kImageComments, "").find("Synthetic"), std::string::npos);
        EXPECT_NE(view.text_or(dicom::kSeriesDescription, "").find("Synthetic"), std::string::npos);
        EXPECT_EQ(view.text_or(dicom::kQualityControlImage, ""), "YES");
        EXPECT_EQ(view.text_or(dicom::kBurnedInAnnotation, ""), "NO");
    }
}

TEST(MakeExam, TellsTheTruthAsJson) {
    Exam exam;
    exam.options = small(25);
    exam.truth.push_back({{exam::Laterality::kLeft, exam::ViewPosition::kMlo},
                          "2.25.7",
                          FindingKind::kSpiculatedMass,
                          3,
                          {1, 2.5, 30, 40},
                          12.5,
                          41});
    EXPECT_EQ(truth_json(exam), R"({
  "schema": "lucerna-phantom-truth/1",
  "synthetic": true,
  "seed": 25,
  "columns": 600,
  "rows": 800,
  "spacing_mm": 0.3,
  "lesions": [
    {"lesion": 3, "kind": "spiculated-mass", "view": "L-MLO", "sop_instance_uid": "2.25.7", "box": [1, 2.5, 30, 40], "diameter_mm": 12.5, "depth_mm": 41}
  ]
}
)");
}

TEST(MakeExam, PassesTheDicomValidator) {
    if (test::program_path("dciodvfy").empty())
        GTEST_SKIP() << "skipped: dciodvfy (package dicom3tools) is not installed";
    const test::TemporaryFolder folder;
    for (const dicom::DataSet& view : make_exam(small(26)).views) {
        const auto path = folder.path() / "view.dcm";
        const auto report = folder.path() / "report.txt";
        write_file(path, view.to_part10());
        test::ChildProcess validator({"dciodvfy", path.string()}, report);
        EXPECT_EQ(validator.wait(), 0);
        const std::string text = validator.output();
        EXPECT_EQ(text.find("Error"), std::string::npos) << text;
        EXPECT_NE(text.find("MammographyImageForPresentation"), std::string::npos) << text;
    }
}

}  // namespace
}  // namespace lucerna::phantom
