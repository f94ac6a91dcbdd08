#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "base/error.h"
#include "prepare/test_breasts.h"
#include "prepare/view.h"
#include "support/shared_data.h"

namespace lucerna::prepare {
namespace {

using dicom::DataSet;
using exam::RefusalReason;
using test::contract;
using test::stored_view;
using testing::ElementsAre;
using testing::UnorderedElementsAre;

std::vector<std::string> views_of(const exam::Preparation& preparation) {
    std::vector<std::string> names;
    for (const auto& view : preparation.accepted) names.push_back(to_string(*view.source.name));
    return names;
}

std::vector<std::string> refusals_of(const exam::Preparation& preparation) {
    std::vector<std::string> names;
    for (const auto& refusal : preparation.refused)
        names.push_back(refusal.view + " " + std::string(name_of(refusal.reason)));
    return names;
}

std::vector<DataSet> four_views() {
    std::vector<DataSet> views;
    views.push_back(stored_view("L-MLO", "2.25.14"));
    views.push_back(stored_view("R-CC", "2.25.11"));
    views.push_back(stored_view("L-CC", "2.25.12"));
    views.push_back(stored_view("R-MLO", "2.25.13"));
    return views;
}

TEST(PrepareExam, BringsTheViewsInTheContractsOrder) {
    const auto preparation = prepare_exam(four_views(), contract());
    EXPECT_THAT(views_of(preparation), ElementsAre("R-CC", "L-CC", "R-MLO", "L-MLO"));
    EXPECT_TRUE(preparation.refused.empty());
}

TEST(PrepareExam, SaysWhichViewsAreMissing) {
    std::vector<DataSet> views = four_views();
    views.pop_back();
    views[0].remove(dicom::kImagerPixelSpacing);
    const auto preparation = prepare_exam(views, contract());
    EXPECT_THAT(views_of(preparation), ElementsAre("R-CC", "L-CC"));
    EXPECT_THAT(
        refusals_of(preparation),
        UnorderedElementsAre("L-MLO no-pixel-spacing", "L-MLO missing-view", "R-MLO missing-view"));
}

TEST(PrepareExam, AnEmptyExamMissesEverything) {
    const auto preparation = prepare_exam(std::vector<DataSet>{}, contract());
    EXPECT_TRUE(preparation.accepted.empty());
    EXPECT_EQ(preparation.refused.size(), 4U);
}

TEST(PrepareExam, TakesTheLaterOfEqualImages) {
    for (const bool later_first : {false, true}) {
        std::vector<DataSet> views = four_views();
        views[2].set_text(dicom::kAcquisitionDate, "20260301");
        views[2].set_text(dicom::kAcquisitionTime, later_first ? "101500" : "101000");
        views.push_back(stored_view("L-CC", "2.25.22"));
        views.back().set_text(dicom::kAcquisitionDate, "20260301");
        views.back().set_text(dicom::kAcquisitionTime, later_first ? "101000" : "101500");
        const auto preparation = prepare_exam(views, contract());
        ASSERT_EQ(preparation.accepted.size(), 4U);
        EXPECT_EQ(preparation.accepted[1].source.sop_instance_uid,
                  later_first ? "2.25.12" : "2.25.22");
        ASSERT_THAT(refusals_of(preparation), ElementsAre("L-CC duplicate-view"));
        EXPECT_EQ(preparation.refused[0].sop_instance_uid, later_first ? "2.25.22" : "2.25.12");
    }
}

TEST(PrepareExam, TakesTheImageThatShowsMoreOfTheBreast) {
    std::vector<DataSet> views = four_views();
    DataSet partial = stored_view("L-CC", "2.25.33");
    auto pixels = test::left_breast();
    for (int y = 0; y < 90; ++y)
        for (int x = 0; x < pixels.width; ++x) pixels.at(x, y) = 0;
    test::set_stored(partial, pixels);
    partial.set_text(dicom::kAcquisitionDate, "20260302");
    views.push_back(std::move(partial));
    const auto preparation = prepare_exam(views, contract());
    ASSERT_EQ(preparation.accepted.size(), 4U);
    EXPECT_EQ(preparation.accepted[1].source.sop_instance_uid, "2.25.12");
    ASSERT_EQ(preparation.refused.size(), 1U);
    EXPECT_EQ(preparation.refused[0].sop_instance_uid, "2.25.33");
}

TEST(PrepareExam, AnObjectThatCannotBeLoadedIsRefusedAlone) {
    const std::vector<DataSet> views = four_views();
    const auto load = [&](std::size_t i) {
        if (i == 4) throw Error(ErrorCode::kInvalidInput, "the file ends at offset 132");
        return views[i].clone();
    };
    const auto preparation = prepare_exam({5, load, {}}, contract());
    EXPECT_EQ(preparation.accepted.size(), 4U);
    ASSERT_EQ(preparation.refused.size(), 1U);
    EXPECT_EQ(preparation.refused[0].reason, RefusalReason::kUnreadable);
    EXPECT_EQ(preparation.refused[0].what, "the file ends at offset 132");
}

TEST(PrepareExam, StopsWhenCancelled) {
    const auto load = [](std::size_t) -> DataSet {
        throw Error(ErrorCode::kCancelled, "asked to stop");
    };
    EXPECT_THROW((void)prepare_exam({1, load, {}}, contract()), Error);
}

TEST(PrepareExam, AnswersForWhateverItIsSent) {
    LUCERNA_NEEDS_SHARED_DATA("dicom");
    std::vector<std::filesystem::path> files;
    for (const auto& entry :
         std::filesystem::recursive_directory_iterator(lucerna::test::shared_data() / "dicom"))
        if (entry.is_regular_file() && entry.file_size() < (16U << 20)) files.push_back(entry);
    ASSERT_GT(files.size(), 20U);
    for (const auto& file : files) {
        // Takes it for what it says it is, so that its pixels are decoded and looked at.
        exam::InputContract any = contract();
        any.views.clear();
        any.presentation_intents.clear();
        const auto load = [&](std::size_t) {
            DataSet data_set = DataSet::from_file(file);
            any.modality = data_set.text_or(dicom::kModality, "");
            return data_set;
        };
        const auto preparation = prepare_exam({1, load, {}}, any);
        EXPECT_EQ(preparation.accepted.size() + preparation.refused.size(), 1U) << file;
        for (const auto& refusal : preparation.refused) EXPECT_FALSE(refusal.what.empty()) << file;
    }
}

TEST(PrepareExam, ThrowsForAContractWithAnUnknownStep) {
    exam::InputContract broken = contract();
    broken.steps.push_back("sharpen");
    EXPECT_THROW((void)prepare_exam(four_views(), broken), Error);
}

}  // namespace
}  // namespace lucerna::prepare
