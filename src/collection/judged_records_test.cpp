#include "collection/judged_records.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lucerna::collection {
namespace {

using enum Judgement;
using testing::ElementsAre;
using testing::SizeIs;

constexpr exam::ViewName kRightCc{exam::Laterality::kRight, exam::ViewPosition::kCc};
constexpr exam::ViewName kRightMlo{exam::Laterality::kRight, exam::ViewPosition::kMlo};

TEST(RecordsOf, MakesLabelsOfWhatPeopleDecided) {
    const JudgedExam judged{
        "1.2.3",
        "Doe",
        {{"sex", "F"}},
        {{"1.2.3.1", kRightCc, {{{1, 2, 3, 4}, kAccepted}, {{9, 9, 9, 9}, kDismissed}}},
         {"1.2.3.2", kRightMlo, {}}}};
    const JudgedRecords made = records_of({judged});
    EXPECT_THAT(made.left_out, SizeIs(0));
    ASSERT_THAT(made.records, SizeIs(2));
    const ImageRecord& suspicious = made.records[0];
    EXPECT_EQ(suspicious.file, "1.2.3.1");
    EXPECT_TRUE(suspicious.malignant);
    ASSERT_THAT(suspicious.lesions, SizeIs(1));
    EXPECT_EQ(suspicious.lesions[0].box, (exam::Box{1, 2, 3, 4}));
    EXPECT_EQ(suspicious.subgroups.at("labelled_by"), "reader");
    EXPECT_EQ(suspicious.subgroups.at("sex"), "F");
    EXPECT_FALSE(made.records[1].malignant);
    EXPECT_THAT(made.records[1].lesions, SizeIs(0));
    EXPECT_EQ(breast_key(made.records[0]), breast_key(made.records[1]));
}

TEST(RecordsOf, LeavesOutWhatNobodyJudged) {
    const JudgedExam open{
        "1.1", "A", {}, {{"1.1.1", kRightCc, {{{1, 2, 3, 4}, kAccepted}, {{5, 6, 7, 8}, kOpen}}}}};
    const JudgedExam silent{"1.2", "B", {}, {{"1.2.1", kRightCc, {}}}};
    const JudgedRecords made = records_of({open, silent});
    EXPECT_THAT(made.records, SizeIs(0));
    EXPECT_THAT(made.left_out,
                ElementsAre("1.1: 1 findings are not judged", "1.2: there was nothing to judge"));
}

TEST(RecordsOf, CarriesNoPatientAlong) {
    const auto exam = [](const std::string& study, const std::string& patient) {
        return JudgedExam{
            study, patient, {}, {{study + ".1", kRightCc, {{{1, 2, 3, 4}, kDismissed}}}}};
    };
    const JudgedRecords made = records_of({exam("1", "Doe"), exam("2", "Roe"), exam("3", "Doe")});
    ASSERT_THAT(made.records, SizeIs(3));
    EXPECT_EQ(made.records[0].patient, "patient-1");
    EXPECT_EQ(made.records[1].patient, "patient-2");
    EXPECT_EQ(made.records[2].patient, "patient-1");
    EXPECT_EQ(made.records[0].exam, "patient-1/1");
    EXPECT_EQ(made.records[2].exam, "patient-1/2");
}

}  // namespace
}  // namespace lucerna::collection
