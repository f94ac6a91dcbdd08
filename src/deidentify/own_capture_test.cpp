#include "deidentify/own_capture.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "deidentify/example_object.h"
#include "dicom/uids.h"

namespace lucerna::deidentify {
namespace {

using dicom::DataSet;
namespace tags = dicom::tags;

DataSet capture(const std::vector<std::string>& image_type) {
    DataSet object = test::example();
    object.set_text(tags::kManufacturer, "Lucerna");
    object.set_text(tags::kManufacturerModelName, "Lucerna");
    object.set_texts(tags::kImageType, image_type);
    return object;
}

bool is_refused(const DataSet& object, const char* profile) {
    const auto outcome = test::deidentifier(profile).run(object.clone());
    const auto* refusal = std::get_if<exam::Refusal>(&outcome);
    if (refusal == nullptr) return false;
    EXPECT_EQ(refusal->where, dicom::describe(tags::kImageType));
    return true;
}

constexpr const char* kProfiles[] = {"screening", "basic", "basic+clean-pixel-data"};

TEST(OwnCapture, OfWhatWasNotReadIsNotGivenOutUnderAnyProfile) {
    for (const char* profile : kProfiles) {
        EXPECT_TRUE(is_refused(capture({"DERIVED", "SECONDARY", "NOT_READ"}), profile)) << profile;
        EXPECT_TRUE(is_refused(capture({"DERIVED", "SECONDARY"}), profile))
            << profile << ": an earlier version drew what the header says";
        EXPECT_FALSE(is_refused(capture({"DERIVED", "SECONDARY", "AI_FINDINGS"}), profile))
            << profile;
    }
}

TEST(OwnCapture, IsNoOtherPicture) {
    DataSet anothers = capture({"DERIVED", "SECONDARY"});
    anothers.set_text(tags::kManufacturer, "Another");
    EXPECT_FALSE(is_refused(anothers, "basic"));
    DataSet report = capture({"DERIVED", "SECONDARY"});
    report.set_text(tags::kSopClassUid, dicom::sop_class::kMammographyCadSr);
    EXPECT_FALSE(is_refused(report, "basic"));
}

TEST(OwnCapture, IsRefusedAgainWhenItWasGivenOutByAnEarlierVersion) {
    const auto one = test::deidentifier("basic");
    const DataSet given = test::made(one, capture({"DERIVED", "SECONDARY", "AI_FINDINGS"}));
    EXPECT_FALSE(is_refused(given, "basic"));
    DataSet earlier = given.clone();
    earlier.set_texts(tags::kImageType, std::vector<std::string>{"DERIVED", "SECONDARY"});
    EXPECT_TRUE(is_refused(earlier, "basic"));
}

}  // namespace
}  // namespace lucerna::deidentify
