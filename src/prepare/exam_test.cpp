#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

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

TEST(PrepareExam, TakesTheExposureBeforeWhatIsMadeOfATomosynthesis) {
    for (const bool exposure_first : {false, true}) {
        std::vector<DataSet> views = four_views();
        views[2].set_text(dicom::kAcquisitionDate, "20260301");
        views.push_back(stored_view("L-CC", "2.25.22"));
        views.back().set_text(dicom::kAcquisitionDate, "20260302");
        DataSet& made = exposure_first ? views.back() : views[2];
        const std::string type[] = {"DERIVED", "PRIMARY", "TOMOSYNTHESIS", "GENERATED_2D"};
        made.set_texts(dicom::kImageType, type);
        const auto preparation = prepare_exam(views, contract());
        ASSERT_EQ(preparation.accepted.size(), 4U);
        EXPECT_EQ(preparation.accepted[1].source.sop_instance_uid,
                  exposure_first ? "2.25.12" : "2.25.22");
        EXPECT_THAT(refusals_of(preparation), ElementsAre("L-CC duplicate-view"));
    }
}

/// The UID of the L-CC that is read of two, each with what `set` and `set_other` say of it.
std::string read_of_two(const std::function<void(DataSet&)>& set,
                        const std::function<void(DataSet&)>& set_other) {
    std::vector<DataSet> views = four_views();
    set(views[2]);
    views.push_back(stored_view("L-CC", "2.25.22"));
    set_other(views.back());
    const auto preparation = prepare_exam(views, contract());
    EXPECT_THAT(refusals_of(preparation), ElementsAre("L-CC duplicate-view"));
    return preparation.accepted.at(1).source.sop_instance_uid;
}

TEST(PrepareExam, TakesAnExposureBeforeWhatOnlyOtherAttributesSayIsMadeOfATomosynthesis) {
    const std::pair<dicom::Tag, const char*> says[] = {
        {dicom::kSeriesDescription, "L CC C-View"},
        {dicom::kSeriesDescription, "Insight 2D L CC"},
        {{0x0018, 0x1491}, "TOMOSYNTHESIS"}};
    const auto exposure = [](DataSet& d) { d.set_text(dicom::kAcquisitionDate, "20260301"); };
    for (const auto& [tag, said] : says) {
        const auto made = [&, tag = tag, said = said](DataSet& d) {
            d.set_text(dicom::kAcquisitionDate, "20260302");
            d.set_text(tag, said);
        };
        EXPECT_EQ(read_of_two(exposure, made), "2.25.12") << said;
        EXPECT_EQ(read_of_two(made, exposure), "2.25.22") << said;
    }
}

// Exposures that were made together with a tomosynthesis may be called like it.
TEST(PrepareExam, TakesForAnExposureWhatImageTypeHasForOne) {
    const auto made_later = [](DataSet& object) {
        object.set_text(dicom::kAcquisitionDate, "20260302");
        object.set_text(dicom::kSeriesDescription, "Screening combo 2D + C-View");
        const std::string type[] = {"DERIVED", "PRIMARY", "TOMOSYNTHESIS", "GENERATED_2D"};
        object.set_texts(dicom::kImageType, type);
    };
    for (const auto& [tag, value] :
         {std::pair{dicom::kSeriesDescription, "Screening combo 2D + C-View"},
          std::pair{dicom::Tag{0x0018, 0x1491}, "TOMOSYNTHESIS"}}) {
        const auto exposure = [tag = tag, value = value](DataSet& object) {
            object.set_text(dicom::kAcquisitionDate, "20260301");
            object.set_text(tag, value);
        };
        EXPECT_EQ(read_of_two(exposure, made_later), "2.25.12") << value;
    }
}

