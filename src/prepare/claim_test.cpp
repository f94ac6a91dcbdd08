#include "prepare/claim.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "prepare/header.h"
#include "prepare/test_breasts.h"

namespace lucerna::prepare {
namespace {

using dicom::DataSet;
using test::contract;
using test::stored_view;

/// As an archive has it before its pixels.
DataSet head_of(const std::function<void(DataSet&)>& set = {}) {
    DataSet head = stored_view("R-CC");
    head.remove(dicom::kPixelData);
    if (set) set(head);
    return head;
}

Claim claim_with(const std::function<void(DataSet&)>& set = {}) {
    return claim_of(head_of(set), contract());
}

void set_type(DataSet& data_set, const std::vector<std::string>& type) {
    data_set.set_texts(dicom::kImageType, type);
}

TEST(Claim, NeedsNoPixels) {
    EXPECT_FALSE(claim_with().is_refused);
    EXPECT_TRUE(claim_with().is_of_a_patient);
    EXPECT_TRUE(claim_with().is_an_exposure);
}

TEST(Claim, RanksWhatTheHeaderSaysBeforeTheTime) {
    const auto at = [](const char* date) {
        return [date](DataSet& d) { d.set_text(dicom::kAcquisitionDate, date); };
    };
    // The better one first, and each taken later than the one before it.
    const Claim ranked[] = {
        claim_with(at("20260301")),
        claim_with([&](DataSet& d) {
            at("20260302")(d);
            set_type(d, {"DERIVED", "PRIMARY", "TOMO", "GENERATED_2D"});
        }),
        claim_with([&](DataSet& d) {
            at("20260303")(d);
            d.set_text(dicom::kQualityControlImage, "YES");
        }),
        claim_with([&](DataSet& d) {
            at("20260304")(d);
            set_type(d, {"DERIVED", "PRIMARY", "TOMOSYNTHESIS", "NONE"});
        }),
    };
    for (std::size_t i = 0; i + 1 < std::size(ranked); ++i) {
        EXPECT_TRUE(outranks(ranked[i], ranked[i + 1])) << i;
        EXPECT_FALSE(outranks(ranked[i + 1], ranked[i])) << i;
    }
    EXPECT_TRUE(outranks(claim_with(at("20260302")), ranked[0]));
    EXPECT_FALSE(outranks(ranked[0], ranked[0]));
}

TEST(Claim, KnowsTheClassesThatAreRead) {
    EXPECT_TRUE(
        is_class_that_is_read(dicom::sop_class::kDigitalMammographyForPresentation, contract()));
    EXPECT_FALSE(
        is_class_that_is_read(dicom::sop_class::kDigitalMammographyForProcessing, contract()));
    EXPECT_FALSE(is_class_that_is_read(dicom::sop_class::kSecondaryCapture, contract()));
    exam::InputContract raw = contract();
    raw.presentation_intents = {"FOR PROCESSING"};
    EXPECT_TRUE(is_class_that_is_read(dicom::sop_class::kDigitalMammographyForProcessing, raw));
    exam::InputContract another = contract();
    another.modality = "OP";
    EXPECT_TRUE(is_class_that_is_read(dicom::sop_class::kSecondaryCapture, another));
}

}  // namespace
}  // namespace lucerna::prepare
