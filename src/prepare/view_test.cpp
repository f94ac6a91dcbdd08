#include "prepare/view.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "prepare/picture.h"
#include "prepare/test_breasts.h"

namespace lucerna::prepare {
namespace {

using dicom::DataSet;
using exam::RefusalReason;
using test::contract;
using test::stored_view;

std::vector<float> accepted(const DataSet& data_set) {
    auto outcome = prepare_view(data_set, contract());
    if (const auto* refusal = std::get_if<exam::Refusal>(&outcome)) {
        ADD_FAILURE() << refusal->what;
        return {};
    }
    return std::get<exam::PreparedView>(std::move(outcome)).pixels.pixels;
}

void set_rows(DataSet& data_set, const exam::Raster<float>& raster) {
    test::set_stored(data_set, raster);
}

double greatest_difference(const std::vector<float>& one, const std::vector<float>& two) {
    if (one.size() != two.size() || one.empty()) return 1e9;
    double greatest = 0;
    for (std::size_t i = 0; i < one.size(); ++i)
        greatest = std::max<double>(greatest, std::abs(one[i] - two[i]));
    return greatest;
}

TEST(PrepareView, AcceptsTheFourStandardViews) {
    for (const char* name : {"R-CC", "L-CC", "R-MLO", "L-MLO"}) {
        const auto outcome = prepare_view(stored_view(name, "2.25.77"), contract());
        ASSERT_TRUE(std::holds_alternative<exam::PreparedView>(outcome)) << name;
        const auto& view = std::get<exam::PreparedView>(outcome);
        EXPECT_EQ(to_string(view.source.name.value()), name);
        EXPECT_EQ(view.source.sop_instance_uid, "2.25.77");
        EXPECT_EQ(view.source.rows, 200);
        EXPECT_EQ(view.source.columns, 150);
        EXPECT_EQ(view.source.row_spacing_mm, 1);
        EXPECT_EQ(view.steps, contract().steps);
        EXPECT_EQ(view.placement.scale_x, name[0] == 'R' ? -1 : 1);
    }
}

TEST(PrepareView, GivesTheBitsThatARasterOfItsValuesGives) {
    for (const bool right : {false, true}) {
        auto pixels = test::left_breast();
        for (int y = 20; y < 40; ++y)
            for (int x = 120; x < 140; ++x) pixels.at(x, y) = 4000;  // a marker
        if (right) pixels = test::mirrored(pixels);
        DataSet stored = stored_view(right ? "R-MLO" : "L-MLO");
        test::set_stored(stored, pixels);
        Picture picture;
        picture.pixels = pixels;
        for (float& value : picture.pixels.pixels) value = std::round(value);
        picture.row_spacing_mm = picture.column_spacing_mm = 1;
        picture.laterality = right ? exam::Laterality::kRight : exam::Laterality::kLeft;
        const auto plain = prepare_picture(std::move(picture), {}, contract());
        ASSERT_TRUE(std::holds_alternative<exam::PreparedView>(plain));
        EXPECT_TRUE(std::get<exam::PreparedView>(plain).pixels.pixels == accepted(stored));
    }
}

TEST(PrepareView, TurnsMonochrome1Over) {
    DataSet inverse = stored_view("L-CC");
    auto pixels = test::left_breast();
    for (float& value : pixels.pixels) value = 4095 - value;
    test::set_stored(inverse, pixels);
    inverse.set_text(dicom::kPhotometricInterpretation, "MONOCHROME1");
    EXPECT_LT(greatest_difference(accepted(inverse), accepted(stored_view("L-CC"))), 1e-4);
}

TEST(PrepareView, HonoursPresentationLutShapeInverse) {
    DataSet inverse = stored_view("L-CC");
    auto pixels = test::left_breast();
    for (float& value : pixels.pixels) value = 4095 - value;
    test::set_stored(inverse, pixels);
    inverse.set_text(dicom::kPresentationLutShape, "INVERSE");
    EXPECT_LT(greatest_difference(accepted(inverse), accepted(stored_view("L-CC"))), 1e-4);
}

TEST(PrepareView, AppliesARescaleOfNegativeSlope) {
    DataSet negative = stored_view("L-CC");
    auto pixels = test::left_breast();
    for (float& value : pixels.pixels) value = 4095 - value;
    test::set_stored(negative, pixels);
    negative.set_number(dicom::kRescaleSlope, -1);
    negative.set_number(dicom::kRescaleIntercept, 4095);
    EXPECT_LT(greatest_difference(accepted(negative), accepted(stored_view("L-CC"))), 1e-4);
}

TEST(PrepareView, AppliesTheWindow) {
    DataSet windowed = stored_view("L-CC");
    windowed.set_number(dicom::kWindowCenter, 1200.5);
    windowed.set_number(dicom::kWindowWidth, 401);
    // Everything above 1400 is equally white.
    const auto values = accepted(windowed);
    const auto plain = accepted(stored_view("L-CC"));
    const auto white = [](const std::vector<float>& of) {
        return std::count_if(of.begin(), of.end(), [](float value) { return value >= 0.999F; });
    };
    EXPECT_GT(white(values), 10 * white(plain));
}

TEST(PrepareView, PaddingIsBlackWhateverItsValue) {
    DataSet padded = stored_view("L-CC");
    auto pixels = test::left_breast();
    for (float& value : pixels.pixels)
        if (value == 0) value = 4095;
    test::set_stored(padded, pixels);
    padded.set_integer(dicom::kPixelPaddingValue, 4095);
    EXPECT_LT(greatest_difference(accepted(padded), accepted(stored_view("L-CC"))), 0.02);
}

TEST(PrepareView, TurnsRoundWhatTheHeaderSaysLiesOtherwise) {
    const auto plain = accepted(stored_view("L-CC"));
    const auto with = [](const std::string& view, const exam::Raster<float>& pixels,
                         const std::string& across, const std::string& down) {
        DataSet data_set = stored_view(view);
        test::set_stored(data_set, pixels);
        const std::string orientation[] = {across, down};
        data_set.set_texts(dicom::kPatientOrientation, orientation);
        return accepted(data_set);
    };
    const auto left = test::left_breast();
    EXPECT_EQ(with("L-CC", test::mirrored(left), "P", "R"), plain);
    EXPECT_EQ(with("L-CC", test::upturned(left), "A", "L"), plain);
    EXPECT_EQ(with("L-MLO", test::upturned(left), "A", "HL"), plain);
    EXPECT_EQ(with("R-CC", left, "A", "L"), plain);
    EXPECT_EQ(with("R-MLO", test::mirrored(test::upturned(left)), "P", "HR"), plain);
}

TEST(PrepareView, KnowsOlderCodesAndLaterality) {
    DataSet old = stored_view("R-MLO");
    old.remove(dicom::kViewCodeSequence);
    test::add_code(old, dicom::kViewCodeSequence, "R-10226", "SRT");
    old.remove(dicom::kViewPosition);
    old.remove(dicom::kImageLaterality);
    old.set_text(dicom::kLaterality, "R");
    const auto outcome = prepare_view(old, contract());
    ASSERT_TRUE(std::holds_alternative<exam::PreparedView>(outcome));
    EXPECT_EQ(to_string(std::get<exam::PreparedView>(outcome).source.name.value()), "R-MLO");
}

TEST(PrepareView, FallsBackToPixelSpacing) {
    DataSet film = stored_view("L-CC");
    film.remove(dicom::kImagerPixelSpacing);
    const double spacing[] = {0.5, 0.5};
    film.set_numbers(dicom::kPixelSpacing, spacing);
    const auto outcome = prepare_view(film, contract());
    ASSERT_TRUE(std::holds_alternative<exam::PreparedView>(outcome));
    EXPECT_EQ(std::get<exam::PreparedView>(outcome).placement.scale_x, 2);
}

TEST(PrepareView, NippleInProfileIsAPlainView) {
    DataSet profile = stored_view("L-CC");
    test::add_code(profile, dicom::kViewModifierCodeSequence, "442581004", "SCT");
    EXPECT_FALSE(accepted(profile).empty());
}

TEST(PrepareView, TakesForProcessingWhenTheModelDoes) {
    DataSet raw = stored_view("L-CC");
    raw.set_text(dicom::kSopClassUid, dicom::sop_class::kDigitalMammographyForProcessing);
    raw.set_text(dicom::kPresentationIntentType, "FOR PROCESSING");
    exam::InputContract asked = contract();
    asked.presentation_intents.push_back("FOR PROCESSING");
    EXPECT_TRUE(std::holds_alternative<exam::PreparedView>(prepare_view(raw, asked)));
}

struct Unusable {
    const char* what;
    RefusalReason reason;
    std::function<void(DataSet&)> spoil;
    /// Part of what `where` has to name.
    const char* where;
};

class PrepareViewRefuses : public testing::TestWithParam<Unusable> {};

TEST_P(PrepareViewRefuses, WithReasonPlaceAndRemedy) {
    DataSet data_set = stored_view("L-CC", "2.25.99");
    GetParam().spoil(data_set);
    const auto outcome = prepare_view(data_set, contract());
    ASSERT_TRUE(std::holds_alternative<exam::Refusal>(outcome)) << GetParam().what;
    const auto& refusal = std::get<exam::Refusal>(outcome);
    EXPECT_EQ(name_of(refusal.reason), name_of(GetParam().reason)) << refusal.what;
    EXPECT_NE(refusal.where.find(GetParam().where), std::string::npos) << refusal.where;
    EXPECT_FALSE(refusal.what.empty());
    EXPECT_FALSE(refusal.remedy.empty());
    EXPECT_EQ(refusal.sop_instance_uid, "2.25.99");
}

void modify(DataSet& data_set, const std::string& code, const std::string& scheme) {
    test::add_code(data_set, dicom::kViewModifierCodeSequence, code, scheme);
}

void modify_nested(DataSet& data_set, const std::string& code) {
    data_set.remove(dicom::kViewCodeSequence);
    DataSet& view = test::add_code(data_set, dicom::kViewCodeSequence, "399162004", "SCT");
    test::add_code(view, dicom::kViewModifierCodeSequence, code, "SCT");
}

void reorient(DataSet& data_set, const std::string& across, const std::string& down) {
    const std::string orientation[] = {across, down};
    data_set.set_texts(dicom::kPatientOrientation, orientation);
}

INSTANTIATE_TEST_SUITE_P(
    Unusable, PrepareViewRefuses,
    testing::Values(
        Unusable{"ct", RefusalReason::kWrongModality,
                 [](DataSet& d) { d.set_text(dicom::kModality, "CT"); }, "(0008,0060)"},
        Unusable{"no_modality", RefusalReason::kWrongModality,
                 [](DataSet& d) { d.remove(dicom::kModality); }, "(0008,0060)"},
        Unusable{"tomosynthesis", RefusalReason::kWrongModality,
                 [](DataSet& d) {
                     d.set_text(dicom::kSopClassUid, dicom::sop_class::kBreastTomosynthesis);
                 },
                 "(0008,0016)"},
        Unusable{"for_processing_class", RefusalReason::kForProcessing,
                 [](DataSet& d) {
                     d.set_text(dicom::kSopClassUid,
                                dicom::sop_class::kDigitalMammographyForProcessing);
                 },
                 "(0008,0068)"},
        Unusable{"for_processing_intent", RefusalReason::kForProcessing,
                 [](DataSet& d) { d.set_text(dicom::kPresentationIntentType, "FOR PROCESSING"); },
                 "(0008,0068)"},
        Unusable{"implant_displaced", RefusalReason::kImplantDisplaced,
                 [](DataSet& d) { modify(d, "399209000", "SCT"); }, "(0054,0222)"},
        Unusable{"implant_displaced_srt", RefusalReason::kImplantDisplaced,
                 [](DataSet& d) { modify(d, "R-102D5", "SRT"); }, "(0054,0222)"},
        Unusable{"implant_displaced_nested", RefusalReason::kImplantDisplaced,
                 [](DataSet& d) { modify_nested(d, "399209000"); }, "(0054,0222)"},
        Unusable{"spot", RefusalReason::kSpotOrMagnification,
                 [](DataSet& d) { modify(d, "399055006", "SCT"); }, "(0054,0222)"},
        Unusable{"magnification", RefusalReason::kSpotOrMagnification,
                 [](DataSet& d) { modify(d, "R-102D6", "SRT"); }, "(0054,0222)"},
        Unusable{
            "magnified_by_factor", RefusalReason::kSpotOrMagnification,
            [](DataSet& d) { d.set_number(dicom::kEstimatedRadiographicMagnificationFactor, 1.8); },
            "(0018,1114)"},
        Unusable{"rolled", RefusalReason::kUnknownView,
                 [](DataSet& d) { modify(d, "399197002", "SCT"); }, "(0054,0222)"},
        Unusable{"unknown_modifier", RefusalReason::kUnknownView,
                 [](DataSet& d) { modify(d, "X-1", "99LOCAL"); }, "(0054,0222)"},
        Unusable{"no_side", RefusalReason::kUnknownView,
                 [](DataSet& d) { d.remove(dicom::kImageLaterality); }, "(0020,0062)"},
        Unusable{"both_sides", RefusalReason::kUnknownView,
                 [](DataSet& d) { d.set_text(dicom::kImageLaterality, "B"); }, "(0020,0062)"},
        Unusable{"no_view", RefusalReason::kUnknownView,
                 [](DataSet& d) {
                     d.remove(dicom::kViewCodeSequence);
                     d.remove(dicom::kViewPosition);
                 },
                 "(0054,0220)"},
        Unusable{"view_not_read", RefusalReason::kUnknownView,
                 [](DataSet& d) {
                     d.remove(dicom::kViewCodeSequence);
                     d.set_text(dicom::kViewPosition, "XCCL");
                 },
                 "(0054,0220)"},
        Unusable{"no_spacing", RefusalReason::kNoPixelSpacing,
                 [](DataSet& d) { d.remove(dicom::kImagerPixelSpacing); }, "(0018,1164)"},
        Unusable{"spacing_zero", RefusalReason::kNoPixelSpacing,
                 [](DataSet& d) {
                     const double none[] = {0, 0};
                     d.set_numbers(dicom::kImagerPixelSpacing, none);
                 },
                 "(0018,1164)"},
        Unusable{"one_spacing", RefusalReason::kNoPixelSpacing,
                 [](DataSet& d) { d.set_number(dicom::kImagerPixelSpacing, 0.1); }, "(0018,1164)"},
        Unusable{"no_pixels", RefusalReason::kNoPixels,
                 [](DataSet& d) { d.remove(dicom::kPixelData); }, "(7FE0,0010)"},
        Unusable{"no_rows", RefusalReason::kBadPixelDescription,
                 [](DataSet& d) { d.remove(dicom::kRows); }, "(0028,0010)"},
        Unusable{"no_columns", RefusalReason::kBadPixelDescription,
                 [](DataSet& d) { d.set_integer(dicom::kColumns, 0); }, "(0028,0011)"},
        Unusable{"color", RefusalReason::kBadPixelDescription,
                 [](DataSet& d) { d.set_text(dicom::kPhotometricInterpretation, "RGB"); },
                 "(0028,0004)"},
        Unusable{"bits", RefusalReason::kBadPixelDescription,
                 [](DataSet& d) { d.set_integer(dicom::kBitsAllocated, 12); }, "(0028,0100)"},
        Unusable{"frames", RefusalReason::kBadPixelDescription,
                 [](DataSet& d) { d.set_integer(dicom::kNumberOfFrames, 3); }, "(0028,0008)"},
        Unusable{"truncated", RefusalReason::kTruncated,
                 [](DataSet& d) { d.set_integer(dicom::kRows, 4000); }, "(7FE0,0010)"},
        Unusable{"on_its_side", RefusalReason::kBadPixelDescription,
                 [](DataSet& d) { reorient(d, "L", "P"); }, "(0020,0020)"},
        Unusable{"window_without_width", RefusalReason::kBadPixelDescription,
                 [](DataSet& d) {
                     d.set_number(dicom::kWindowCenter, 100);
                     d.set_number(dicom::kWindowWidth, 0);
                 },
                 "(0028,1050)"},
        Unusable{"window_of_no_function", RefusalReason::kBadPixelDescription,
                 [](DataSet& d) {
                     d.set_number(dicom::kWindowCenter, 100);
                     d.set_number(dicom::kWindowWidth, 50);
                     d.set_text(dicom::kVoiLutFunction, "STEP");
                 },
                 "(0028,1050)"},
        Unusable{"rescale_without_slope", RefusalReason::kBadPixelDescription,
                 [](DataSet& d) { d.set_number(dicom::kRescaleIntercept, 5); }, "(0028,3000)"},
        Unusable{"rescale_to_one_value", RefusalReason::kBadPixelDescription,
                 [](DataSet& d) {
                     d.set_number(dicom::kRescaleSlope, 0);
                     d.set_number(dicom::kRescaleIntercept, 5);
                 },
                 "(0028,3000)"},
        Unusable{"larger_than_any_detector", RefusalReason::kBadPixelDescription,
                 [](DataSet& d) {
                     d.set_integer(dicom::kRows, 7000);
                     d.set_integer(dicom::kColumns, 6000);
                 },
                 "(0028,0010)"},
        Unusable{"blank", RefusalReason::kNoBreastFound,
                 [](DataSet& d) { set_rows(d, exam::Raster<float>(150, 200, 9)); }, "(7FE0,0010)"},
        Unusable{"orientation_contradicted", RefusalReason::kLateralityContradicted,
                 [](DataSet& d) { reorient(d, "P", "R"); }, "(0020,0020)"},
        Unusable{"laterality_contradicted", RefusalReason::kLateralityContradicted,
                 [](DataSet& d) {
                     d.remove(dicom::kPatientOrientation);
                     d.set_text(dicom::kImageLaterality, "R");
                 },
                 "(0020,0062)"}),
    [](const auto& each) { return std::string(each.param.what); });

TEST(PrepareView, RefusesASyntaxThatIsNotRead) {
    DataSet video = stored_view("L-CC");
    dicom::PixelLayout layout;
    layout.rows = 200;
    layout.columns = 150;
    video.set_encapsulated_pixels(layout, {Bytes(64, 1)}, "1.2.840.10008.1.2.4.102");
    const auto outcome = prepare_view(video, contract());
    ASSERT_TRUE(std::holds_alternative<exam::Refusal>(outcome));
    EXPECT_EQ(std::get<exam::Refusal>(outcome).reason, RefusalReason::kUnsupportedEncoding);
}

TEST(PrepareView, RefusesADamagedCodestream) {
    DataSet damaged = stored_view("L-CC");
    dicom::PixelLayout layout;
    layout.rows = 200;
    layout.columns = 150;
    damaged.set_encapsulated_pixels(layout, {Bytes(64, 1)},
                                    dicom::transfer_syntax::kJpeg2000Lossless);
    const auto outcome = prepare_view(damaged, contract());
    ASSERT_TRUE(std::holds_alternative<exam::Refusal>(outcome));
    EXPECT_EQ(std::get<exam::Refusal>(outcome).reason, RefusalReason::kUnreadable);
}

TEST(PrepareView, AnswersForAnEmptyDataSet) {
    EXPECT_TRUE(std::holds_alternative<exam::Refusal>(prepare_view(DataSet(), contract())));
}

}  // namespace
}  // namespace lucerna::prepare