TEST(PrepareExam, TellsComputedViewsFromSections) {
    using Said = std::vector<std::pair<dicom::Tag, std::string>>;
    constexpr dicom::Tag kVolumetric{0x0008, 0x9206};
    constexpr dicom::Tag kTechnique{0x0008, 0x9207};
    constexpr dicom::Tag kHeight{0x0018, 0x1460};
    const auto accepted_with = [](const std::vector<std::string>& type, const Said& said) {
        std::vector<DataSet> views = four_views();
        if (!type.empty()) views[2].set_texts(dicom::kImageType, type);
        for (const auto& [tag, value] : said) views[2].set_text(tag, value);
        return prepare_exam(views, contract()).accepted.size();
    };
    const std::vector<std::string> of_a_whole{"DERIVED", "PRIMARY", "TOMOSYNTHESIS"};
    const std::vector<std::pair<std::vector<std::string>, Said>> read{
        {of_a_whole, {{dicom::kSeriesDescription, "L CC S-View"}}},
        {{"DERIVED", "PRIMARY", "TOMO", "LEFT"}, {{dicom::kSeriesDescription, "L CC C-View"}}},
        {{}, {{kVolumetric, "VOLUME"}, {kTechnique, "MAX_IP"}}},
        {{}, {{dicom::kSeriesDescription, "L CC SYN2D"}, {kVolumetric, "VOLUME"}}},
        {{}, {{kHeight, "0"}}}};
    for (const auto& [type, said] : read)
        EXPECT_EQ(accepted_with(type, said), 4U) << (said.empty() ? "" : said[0].second);
    const std::vector<std::pair<std::vector<std::string>, Said>> refused{
        {of_a_whole, {}},
        {of_a_whole, {{dicom::kSeriesDescription, "L CC C-View + slices"}}},
        {{"DERIVED", "PRIMARY", "TOMO_SLAB"}, {{dicom::kSeriesDescription, "L CC C-View"}}},
        {{}, {{dicom::kSeriesDescription, "L CC C-View + slices"}, {kHeight, "23"}}},
        {{}, {{kVolumetric, "VOLUME"}}}};
    for (const auto& [type, said] : refused)
        EXPECT_EQ(accepted_with(type, said), 3U) << (said.empty() ? "" : said[0].second);
}

TEST(PrepareExam, RefusesOneOddHeaderAndReadsTheOthers) {
    std::vector<DataSet> views = four_views();
    std::string many = "1";
    for (int i = 0; i < 100001; ++i) many += "\\1";
    for (const char* const modality : {"SR", "MG"}) {
        views.push_back(stored_view("L-CC", modality == std::string("SR") ? "2.25.33" : "2.25.34"));
        views.back().set_text(dicom::kModality, modality);
        views.back().set_text(dicom::kImageType, many);
    }
    EXPECT_EQ(prepare_exam(views, contract()).accepted.size(), 4U);
}

TEST(PrepareExam, TakesTheLaterByWhateverSaysWhen) {
    using Said = std::vector<std::pair<dicom::Tag, std::string>>;
    // The first of each pair is the later one.
    const std::pair<Said, Said> cases[] = {
        {{{dicom::kAcquisitionDateTime, "20260301100000"}},
         {{dicom::kAcquisitionDateTime, "20260301090000"}}},
        {{{dicom::kAcquisitionDateTime, "20260301100000.5+0100"}},
         {{dicom::kAcquisitionDateTime, "20260301100000+0100"}}},
        {{{dicom::kAcquisitionDateTime, "20260301100000"}},
         {{dicom::kAcquisitionDate, "20260301"}, {dicom::kAcquisitionTime, "095959"}}},
        {{{dicom::kAcquisitionDate, "20260301"}, {dicom::kAcquisitionTime, "100000"}},
         {{dicom::kAcquisitionDateTime, "20260301095959"}}},
        {{{dicom::kContentDate, "20260301"}, {dicom::kContentTime, "100000"}},
         {{dicom::kContentDate, "20260301"}, {dicom::kContentTime, "09:59:59"}}},
        {{{dicom::kAcquisitionDate, "20260301"}, {dicom::kAcquisitionTime, "080000"}},
         {{dicom::kAcquisitionTime, "230000"}}},
        // Of a day alone, by what says the time, too.
        {{{dicom::kAcquisitionDateTime, "20260301"},
          {dicom::kAcquisitionDate, "20260301"},
          {dicom::kAcquisitionTime, "100000"}},
         {{dicom::kAcquisitionDateTime, "20260301093000"}}},
        {{{dicom::kAcquisitionDate, "20260301"},
          {dicom::kContentDate, "20260301"},
          {dicom::kContentTime, "100000"}},
         {{dicom::kAcquisitionDateTime, "20260301093000"}}},
        {{{dicom::kAcquisitionDateTime, "20260302"}},
         {{dicom::kAcquisitionDate, "20260301"}, {dicom::kAcquisitionTime, "100000"}}},
        // Day and time of one pair.
        {{{dicom::kAcquisitionDate, "20260301"}, {dicom::kAcquisitionTime, "100000"}},
         {{dicom::kContentDate, "20260301"},
          {dicom::kContentTime, "090000"},
          {dicom::kAcquisitionTime, "230000"}}},
        {{{dicom::kAcquisitionDate, "20260302"}, {dicom::kContentTime, "080000"}},
         {{dicom::kAcquisitionDate, "20260301"}, {dicom::kContentTime, "100000"}}},
        {{{dicom::kAcquisitionDate, "20260301"}, {dicom::kAcquisitionTime, "080000"}},
         {{dicom::kAcquisitionDate, "20260301"}, {dicom::kContentTime, "230000"}}},
    };
    const auto setting = [](const Said& said) {
        return [&](DataSet& d) {
            for (const auto& [tag, text] : said) d.set_text(tag, text);
        };
    };
    for (const auto& [later, earlier] : cases) {
        EXPECT_EQ(read_of_two(setting(later), setting(earlier)), "2.25.12") << later[0].second;
        EXPECT_EQ(read_of_two(setting(earlier), setting(later)), "2.25.22") << later[0].second;
    }
}

