#include "deidentify/whose_date.h"

#include <gtest/gtest.h>

#include "deidentify/example_object.h"

namespace lucerna::deidentify {
namespace {

using dicom::DataSet;
using dicom::Tag;
using test::deidentifier;
using test::example;
using test::made;
namespace tags = dicom::tags;

constexpr Tag kContextGroupVersion{0x0008, 0x0106};
constexpr Tag kTemplateVersion{0x0040, 0xDB06};
constexpr Tag kDateOfManufacture{0x0018, 0x1204};
constexpr Tag kDateOfLastDetectorCalibration{0x0018, 0x700C};
constexpr Tag kTimeOfLastDetectorCalibration{0x0018, 0x700E};
constexpr Tag kDateOfGainCalibration{0x0014, 0x3076};

DataSet with_days_of_others() {
    DataSet object = example();
    DataSet& code = object.add_item(tags::kViewCodeSequence);
    code.set_text(tags::kCodeValue, "399162004");
    code.set_text(kContextGroupVersion, "20020904");
    DataSet& step = object.add_item(tags::kContentTemplateSequence);
    step.set_text(kTemplateVersion, "20160914");
    const std::string_view made = "20200101";
    object.set_bytes(kDateOfManufacture, "DA", {made.begin(), made.end()});
    object.set_text(kDateOfLastDetectorCalibration, "20231201");
    object.set_text(kTimeOfLastDetectorCalibration, "070000");
    object.set_text(kDateOfGainCalibration, "20231202");
    return object;
}

TEST(WhoseDate, NeverMovesADayThatIsPublishedOrADevices) {
    const DataSet d = made(deidentifier("basic+modified-dates"), with_days_of_others());
    EXPECT_EQ(d.items(tags::kViewCodeSequence).front().text(kContextGroupVersion), "20020904");
    EXPECT_EQ(d.items(tags::kContentTemplateSequence).front().text(kTemplateVersion), "20160914");
    EXPECT_FALSE(d.has(kDateOfManufacture));
    EXPECT_FALSE(d.has(kDateOfLastDetectorCalibration));
    EXPECT_FALSE(d.has(kTimeOfLastDetectorCalibration));
    EXPECT_EQ(d.text(kDateOfGainCalibration), "19700101");
    EXPECT_NE(d.text(tags::kStudyDate), "20240310");
    EXPECT_TRUE(d.has_value(tags::kStudyDate));
}

TEST(WhoseDate, LetsNothingButADateStayAsPublished) {
    DataSet object = with_days_of_others();
    object.remove(tags::kViewCodeSequence);
    object.add_item(tags::kViewCodeSequence).set_text(kContextGroupVersion, "19610203-DOE");
    const DataSet d = made(deidentifier("basic+modified-dates"), std::move(object));
    EXPECT_EQ(d.items(tags::kViewCodeSequence).front().text(kContextGroupVersion),
              "19700101000000");
}

TEST(WhoseDate, KeepsThoseOfDevicesWhereTheyAreAskedFor) {
    for (const char* profile : {"basic+full-dates", "basic+device-identity"})
        EXPECT_EQ(made(deidentifier(profile), with_days_of_others()).text(kDateOfManufacture),
                  "20200101")
            << profile;
    EXPECT_FALSE(made(deidentifier("basic+device-identity+modified-dates"), with_days_of_others())
                     .has(kDateOfManufacture));
}

TEST(WhoseDate, TakesTheDayOfACalibrationOutOfAReport) {
    DataSet object = example();
    for (const char* code : {"113723", "111060"}) {
        DataSet& item = object.add_item(tags::kContentSequence);
        item.set_text(tags::kValueType, "DATETIME");
        item.set_text({0x0040, 0xA120}, "20231201070000");
        DataSet& name = item.add_item(tags::kConceptNameCodeSequence);
        name.set_text(tags::kCodeValue, code);
        name.set_text(tags::kCodingSchemeDesignator, "DCM");
    }
    const DataSet d = made(deidentifier("screening"), std::move(object));
    ASSERT_EQ(d.items(tags::kContentSequence).size(), 1U);
    EXPECT_EQ(d.items(tags::kContentSequence)
                  .front()
                  .items(tags::kConceptNameCodeSequence)
                  .front()
                  .text(tags::kCodeValue),
              "111060");
}

DataSet own_result() {
    DataSet object = example();
    object.set_text(tags::kManufacturer, "Lucerna");
    object.set_text(tags::kManufacturerModelName, "Lucerna");
    object.set_texts(tags::kImageType,
                     std::vector<std::string>{"DERIVED", "SECONDARY", "AI_FINDINGS"});
    for (const Tag tag : {tags::kInstanceCreationDate, tags::kSeriesDate, tags::kContentDate})
        object.set_text(tag, "20261128");
    object.set_text(tags::kContentTime, "184624");
    object.add_item(tags::kContentSequence).set_text({0x0040, 0xA120}, "20261128184624");
    object.add_item(tags::kContentSequence).set_text({0x0040, 0xA121}, "20240301");
    return object;
}

TEST(WhoseDate, DatesOwnResultsByTheirStudy) {
    const auto one = deidentifier("screening");
    const DataSet d = made(one, own_result());
    const std::string day = d.text_or(tags::kStudyDate, "");
    EXPECT_EQ(day.size(), 8U);
    for (const Tag tag : {tags::kInstanceCreationDate, tags::kSeriesDate, tags::kContentDate})
        EXPECT_EQ(d.text_or(tag, ""), day) << dicom::to_string(tag);
    const auto& content = d.items(tags::kContentSequence);
    EXPECT_EQ(content.front().text_or({0x0040, 0xA120}, ""), day);
    EXPECT_LT(content.back().text_or({0x0040, 0xA121}, "9"), day) << "earlier ones are hers";

    DataSet anothers = own_result();
    anothers.set_text(tags::kManufacturerModelName, "Synthetic mammography phantom");
    EXPECT_NE(made(one, std::move(anothers)).text_or(tags::kContentDate, ""), day);
    EXPECT_EQ(made(deidentifier("basic+full-dates"), own_result()).text(tags::kContentDate),
              "20261128");
}

TEST(WhoseDate, LeavesOwnResultsOfAnUnknownDayWithout) {
    DataSet object = own_result();
    object.set_empty(tags::kStudyDate);
    const DataSet d = made(deidentifier("screening"), std::move(object));
    EXPECT_FALSE(d.has_value(tags::kContentDate));
    EXPECT_FALSE(d.has_value(tags::kSeriesDate));
    EXPECT_EQ(d.items(tags::kContentSequence).front().text({0x0040, 0xA120}), "19700101000000");
}

}  // namespace
}  // namespace lucerna::deidentify
