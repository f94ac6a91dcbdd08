#include "pipeline/images_to_read.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "dicom/uids.h"

namespace lucerna::pipeline {
namespace {

using testing::Contains;
using testing::Not;
using testing::SizeIs;

/// A study in the archive, and what the headers in it say.
class ImagesToReadTest : public testing::Test {
  protected:
    static exam::InputContract contract() {
        exam::InputContract contract;
        contract.modality = "MG";
        contract.presentation_intents = {"FOR PRESENTATION"};
        contract.views = {"R-CC", "L-CC", "R-MLO", "L-MLO"};
        return contract;
    }
    void add(const std::string& uid, const std::string& view, prepare::Claim claim,
             std::string_view sop_class = dicom::sop_class::kDigitalMammographyForPresentation) {
        store::InstanceRow row;
        row.sop_instance_uid = uid;
        row.sop_class_uid = sop_class;
        row.view = view;
        row.rows = row.columns = 1000;
        rows_.push_back(row);
        claims_[uid] = std::move(claim);
    }
    static prepare::Claim exposure(const std::string& date = "20260301") {
        prepare::Claim claim;
        claim.acquired.date = date;
        claim.is_of_a_patient = true;
        return claim;
    }
    /// The UIDs of what is chosen.
    std::vector<std::string> chosen() {
        looked_at_.clear();
        const ImagesToRead images =
            images_to_read(rows_, contract(), [this](const store::InstanceRow& row) {
                looked_at_.push_back(row.sop_instance_uid);
                return claims_.at(row.sop_instance_uid);
            });
        are_beside_a_patients_ = images.are_beside_a_patients;
        std::vector<std::string> uids;
        for (const store::InstanceRow& row : images.images) uids.push_back(row.sop_instance_uid);
        return uids;
    }

    std::vector<store::InstanceRow> rows_;
    std::map<std::string, prepare::Claim> claims_;
    std::vector<std::string> looked_at_;
    bool are_beside_a_patients_ = false;
};

TEST_F(ImagesToReadTest, TakesTheNewestExposureOfEachViewWhateverIsInFrontOfIt) {
    prepare::Claim section = exposure("20260309");
    section.is_refused = true;
    prepare::Claim generated = exposure("20260308");
    generated.is_an_exposure = false;
    prepare::Claim phantom = exposure("20260307");
    phantom.quality_control = dicom::kQualityControlImage;
    phantom.is_of_a_patient = false;
    const std::pair<const char*, prepare::Claim> crowds[] = {{"section", section},
                                                             {"generated", generated},
                                                             {"phantom", phantom},
                                                             {"repeat", exposure("20260228")}};
    for (const auto& [name, claim] : crowds)
        for (const std::string& view : contract().views)
            for (int i = 0; i < 300; ++i) add(name + view + std::to_string(i), view, claim);
    for (const std::string& view : contract().views) add("newest " + view, view, exposure());
    const std::vector<std::string> uids = chosen();
    EXPECT_THAT(uids, SizeIs(24));
    for (const std::string& view : contract().views) EXPECT_THAT(uids, Contains("newest " + view));
    EXPECT_TRUE(are_beside_a_patients_);
}

TEST_F(ImagesToReadTest, LooksAtNoHeaderThatCannotMatter) {
    for (int i = 0; i < 300; ++i) {
        const std::string n = std::to_string(i);
        add("raw" + n, "R-CC", exposure("20260309"),
            dicom::sop_class::kDigitalMammographyForProcessing);
        add("capture" + n, "R-CC", exposure("20260309"), dicom::sop_class::kSecondaryCapture);
        add("frames" + n, "R-CC", exposure("20260309"), dicom::sop_class::kBreastTomosynthesis);
        rows_.back().number_of_frames = 60;
    }
    add("newest", "R-CC", exposure());
    EXPECT_THAT(chosen(), Contains("newest"));
    EXPECT_THAT(looked_at_, testing::ElementsAre("newest"));
    rows_.erase(rows_.begin(), rows_.end() - 9);
    EXPECT_THAT(chosen(), SizeIs(9));
    EXPECT_THAT(looked_at_, SizeIs(0)) << "all of them are read";
}

TEST_F(ImagesToReadTest, TakesTheViewsThatAreAskedForBeforeOthersAndThoseBeforeNone) {
    for (int i = 0; i < 30; ++i) {
        add("none" + std::to_string(i), "", exposure("20260309"));
        add("other" + std::to_string(i), "R-XCCL", exposure("20260309"));
    }
    for (const std::string& view : contract().views) add(view, view, exposure());
    const std::vector<std::string> uids = chosen();
    for (const std::string& view : contract().views) EXPECT_THAT(uids, Contains(view));
    EXPECT_THAT(uids, Contains("other0"));
    EXPECT_THAT(uids, Not(Contains("none0")));
}

TEST_F(ImagesToReadTest, SaysThatAPatientIsOnWhatIsLeftOut) {
    prepare::Claim phantom;
    phantom.quality_control = dicom::kQualityControlImage;
    for (int i = 0; i < 30; ++i) add("phantom" + std::to_string(i), "R-CC", phantom);
    static_cast<void>(chosen());
    EXPECT_FALSE(are_beside_a_patients_);
    prepare::Claim hers = exposure();
    hers.is_refused = true;
    add("hers", "", hers);
    EXPECT_THAT(chosen(), Not(Contains("hers")));
    EXPECT_TRUE(are_beside_a_patients_);
}

}  // namespace
}  // namespace lucerna::pipeline