TEST(PrepareExam, TakesAPatientsExposureBeforeAPhantoms) {
    for (const dicom::Tag tag : {dicom::kQualityControlImage, dicom::kQualityControlSubject}) {
        const auto patients = [](DataSet& d) { d.set_text(dicom::kAcquisitionDate, "20260301"); };
        const auto phantoms = [&](DataSet& d) {
            d.set_text(dicom::kAcquisitionDate, "20260302");
            d.set_text(tag, "YES");
        };
        EXPECT_EQ(read_of_two(patients, phantoms), "2.25.12");
        EXPECT_EQ(read_of_two(phantoms, patients), "2.25.22");
    }
}

TEST(PrepareExam, ReadsPhantomsWhereAllImagesAreOfOne) {
    std::vector<DataSet> views = four_views();
    for (DataSet& view : views) view.set_text(dicom::kQualityControlImage, "YES");
    EXPECT_EQ(prepare_exam(views, contract()).accepted.size(), 4U);
    views[1].set_text(dicom::kQualityControlImage, "NO");
    const auto preparation = prepare_exam(views, contract());
    EXPECT_THAT(views_of(preparation), ElementsAre("R-CC"));
    EXPECT_THAT(refusals_of(preparation),
                UnorderedElementsAre("L-CC not-a-plain-image", "L-MLO not-a-plain-image",
                                     "R-MLO not-a-plain-image", "L-CC missing-view",
                                     "L-MLO missing-view", "R-MLO missing-view"));
}

/// Four views of a patient, of which none is read for what `spoil` says of them, and one of a
/// phantom by `tag`.
std::vector<DataSet> a_phantom_beside(const std::function<void(DataSet&)>& spoil,
                                      dicom::Tag tag = dicom::kQualityControlImage) {
    std::vector<DataSet> views = four_views();
    for (DataSet& view : views) spoil(view);
    views.push_back(stored_view("L-CC", "2.25.22"));
    views.back().set_text(tag, "YES");
    return views;
}

TEST(PrepareExam, ReadsNoPhantomBesideAPatientsImagesThatWereAllRefused) {
    const std::function<void(DataSet&)> spoils[] = {
        [](DataSet& d) { d.set_text(dicom::kBreastImplantPresent, "YES"); },
        [](DataSet& d) { d.set_text(dicom::kPresentationIntentType, "FOR PROCESSING"); },
        [](DataSet& d) { d.set_text(dicom::kModality, "US"); },
        [](DataSet& d) { d.remove(dicom::kImagerPixelSpacing); },
        [](DataSet& d) { test::set_stored(d, exam::Raster<float>(150, 200, 9)); },
        [](DataSet& d) {
            d.set_text(dicom::kQualityControlImage, "BOTH");
            d.set_text(dicom::kPartialView, "YES");
        },
    };
    for (const auto& spoil : spoils)
        for (const dicom::Tag tag : {dicom::kQualityControlImage, dicom::kQualityControlSubject}) {
            const auto preparation = prepare_exam(a_phantom_beside(spoil, tag), contract());
            EXPECT_TRUE(preparation.accepted.empty());
            const auto& refused = preparation.refused;
            const auto phantom = std::find_if(
                refused.begin(), refused.end(),
                [](const exam::Refusal& each) { return each.sop_instance_uid == "2.25.22"; });
            ASSERT_NE(phantom, refused.end());
            EXPECT_EQ(phantom->reason, RefusalReason::kNotAPlainImage);
            EXPECT_EQ(phantom->where, describe(tag));
        }
}

TEST(PrepareExam, ReadsNoPhantomBesideAnotherPatientsImages) {
    const std::vector<DataSet> views = a_phantom_beside([](DataSet&) {});
    const auto refuse = [](const DataSet& d) -> std::optional<exam::Refusal> {
        if (d.text_or(dicom::kQualityControlImage, "") == "YES") return {};
        return exam::Refusal{RefusalReason::kAnotherPatient, "", "", "", "", ""};
    };
    const auto load = [&](std::size_t i) { return views[i].clone(); };
    EXPECT_TRUE(prepare_exam({views.size(), load, {}, refuse}, contract()).accepted.empty());
}

TEST(PrepareExam, ReadsNoPhantomBesideAPatientsImagesThatAreNotLookedAt) {
    std::vector<DataSet> views = four_views();
    for (DataSet& view : views) view.set_text(dicom::kQualityControlImage, "YES");
    const auto load = [&](std::size_t i) { return views[i].clone(); };
    EXPECT_EQ(prepare_exam({views.size(), load, {}}, contract()).accepted.size(), 4U);
    EXPECT_TRUE(prepare_exam({views.size(), load, {}, {}, true}, contract()).accepted.empty());
}

