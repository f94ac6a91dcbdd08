// Synthetic exams go through preparation as exams of patients do, and their truth stays in place.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "dicom/tags.h"
#include "phantom/phantom.h"
#include "prepare/view.h"

namespace lucerna {
namespace {

exam::InputContract contract() {
    exam::InputContract contract;
    contract.modality = "MG";
    contract.presentation_intents = {"FOR PRESENTATION"};
    contract.views = {"R-CC", "L-CC", "R-MLO", "L-MLO"};
    contract.steps = {"modality_lut",   "voi_lut",        "presentation_lut",
                      "orient",         "remove_markers", "segment_breast",
                      "crop_to_breast", "resample",       "normalise"};
    contract.spacing_mm = 0.5;
    contract.multiple_of = 32;
    contract.max_width = 1024;
    contract.max_height = 1024;
    return contract;
}

phantom::Exam small_exam(std::uint64_t seed) {
    phantom::PhantomOptions options;
    options.seed = seed;
    options.columns = 900;
    options.rows = 1200;
    options.spacing_mm = 0.2;
    options.findings = 4;
    return phantom::make_exam(options);
}

TEST(PhantomIsPrepared, AllFourViewsAreAcceptedWithTheirLesions) {
    const phantom::Exam exam = small_exam(31);
    ASSERT_FALSE(exam.truth.empty());
    const auto preparation = prepare::prepare_exam(exam.views, contract());
    for (const auto& refusal : preparation.refused) ADD_FAILURE() << refusal.what;
    ASSERT_EQ(preparation.accepted.size(), 4U);
    for (const auto& view : preparation.accepted)
        for (const phantom::Truth& truth : exam.truth) {
            if (truth.sop_instance_uid != view.source.sop_instance_uid) continue;
            const exam::Box box = view.placement.to_prepared(truth.box);
            EXPECT_NEAR(box.width * 0.5, truth.box.width * 0.2, 0.01);
            const exam::Point middle = box.centre();
            ASSERT_TRUE(
                view.pixels.contains(static_cast<int>(middle.x), static_cast<int>(middle.y)));
            EXPECT_GT(view.pixels.at(static_cast<int>(middle.x), static_cast<int>(middle.y)), 0);
        }
}

TEST(PhantomIsPrepared, ASwappedSideIsNoticed) {
    phantom::Exam exam = small_exam(32);
    for (dicom::DataSet& view : exam.views) {
        const bool right = view.text_or(dicom::kImageLaterality, "") == "R";
        const bool oblique = view.text_or(dicom::kViewPosition, "") == "MLO";
        view.set_text(dicom::kImageLaterality, right ? "L" : "R");
        const std::string orientation[] = {right ? "A" : "P",
                                           std::string(oblique ? "F" : "") + (right ? "R" : "L")};
        view.set_texts(dicom::kPatientOrientation, orientation);
        const auto outcome = prepare::prepare_view(view, contract());
        ASSERT_TRUE(std::holds_alternative<exam::Refusal>(outcome));
        EXPECT_EQ(std::get<exam::Refusal>(outcome).reason,
                  exam::RefusalReason::kLateralityContradicted);
    }
}

}  // namespace
}  // namespace lucerna
