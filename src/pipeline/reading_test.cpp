#include "pipeline/reading.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "dicom/tags.h"
#include "phantom/phantom.h"
#include "pipeline/model_opening.h"
#include "support/temporary_folder.h"
#include "support/tiny_package.h"

namespace lucerna::pipeline {
namespace {

using testing::SizeIs;

class ReadingTest : public testing::Test {
  protected:
    ReadingTest() {
        test::write_package(folder_.path(), {}, test::tiny_mammography_manifest());
        phantom::PhantomOptions options;
        options.columns = 450;
        options.rows = 600;
        options.spacing_mm = 0.4;
        exam_ = phantom::make_exam(options);
        // Two of one view, and one of nothing: refusals have an order too.
        exam_.views.push_back(exam_.views.at(1).clone());
        exam_.views.back().set_text(dicom::kSopInstanceUid, "2.25.4711");
        exam_.views.push_back(exam_.views.at(2).clone());
        exam_.views.back().set_text(dicom::kSopInstanceUid, "2.25.4712");
        exam_.views.back().set_text(dicom::kModality, "CT");
    }

    [[nodiscard]] PreparedExam prepared(const exam::InputContract& contract, int at_once,
                                        const OnProgress& progress = {}) const {
        const auto load = [this](std::size_t i) { return exam_.views.at(i).clone(); };
        return prepare_exam({subject_of(exam_.views.at(0).text_or(dicom::kStudyInstanceUid, ""),
                                        store::study_facts_of(exam_.views.at(0))),
                             exam_.views.size(), load},
                            contract, at_once, progress);
    }
    /// findings.json, then every object.
    [[nodiscard]] std::vector<std::string> outcome(ModelOpening& opening, int at_once) const {
        PreparedExam exam = prepared(opening.contract(), at_once);
        const exam::ExamReading reading = read_exam(exam, opening.model(), {}, clock_);
        std::vector<std::string> all{compose::findings_json(reading)};
        for (const compose::Result& result : compose_exam(reading, exam.pictures, at_once))
            all.emplace_back(as_text(result.part10));
        return all;
    }

    test::TemporaryFolder folder_;
    ManualClock clock_{from_rfc3339("2026-03-01T08:00:00.000Z")};
    phantom::Exam exam_;
};

TEST_F(ReadingTest, IsTheSameHoweverManyViewsAreReadAtOnce) {
    ModelOpening alone(folder_.path(), {}, 1, infer::Scratch::kArena);
    ModelOpening many(folder_.path(), {}, 4, infer::Scratch::kHeap);
    const std::vector<std::string> one_by_one = outcome(alone, 1);
    // Of each image a capture, beside findings.json and the reports.
    ASSERT_THAT(one_by_one, SizeIs(3 + 6));
    EXPECT_EQ(alone.model().pictures_at_once(), 1);
    EXPECT_EQ(many.model().pictures_at_once(), 4);
    for (int round = 0; round < 3; ++round) EXPECT_TRUE(outcome(many, 4) == one_by_one);
}

TEST_F(ReadingTest, OfTheOthersIsNotKeptByAPictureInColor) {
    dicom::DataSet& colored = exam_.views.emplace_back(exam_.views.at(0).clone());
    colored.set_text(dicom::kSopInstanceUid, "2.25.4713");
    dicom::PixelLayout layout;
    layout.rows = layout.columns = 64;
    layout.photometric_interpretation = "PALETTE COLOR";
    layout.bits_allocated = layout.bits_stored = 8;
    colored.set_pixels(layout, Bytes(64 * 64, 1));
    for (const dicom::Tag descriptor :
         {dicom::Tag{0x0028, 0x1101}, dicom::Tag{0x0028, 0x1102}, dicom::Tag{0x0028, 0x1103}})
        colored.set_bytes(descriptor, "US", {0, 1, 0, 0, 8, 0});
    for (const dicom::Tag data :
         {dicom::Tag{0x0028, 0x1201}, dicom::Tag{0x0028, 0x1202}, dicom::Tag{0x0028, 0x1203}})
        colored.set_bytes(data, "OW", Bytes(256, 7));
    ModelOpening opening(folder_.path(), {}, 1, infer::Scratch::kArena);
    EXPECT_THAT(outcome(opening, 1), SizeIs(3 + 6)) << "and no capture of it";
}

TEST_F(ReadingTest, StopsWhenProgressIsCancelled) {
    ModelOpening opening(folder_.path(), {}, 2, infer::Scratch::kArena);
    const auto cancel = [](const Progress&) { throw Error(ErrorCode::kCancelled, "stop"); };
    EXPECT_THROW((void)prepared(opening.contract(), 1, cancel), Error);
}

TEST_F(ReadingTest, RefusesAPackageWhoseNetworkIsNotTheOneListed) {
    write_file(folder_.path() / "model.onnx", as_byte_view("another network"));
    ModelOpening opening(folder_.path(), {}, 1, infer::Scratch::kArena);
    EXPECT_THROW((void)opening.model(), Error);
}

TEST_F(ReadingTest, CallsNoWomanSyntheticForAWord) {
    EXPECT_TRUE(is_synthetic(exam_.views.at(0)));
    const auto says = [](dicom::Tag tag, const std::string& text) {
        dicom::DataSet image;
        image.set_text(dicom::kPatientName, "Meier^Anna");
        image.set_text(tag, text);
        return is_synthetic(image);
    };
    EXPECT_FALSE(says(dicom::kSeriesDescription, "R CC Synthetic 2D"));
    EXPECT_FALSE(says(dicom::kImageComments, "synthetic from tomosynthesis"));
    EXPECT_FALSE(says(dicom::kPatientName, "Syntheticson^Anna"));
    EXPECT_TRUE(says(dicom::kPatientName, "SYNTHETIC^Phantom"));
    EXPECT_TRUE(says(dicom::kImageComments, "Synthetic phantom. Not a patient."));
    EXPECT_TRUE(says(dicom::kSeriesDescription, "Synthetic phantom, not a patient"));
}

}  // namespace
}  // namespace lucerna::pipeline