TEST(PrepareExam, ReadsPhantomsBesideWhatShowsNobody) {
    std::vector<DataSet> views = a_phantom_beside([](DataSet& d) { d = DataSet(); });
    views[0].set_text(dicom::kModality, "SR");
    const auto load = [&](std::size_t i) {
        if (i == 1) throw Error(ErrorCode::kInvalidInput, "the file ends at offset 132");
        return views[i].clone();
    };
    EXPECT_THAT(views_of(prepare_exam({views.size(), load, {}}, contract())), ElementsAre("L-CC"));
}

TEST(PrepareExam, TakesAPatientBesideAPhantomForAPatient) {
    for (const dicom::Tag tag : {dicom::kQualityControlImage, dicom::kQualityControlSubject})
        for (const auto& [said, read] : {std::pair{"BOTH", 4U}, std::pair{"NO", 4U},
                                         std::pair{"YES", 3U}, std::pair{"PHANTOM", 3U}}) {
            std::vector<DataSet> views = four_views();
            views[2].set_text(tag, said);
            EXPECT_EQ(prepare_exam(views, contract()).accepted.size(), read) << said;
        }
}

TEST(PrepareExam, MissesAViewThatWasSentInParts) {
    std::vector<DataSet> views = four_views();
    views[2].set_text(dicom::kPartialView, "YES");
    views.push_back(views[2].clone());
    views.back().set_text(dicom::kSopInstanceUid, "2.25.23");
    EXPECT_THAT(refusals_of(prepare_exam(views, contract())),
                ElementsAre("L-CC partial-view", "L-CC partial-view", "L-CC missing-view"));
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

// Each shows a little less than the one before, which alone would count as much, and is later.
TEST(PrepareExam, TakesTheImageThatShowsMoreInWhateverOrderTheyCome) {
    constexpr int kImages = 4;
    std::vector<DataSet> alike;
    for (int i = 0; i < kImages; ++i) {
        DataSet one = stored_view("L-CC", "2.25.4" + std::to_string(i));
        auto pixels = test::left_breast();
        for (int y = 0; y < 56 + 7 * i; ++y)
            for (int x = 0; x < pixels.width; ++x) pixels.at(x, y) = 0;
        test::set_stored(one, pixels);
        one.set_text(dicom::kAcquisitionDate, "2026030" + std::to_string(i + 1));
        alike.push_back(std::move(one));
    }
    std::vector<std::size_t> order{0, 1, 2, 3};
    std::set<std::string> read;
    do {
        std::vector<DataSet> views;
        for (const std::size_t i : order) views.push_back(alike[i].clone());
        const auto preparation = prepare_exam(views, contract());
        ASSERT_EQ(preparation.accepted.size(), 1U);
        read.insert(preparation.accepted[0].source.sop_instance_uid);
        EXPECT_EQ(std::count_if(preparation.refused.begin(), preparation.refused.end(),
                                [](const exam::Refusal& each) {
                                    return each.reason == RefusalReason::kDuplicateView;
                                }),
                  kImages - 1);
    } while (std::next_permutation(order.begin(), order.end()));
    EXPECT_EQ(read, std::set<std::string>{"2.25.41"}) << "the latest of those within a tenth";
}

// More than are held at once, each a little more or less of the breast than the one before.
TEST(PrepareExam, TakesTheImageThatItWouldTakeOfFewerOfVeryMany) {
    const auto read_of = [](int steps, bool is_later) {
        std::vector<DataSet> views;
        for (int i = 0; i < 12; ++i) {
            views.push_back(stored_view("L-CC", "2.25.1" + std::to_string(i)));
            auto pixels = test::left_breast();
            const int hidden = 60 * pixels.width + steps * i * pixels.width / 4;
            for (int at = 0; at < hidden; ++at) pixels.at(at % pixels.width, at / pixels.width) = 0;
            test::set_stored(views.back(), pixels);
            views.back().set_text(dicom::kAcquisitionDate, "20260301");
            views.back().set_text(dicom::kAcquisitionTime,
                                  is_later ? "1200" + std::to_string(10 + i) : "120000");
        }
        const auto preparation = prepare_exam(views, contract());
        return preparation.accepted.at(0).source.sop_instance_uid;
    };
    EXPECT_EQ(read_of(-1, false), "2.25.10") << "nothing tells them apart: the first";
    EXPECT_EQ(read_of(1, true), "2.25.111") << "the latest, which shows least";
    EXPECT_EQ(read_of(-1, true), "2.25.111") << "the latest, which shows most";
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
