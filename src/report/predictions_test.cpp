#include "report/predictions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace lucerna::report {
namespace {

using ::testing::HasSubstr;

std::string refusal_of(const std::string& text) {
    try {
        (void)parse_predictions(text);
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::kInvalidInput);
        return error.what();
    }
    return "was accepted";
}

TEST(Predictions, AreReadAsTrainingWritesThem) {
    const auto predictions = parse_predictions(
        "file,patient,fold,image_score,x,y,w,h,presence,suspicion\n"
        "a.jpg,p1,0,0.75,1,2,3,4,0.5,0.25\n"
        "a.jpg,p1,0,0.75,5,6,7,8,0.4,0.125\n"
        "b.jpg,p2,1,0.5,,,,,,\n");
    ASSERT_EQ(predictions.size(), 2U);
    ASSERT_EQ(predictions[0].marks.size(), 2U);
    EXPECT_EQ(predictions[0].marks[1].box, (exam::Box{5, 6, 7, 8}));
    EXPECT_EQ(predictions[0].marks[0].suspicion, 0.25);
    EXPECT_TRUE(predictions[1].marks.empty());
    EXPECT_EQ(predictions[1].score, 0.5);
}

TEST(Predictions, NeedNoMoreThanAScore) {
    const auto predictions =
        parse_predictions("\xEF\xBB\xBFimage_score,file\r\n0.5,\"a, b.jpg\"\r\n");
    ASSERT_EQ(predictions.size(), 1U);
    EXPECT_EQ(predictions[0].file, "a, b.jpg");
}

TEST(Predictions, MayScoreMarksOnce) {
    const auto predictions =
        parse_predictions("file,image_score,x,y,w,h,score\na.jpg,1,1,2,3,4,0.9\n");
    EXPECT_EQ(predictions[0].marks[0].presence, 0.9);
    EXPECT_EQ(predictions[0].marks[0].suspicion, 0.9);
}

TEST(Predictions, ComeBackFromCsv) {
    const std::vector<ImagePrediction> predictions{
        {"a,\"b\".jpg", 0.1, {{{1, 2, 3, 4}, 1.0 / 3, 0.2}}}, {"c.jpg", -7, {}}};
    const auto again = parse_predictions(predictions_csv(predictions));
    ASSERT_EQ(again.size(), 2U);
    EXPECT_EQ(again[0].file, predictions[0].file);
    EXPECT_EQ(again[0].marks[0].presence, 1.0 / 3);
    EXPECT_EQ(again[1].score, -7);
}

TEST(Predictions, AreReadFromJson) {
    const auto predictions = parse_predictions(
        R"({"images": [{"file": "a.jpg", "image_score": 0.75,
            "marks": [{"x": 1, "y": 2, "w": 3, "h": 4, "score": 0.5}]},
            {"file": "b.jpg", "image_score": 0.5}]})");
    ASSERT_EQ(predictions.size(), 2U);
    EXPECT_EQ(predictions[0].marks[0].presence, 0.5);
}

TEST(Predictions, NameWhatIsWrongAndWhere) {
    const std::string head = "file,image_score,x,y,w,h,presence,suspicion\n";
    EXPECT_THAT(refusal_of(""), HasSubstr("empty"));
    EXPECT_THAT(refusal_of("file,score\n"), HasSubstr("image_score is missing"));
    EXPECT_THAT(refusal_of(head + "a.jpg,high,,,,,,\n"), HasSubstr("line 2"));
    EXPECT_THAT(refusal_of(head + "a.jpg,nan,,,,,,\n"), HasSubstr("not a number"));
    EXPECT_THAT(refusal_of(head + "a.jpg,1,1,2,3,,1,1\n"), HasSubstr("lacks one of"));
    EXPECT_THAT(refusal_of(head + "a.jpg,1,1,2,3,4,,\n"), HasSubstr("without presence"));
    EXPECT_THAT(refusal_of(head + "a.jpg,1,1,2,-3,4,1,1\n"), HasSubstr("negative size"));
    EXPECT_THAT(refusal_of(head + "a.jpg,1,,,,,,\na.jpg,2,,,,,,\n"), HasSubstr("another score"));
    EXPECT_THAT(refusal_of(head + "a.jpg,1\n"), HasSubstr("has 2 fields"));
    EXPECT_THAT(refusal_of("{\"images\": 3}"), HasSubstr("no array"));
    EXPECT_THAT(refusal_of("{\"images\": [{\"file\": \"a\"}]}"),
                HasSubstr("image_score is missing"));
    EXPECT_THAT(refusal_of("{"), HasSubstr("not readable as JSON"));
}

TEST(WithoutDoubles, KeepsTheSurer) {
    const std::vector<PredictedMark> marks{
        {{0, 0, 10, 10}, 0.5, 0.9}, {{1, 0, 10, 10}, 0.8, 0.1}, {{50, 50, 10, 10}, 0.1, 0.1}};
    const auto kept = without_doubles(marks, 0.3);
    ASSERT_EQ(kept.size(), 2U);
    EXPECT_EQ(kept[0].presence, 0.8);
    EXPECT_EQ(without_doubles(marks, 1).size(), 3U);
}

}  // namespace
}  // namespace lucerna::report
