#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "base/error.h"
#include "compose/compose.h"
#include "compose/example_reading.h"
#include "compose/wording.h"
#include "dicom/data_set.h"
#include "dicom/frames.h"

namespace lucerna::compose {
namespace {

using dicom::DataSet;

Result capture_of(const exam::ExamReading& reading, const RenderedView& rendering) {
    return compose_results(reading, std::span(&rendering, 1)).back();
}

struct Pixel {
    int red, green, blue;
    [[nodiscard]] bool grey() const { return red == green && green == blue; }
};

Pixel pixel_at(const dicom::DecodedFrame& frame, int x, int y) {
    const auto at = 3 * (static_cast<std::size_t>(y) * static_cast<std::size_t>(frame.columns) +
                         static_cast<std::size_t>(x));
    return {frame.samples[at], frame.samples[at + 1], frame.samples[at + 2]};
}

TEST(Capture, DrawsTheContourWhereTheFindingIs) {
    const exam::ExamReading reading = example_reading();
    const double scale = 0.25;
    const DataSet object =
        DataSet::parse(capture_of(reading, example_rendering(reading, 0, scale)).part10);
    const dicom::DecodedFrame frame = dicom::decode_frame(object, 0);
    const exam::Box& box = reading.views[0].findings[0].box;
    const auto x = [&](double share) {
        return static_cast<int>((box.left + share * box.width) * scale);
    };
    const auto y = [&](double share) {
        return static_cast<int>((box.top + share * box.height) * scale);
    };
    EXPECT_FALSE(pixel_at(frame, x(0), y(0.5)).grey());
    EXPECT_FALSE(pixel_at(frame, x(0.5), y(1)).grey());
    EXPECT_TRUE(pixel_at(frame, x(0.5), y(0.5)).grey());
}

TEST(Capture, ShowsByColourWhatReachesAnOperatingPoint) {
    const exam::ExamReading reading = example_reading();
    const auto count = [&reading](std::size_t view) {
        const DataSet object =
            DataSet::parse(capture_of(reading, example_rendering(reading, view, 0.25)).part10);
        const dicom::DecodedFrame frame = dicom::decode_frame(object, 0);
        int warm = 0, cold = 0;
        for (int y = 0; y < 832; ++y)
            for (int x = 0; x < 640; ++x) {
                const Pixel pixel = pixel_at(frame, x, y);
                if (pixel.red > pixel.blue + 100) ++warm;
                if (pixel.blue > pixel.red + 100) ++cold;
            }
        return std::pair(warm, cold);
    };
    EXPECT_GT(count(2).first, 200);
    EXPECT_EQ(count(2).second, 0);
    EXPECT_EQ(count(0).first, 0);
    EXPECT_GT(count(0).second, 200);
}

TEST(Capture, LeavesTheRestOfThePictureAsItWas) {
    const exam::ExamReading reading = example_reading();
    const RenderedView rendering = example_rendering(reading, 1, 0.25);
    const DataSet object = DataSet::parse(capture_of(reading, rendering).part10);
    const dicom::DecodedFrame frame = dicom::decode_frame(object, 0);
    ASSERT_EQ(frame.columns, rendering.pixels.width);
    ASSERT_GT(frame.rows, rendering.pixels.height);
    for (int y = 0; y < rendering.pixels.height; ++y)
        for (int x = 0; x < rendering.pixels.width; ++x) {
            const Pixel pixel = pixel_at(frame, x, y);
            ASSERT_TRUE(pixel.grey());
            ASSERT_EQ(pixel.red, rendering.pixels.at(x, y));
        }
}

int lit_rows_below(const exam::ExamReading& reading, const RenderedView& rendering) {
    const DataSet object = DataSet::parse(capture_of(reading, rendering).part10);
    const dicom::DecodedFrame frame = dicom::decode_frame(object, 0);
    int lit = 0;
    for (int y = rendering.pixels.height; y < frame.rows; ++y)
        for (int x = 0; x < frame.columns; ++x)
            if (pixel_at(frame, x, y).red > 150) {
                ++lit;
                break;
            }
    return lit;
}

TEST(Capture, WritesMoreWhenTheImagesAreSynthetic) {
    exam::ExamReading reading = example_reading();
    const RenderedView rendering = example_rendering(reading, 0, 0.25);
    const int with = lit_rows_below(reading, rendering);
    reading.synthetic = false;
    const int without = lit_rows_below(reading, rendering);
    EXPECT_GT(without, 20);
    EXPECT_GT(with, without);
}

TEST(Capture, IsWrittenForARefusedViewToo) {
    const exam::ExamReading reading = example_reading();
    RenderedView rendering = example_rendering(reading, 0, 0.1);
    rendering.sop_instance_uid = reading.refusals[0].sop_instance_uid;
    const Result result = capture_of(reading, rendering);
    EXPECT_EQ(result.view, "L-MLO");
    const DataSet object = DataSet::parse(result.part10);
    EXPECT_EQ(object.text_or(dicom::kImageLaterality, ""), "L");
    EXPECT_GT(lit_rows_below(reading, rendering), 20);
}

/// One that was refused, of which the header says what may name somebody.
exam::ExamReading with_header(const std::string& said) {
    exam::ExamReading reading = example_reading();
    exam::Refusal& refusal = reading.refusals[0];
    refusal.what = "The paddle is for spot compression: '" + said + "'";
    refusal.where = said;
    refusal.remedy = said;
    refusal.view = said;
    return reading;
}

TEST(Capture, OfARefusedImageHasNothingOfItsHeader) {
    const auto made_of = [](const std::string& said) {
        const exam::ExamReading reading = with_header(said);
        RenderedView rendering = example_rendering(reading, 0, 0.1);
        rendering.sop_instance_uid = reading.refusals[0].sop_instance_uid;
        const Result result = capture_of(reading, rendering);
        EXPECT_TRUE(result.is_of_refused_image);
        return DataSet::parse(result.part10);
    };
    const DataSet named = made_of("Doe Jane 1970-01-02");
    EXPECT_EQ(dicom::decode_frame(named, 0).samples, dicom::decode_frame(made_of(""), 0).samples);
    EXPECT_THAT(named.texts(dicom::kImageType),
                testing::ElementsAre("DERIVED", "SECONDARY", "NOT_READ"));
    EXPECT_THAT(named.text_or(dicom::kDerivationDescription, ""),
                testing::AllOf(testing::HasSubstr("View unknown"),
                               testing::Not(testing::HasSubstr("Doe"))));
}

TEST(Capture, OfAViewWithoutANameDoesNotDrawItsUid) {
    const auto made_of = [](const std::string& uid) {
        exam::ExamReading reading = example_reading();
        reading.views[0].source.name.reset();
        reading.views[0].source.sop_instance_uid = uid;
        return DataSet::parse(capture_of(reading, example_rendering(reading, 0, 0.1)).part10);
    };
    const DataSet one = made_of("1.2.3");
    EXPECT_EQ(dicom::decode_frame(one, 0).samples,
              dicom::decode_frame(made_of("1.2.826.0.1.3680043.10.9999"), 0).samples);
    EXPECT_THAT(one.texts(dicom::kImageType),
                testing::ElementsAre("DERIVED", "SECONDARY", "AI_FINDINGS"));
    EXPECT_THAT(one.text_or(dicom::kDerivationDescription, ""),
                testing::Not(testing::HasSubstr("1.2.3")));
}

TEST(Capture, SaysEveryKindOfRefusalInWordsOfItsOwn) {
    std::set<std::string> sentences;
    for (int i = 0; i <= static_cast<int>(exam::RefusalReason::kAnotherPatient); ++i) {
        exam::Refusal refusal;
        refusal.reason = static_cast<exam::RefusalReason>(i);
        refusal.view = "R-CC";
        const std::string sentence = drawn_refusal(refusal);
        EXPECT_THAT(sentence, testing::StartsWith("R-CC not read: "));
        EXPECT_TRUE(sentences.insert(sentence).second) << sentence;
    }
}

TEST(Capture, OfAViewIsNumberedTheSameWhateverElseThereIs) {
    exam::ExamReading reading = example_reading();
    const RenderedView rendering = example_rendering(reading, 3, 0.05);
    const Result last = capture_of(reading, rendering);
    reading.views.erase(reading.views.begin());
    const Result first = capture_of(reading, rendering);
    EXPECT_EQ(first.sop_instance_uid, last.sop_instance_uid);
    EXPECT_EQ(DataSet::parse(first.part10).integer(dicom::kInstanceNumber), 4);
}

TEST(Capture, OfARefusedImageIsTheSameWhateverElseThereIs) {
    exam::ExamReading reading = with_header("");
    RenderedView refused = example_rendering(reading, 0, 0.1);
    refused.sop_instance_uid = reading.refusals[0].sop_instance_uid;
    const Result before = capture_of(reading, refused);
    exam::Refusal another = reading.refusals[0];
    another.sop_instance_uid += ".1";
    reading.refusals.insert(reading.refusals.begin(), another);
    RenderedView of_another = refused;
    of_another.sop_instance_uid = another.sop_instance_uid;
    const std::vector<RenderedView> more = {of_another, refused};
    const std::vector<Result> after = compose_results(reading, more);
    EXPECT_EQ(after.back().sop_instance_uid, before.sop_instance_uid);
    const auto number = [](const Result& result) {
        return DataSet::parse(result.part10).integer(dicom::kInstanceNumber);
    };
    EXPECT_EQ(number(after.back()), number(before));
    EXPECT_NE(number(after[after.size() - 2]), number(before));
    EXPECT_GT(number(before).value_or(0), 4);
}

TEST(Capture, NamesItsSourceAndNoPersonInThePicture) {
    const exam::ExamReading reading = example_reading();
    const Result result = capture_of(reading, example_rendering(reading, 2, 0.1));
    EXPECT_EQ(result.view, "R-MLO");
    const DataSet object = DataSet::parse(result.part10);
    EXPECT_EQ(object.items(dicom::kSourceImageSequence)
                  .at(0)
                  .text_or(dicom::kReferencedSopInstanceUid, ""),
              reading.views[2].source.sop_instance_uid);
    EXPECT_EQ(object.text_or(dicom::kBurnedInAnnotation, ""), "NO");
    EXPECT_EQ(object.text_or(dicom::kImageLaterality, ""), "R");
    EXPECT_EQ(object.text_or(dicom::kPhotometricInterpretation, ""), "RGB");
    EXPECT_THAT(object.text_or(dicom::kDerivationDescription, ""),
                testing::HasSubstr("Research use only"));
}

TEST(Capture, SaysSoWhenTheImageHadSomethingBurnedIn) {
    const exam::ExamReading reading = example_reading();
    RenderedView rendering = example_rendering(reading, 2, 0.1);
    rendering.burned_in_annotation = "YES";
    EXPECT_EQ(DataSet::parse(capture_of(reading, rendering).part10)
                  .text_or(dicom::kBurnedInAnnotation, ""),
              "YES");
    rendering.burned_in_annotation = "";
    EXPECT_FALSE(
        DataSet::parse(capture_of(reading, rendering).part10).has(dicom::kBurnedInAnnotation));
}

TEST(Capture, ComesInTheOrderOfTheViews) {
    const exam::ExamReading reading = example_reading();
    const std::vector<RenderedView> renderings = {example_rendering(reading, 3, 0.05),
                                                  example_rendering(reading, 0, 0.05)};
    const std::vector<Result> results = compose_results(reading, renderings);
    ASSERT_EQ(results.size(), 4U);
    EXPECT_EQ(results[2].view, "R-CC");
    EXPECT_EQ(results[3].view, "L-MLO");
}

TEST(Capture, RefusesAPictureOfAnotherExam) {
    const exam::ExamReading reading = example_reading();
    RenderedView rendering = example_rendering(reading, 0, 0.05);
    rendering.sop_instance_uid = "1.2.3";
    EXPECT_THROW(static_cast<void>(capture_of(reading, rendering)), Error);
}

TEST(Capture, RefusesAPictureWithoutPixels) {
    const exam::ExamReading reading = example_reading();
    RenderedView rendering = example_rendering(reading, 0, 0.05);
    rendering.pixels.pixels.pop_back();
    EXPECT_THROW(static_cast<void>(capture_of(reading, rendering)), Error);
    rendering = example_rendering(reading, 0, 0.05);
    rendering.scale = 0;
    EXPECT_THROW(static_cast<void>(capture_of(reading, rendering)), Error);
}

}  // namespace
}  // namespace lucerna::compose
