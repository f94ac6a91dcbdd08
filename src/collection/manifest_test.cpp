#include "collection/manifest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "support/shared_data.h"

namespace lucerna::collection {
namespace {

using testing::HasSubstr;

constexpr const char* kHeader =
    "split,file,patient,laterality,view,density,image_malignant,x,y,w,h,lesion_pathology\n";

std::string refusal_of(const std::string& rows) {
    try {
        (void)parse_manifest(kHeader + rows);
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::kInvalidInput);
        return error.what();
    }
    return "accepted";
}

TEST(ParseManifest, GathersRowsOfOneImage) {
    const auto records = parse_manifest(std::string(kHeader) +
                                        "train,a.jpg,p1,LEFT,CC,3,1,1,2,3,4,MALIGNANT\n"
                                        "train,b.jpg,p2,R,MLO,1,0,,,,,\r\n"
                                        "train,a.jpg,p1,LEFT,CC,3,1,5,6,7,8,?\n");
    ASSERT_EQ(records.size(), 2U);
    EXPECT_EQ(records[0].lesions.size(), 2U);
    EXPECT_EQ(records[0].lesions[0].box, (exam::Box{1, 2, 3, 4}));
    EXPECT_EQ(records[0].lesions[1].pathology, Pathology::kUnknown);
    EXPECT_EQ(records[0].subgroups.at("density"), "3");
    EXPECT_EQ(records[0].exam, "p1");
    EXPECT_TRUE(records[1].lesions.empty());
    EXPECT_EQ(to_string(records[1].view), "R-MLO");
}

TEST(ParseManifest, ReadsQuotedFieldsAndSpacing) {
    const auto records = parse_manifest(
        "file,patient,laterality,view,image_malignant,x,y,w,h,lesion_pathology,site,spacing_mm\n"
        "a.png,p,L,CC,0,1,1,2,2,BENIGN,\"Bern, \"\"Insel\"\"\",0.07\n");
    EXPECT_EQ(records.at(0).subgroups.at("site"), "Bern, \"Insel\"");
    EXPECT_DOUBLE_EQ(records.at(0).row_spacing_mm.value(), 0.07);
    EXPECT_DOUBLE_EQ(records.at(0).column_spacing_mm.value(), 0.07);
}

TEST(ParseManifest, NamesTheLineAndTheFault) {
    const std::string good = "train,a.jpg,p1,LEFT,CC,3,1,1,2,3,4,MALIGNANT\n";
    EXPECT_THAT(refusal_of(good + "train,b.jpg,p2,LEFT,CC,3,1,1,2,3\n"),
                HasSubstr("line 3: has 10 fields"));
    EXPECT_THAT(refusal_of("train,a.jpg,p1,MIDDLE,CC,3,1,1,2,3,4,MALIGNANT\n"),
                HasSubstr("line 2: laterality is 'MIDDLE'"));
    EXPECT_THAT(refusal_of("train,a.jpg,p1,LEFT,TOP,3,1,1,2,3,4,MALIGNANT\n"),
                HasSubstr("view is 'TOP'"));
    EXPECT_THAT(refusal_of("train,a.jpg,p1,LEFT,CC,3,1,1,2,3,4,CANCER\n"),
                HasSubstr("lesion_pathology is 'CANCER'"));
    EXPECT_THAT(refusal_of("train,a.jpg,p1,LEFT,CC,3,yes,1,2,3,4,BENIGN\n"),
                HasSubstr("image_malignant is 'yes'"));
    EXPECT_THAT(refusal_of("train,a.jpg,p1,LEFT,CC,3,1,1,nan,3,4,MALIGNANT\n"),
                HasSubstr("y is not a number: 'nan'"));
    EXPECT_THAT(refusal_of("train,a.jpg,p1,LEFT,CC,3,1,1,2,,4,MALIGNANT\n"),
                HasSubstr("the box lacks"));
    EXPECT_THAT(refusal_of("train,a.jpg,p1,LEFT,CC,3,1,1,2,0,4,MALIGNANT\n"),
                HasSubstr("the box has no size"));
    EXPECT_THAT(refusal_of("train,../a.jpg,p1,LEFT,CC,3,1,1,2,3,4,MALIGNANT\n"),
                HasSubstr("file must lie below"));
    EXPECT_THAT(refusal_of("train,a.jpg,p1,LEFT,CC,3,0,1,2,3,4,MALIGNANT\n"),
                HasSubstr("image_malignant is 0, yet"));
}

TEST(ParseManifest, RefusesAPatientInTwoSplits) {
    EXPECT_THAT(refusal_of("train,a.jpg,p1,LEFT,CC,3,1,1,2,3,4,MALIGNANT\n"
                           "test,b.jpg,p1,LEFT,MLO,3,1,1,2,3,4,MALIGNANT\n"),
                HasSubstr("line 3: patient is in split 'test' here and in 'train' in line 2"));
}

TEST(ParseManifest, RefusesRowsOfOneImageThatDisagree) {
    EXPECT_THAT(refusal_of("train,a.jpg,p1,LEFT,CC,3,1,1,2,3,4,MALIGNANT\n"
                           "train,a.jpg,p1,RIGHT,CC,3,1,1,2,3,4,MALIGNANT\n"),
                HasSubstr("line 3: contradicts line 2"));
}

TEST(ParseManifest, NamesAMissingColumn) {
    try {
        (void)parse_manifest("file,patient\n");
        FAIL();
    } catch (const Error& error) {
        EXPECT_THAT(error.what(), HasSubstr("the column laterality is missing"));
    }
}

TEST(CheckBoxes, AllowsRoundingButNoMore) {
    const auto records =
        parse_manifest(std::string(kHeader) + "train,a.jpg,p1,LEFT,CC,3,1,90,2,11,4,MALIGNANT\n");
    EXPECT_NO_THROW(check_boxes(records[0], 100, 100));
    EXPECT_THROW(check_boxes(records[0], 98, 100), Error);
}

TEST(ReadManifest, ReadsTheRealCollection) {
    LUCERNA_NEEDS_SHARED_DATA("cbis-ddsm-mass");
    const auto records = read_manifest(test::shared_data() / "cbis-ddsm-mass" / "manifest.csv");
    EXPECT_EQ(records.size(), 1231U);
    std::size_t lesions = 0;
    for (const ImageRecord& record : records) lesions += record.lesions.size();
    EXPECT_EQ(lesions, 1318U);
}

}  // namespace
}  // namespace lucerna::collection
