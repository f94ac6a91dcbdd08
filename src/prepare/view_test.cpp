#include "prepare/view.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "dicom/supplemental_palette.h"
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

TEST(PrepareView, TakesThePresentationLutShapeThatBelongsToMonochrome1) {
    DataSet inverse = stored_view("L-CC");
    auto pixels = test::left_breast();
    for (float& value : pixels.pixels) value = 4095 - value;
    test::set_stored(inverse, pixels);
    inverse.set_text(dicom::kPhotometricInterpretation, "MONOCHROME1");
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

void recode(DataSet& data_set, const std::string& code, const std::string& scheme) {
    data_set.remove(dicom::kViewCodeSequence);
    test::add_code(data_set, dicom::kViewCodeSequence, code, scheme);
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
        Unusable{"implant_present", RefusalReason::kImplantPresent,
                 [](DataSet& d) {
                     d.set_text({0x0028, 0x1300}, "YES");
                 },
                 "(0028,1300)"},
        Unusable{"spot", RefusalReason::kSpotOrMagnification,
                 [](DataSet& d) { modify(d, "399055006", "SCT"); }, "(0054,0222)"},
        Unusable{"magnification", RefusalReason::kSpotOrMagnification,
                 [](DataSet& d) { modify(d, "R-102D6", "SRT"); }, "(0054,0222)"},
        Unusable{
            "magnified_by_factor", RefusalReason::kSpotOrMagnification,
            [](DataSet& d) { d.set_number(dicom::kEstimatedRadiographicMagnificationFactor, 1.8); },
            "(0018,1114)"},
        Unusable{"magnified_by_distance", RefusalReason::kSpotOrMagnification,
                 [](DataSet& d) {
                     d.set_number(dicom::kDistanceSourceToDetector, 660);
                     d.set_number(dicom::kDistanceSourceToPatient, 360);
                 },
                 "(0018,1111)"},
        Unusable{"magnified_by_paddle", RefusalReason::kSpotOrMagnification,
                 [](DataSet& d) {
                     d.set_text({0x0018, 0x11A4}, "10CM MAG");
                 },
                 "(0018,11A4)"},
        Unusable{"implant_unknown", RefusalReason::kImplantPresent,
                 [](DataSet& d) { d.set_text(dicom::kBreastImplantPresent, "Y"); }, "(0028,1300)"},
        Unusable{"partial_unknown", RefusalReason::kPartialView,
                 [](DataSet& d) { d.set_text(dicom::kPartialView, "Y"); }, "(0028,1350)"},
        Unusable{"calibration", RefusalReason::kNotAPlainImage,
                 [](DataSet& d) { d.set_text(dicom::kCalibrationImage, "YES"); }, "(0050,0004)"},
        Unusable{"chest_examined", RefusalReason::kNotAPlainImage,
                 [](DataSet& d) { d.set_text(dicom::kBodyPartExamined, "CHEST"); }, "(0018,0015)"},
        Unusable{"chest_exposed", RefusalReason::kNotAPlainImage,
                 [](DataSet& d) { d.set_text(dicom::kOrganExposed, "CHEST"); }, "(0040,0318)"},
        Unusable{"both_sides_of_the_series", RefusalReason::kUnknownView,
                 [](DataSet& d) { d.set_text(dicom::kLaterality, "B"); }, "(0020,0060)"},
        Unusable{"both_breasts_by_code", RefusalReason::kUnknownView,
                 [](DataSet& d) {
                     DataSet& region =
                         test::add_code(d, dicom::kAnatomicRegionSequence, "76752008", "SCT");
                     test::add_code(region, {0x0008, 0x2220}, "51440002", "SCT");
                 },
                 "(0008,2220)"},
        Unusable{"view_unknown", RefusalReason::kUnknownView,
                 [](DataSet& d) { d.set_text(dicom::kViewPosition, "AP"); }, "(0018,5101)"},
        Unusable{"view_code_unknown", RefusalReason::kUnknownView,
                 [](DataSet& d) { recode(d, "R-10206", "SRT"); }, "(0054,0220)"},
        Unusable{"view_code_of_a_vendor", RefusalReason::kUnknownView,
                 [](DataSet& d) { recode(d, "MLO", "99VENDOR"); }, "(0054,0220)"},
        Unusable{"turned_by_a_quarter", RefusalReason::kBadPixelDescription,
                 [](DataSet& d) {
                     d.remove(dicom::kPatientOrientation);
                     set_rows(d, test::turned(test::left_breast()));
                 },
                 "(7FE0,0010)"},
        Unusable{"partial", RefusalReason::kPartialView,
                 [](DataSet& d) { d.set_text(dicom::kPartialView, "YES"); }, "(0028,1350)"},
        Unusable{"partial_by_code", RefusalReason::kPartialView,
                 [](DataSet& d) {
                     test::add_code(d, dicom::kPartialViewCodeSequence, "255551008", "SCT");
                 },
                 "(0028,1350)"},
        Unusable{"with_contrast", RefusalReason::kNotAPlainImage,
                 [](DataSet& d) {
                     d.set_text({0x0018, 0x0010}, "an agent");
                 },
                 "(0018,0010)"},
        Unusable{"with_contrast_by_code", RefusalReason::kNotAPlainImage,
                 [](DataSet& d) { test::add_code(d, {0x0018, 0x0012}, "109219007", "SCT"); },
                 "(0018,0012)"},
        Unusable{"subtracted", RefusalReason::kNotAPlainImage,
                 [](DataSet& d) {
                     const std::string type[] = {"DERIVED", "PRIMARY", "", "SUBTRACTION"};
                     d.set_texts(dicom::kImageType, type);
                 },
                 "(0008,0008)"},
        Unusable{"specimen", RefusalReason::kNotAPlainImage,
                 [](DataSet& d) { d.add_item({0x0040, 0x0560}); }, "(0040,0560)"},
        Unusable{"chest", RefusalReason::kNotAPlainImage,
                 [](DataSet& d) {
                     test::add_code(d, dicom::kAnatomicRegionSequence, "51185008", "SCT");
                 },
                 "(0008,2218)"},
        Unusable{"rolled", RefusalReason::kUnknownView,
                 [](DataSet& d) { modify(d, "399197002", "SCT"); }, "(0054,0222)"},
        Unusable{"unknown_modifier", RefusalReason::kUnknownView,
                 [](DataSet& d) { modify(d, "X-1", "99LOCAL"); }, "(0054,0222)"},
        Unusable{"no_side", RefusalReason::kUnknownView,
                 [](DataSet& d) { d.remove(dicom::kImageLaterality); }, "(0020,0062)"},
        Unusable{"both_sides", RefusalReason::kUnknownView,
                 [](DataSet& d) { d.set_text(dicom::kImageLaterality, "B"); }, "(0020,0062)"},
        Unusable{"two_sides", RefusalReason::kUnknownView,
                 [](DataSet& d) {
                     const std::string both[] = {"L", "R"};
                     d.set_texts(dicom::kImageLaterality, both);
                 },
                 "(0020,0062)"},
        Unusable{"another_side", RefusalReason::kLateralityContradicted,
                 [](DataSet& d) { d.set_text(dicom::kLaterality, "R"); }, "(0020,0060)"},
        Unusable{"a_region_of_another_side", RefusalReason::kLateralityContradicted,
                 [](DataSet& d) {
                     DataSet& region =
                         test::add_code(d, dicom::kAnatomicRegionSequence, "76752008", "SCT");
                     test::add_code(region, {0x0008, 0x2220}, "24028007", "SCT");
                 },
                 "(0008,2220)"},
        Unusable{"another_view", RefusalReason::kUnknownView,
                 [](DataSet& d) { d.set_text(dicom::kViewPosition, "MLO"); }, "(0018,5101)"},
        Unusable{"two_views", RefusalReason::kUnknownView,
                 [](DataSet& d) {
                     test::add_code(d, dicom::kViewCodeSequence, "399368009", "SCT");
                 },
                 "(0054,0220)"},
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
        Unusable{"turned_by_half_a_circle", RefusalReason::kLateralityContradicted,
                 [](DataSet& d) { reorient(d, "P", "L"); }, "(0020,0020)"},
        Unusable{"oblique_as_of_the_other_breast", RefusalReason::kLateralityContradicted,
                 [](DataSet& d) {
                     d = stored_view("L-MLO", "2.25.99");
                     reorient(d, "A", "FL");
                 },
                 "(0020,0020)"},
        Unusable{"cranio_caudal_to_the_feet", RefusalReason::kUnknownView,
                 [](DataSet& d) { reorient(d, "A", "F"); }, "(0020,0020)"},
        Unusable{"too_large", RefusalReason::kNoPixelSpacing,
                 [](DataSet& d) {
                     d.remove(dicom::kImagerPixelSpacing);
                     const double spacing[] = {1, 0.1};
                     d.set_numbers(dicom::kPixelSpacing, spacing);
                     set_rows(d, exam::Raster<float>(150, 400, 9));
                 },
                 "(0028,0030)"},
        Unusable{"too_small", RefusalReason::kNoPixelSpacing,
                 [](DataSet& d) {
                     const double spacing[] = {0.2, 0.2};
                     d.set_numbers(dicom::kImagerPixelSpacing, spacing);
                 },
                 "(0018,1164)"},
        Unusable{"shape_of_monochrome1", RefusalReason::kBadPixelDescription,
                 [](DataSet& d) { d.set_text(dicom::kPresentationLutShape, "INVERSE"); },
                 "(2050,0020)"},
        Unusable{"shape_of_monochrome2", RefusalReason::kBadPixelDescription,
                 [](DataSet& d) {
                     d.set_text(dicom::kPhotometricInterpretation, "MONOCHROME1");
                     d.set_text(dicom::kPresentationLutShape, "IDENTITY");
                 },
                 "(2050,0020)"},
        Unusable{"colors_among_shades", RefusalReason::kBadPixelDescription,
                 [](DataSet& d) {
                     d.set_text(dicom::kPixelPresentation, "COLOR");
                     const long long descriptor[] = {16, 4000, 16};
                     d.set_integers(dicom::kRedPaletteColorLookupTableDescriptor, descriptor);
                 },
                 "(0008,9205)"},
        Unusable{"saturated", RefusalReason::kBadPixelDescription,
                 [](DataSet& d) {
                     d.set_number(dicom::kWindowCenter, 1250);
                     d.set_number(dicom::kWindowWidth, 50);
                 },
                 "(0028,1050)"},
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

std::string reason_of(const DataSet& data_set) {
    const auto outcome = prepare_view(data_set, contract());
    const auto* refusal = std::get_if<exam::Refusal>(&outcome);
    return refusal == nullptr ? "read" : std::string(name_of(refusal->reason));
}

TEST(PrepareView, ReadsPatientOrientationByTheLettersOfTheBody) {
    struct Oriented {
        const char* view;
        const char* across;
        const char* down;
        const char* outcome;
    };
    const Oriented cases[] = {
        {"L-CC", "A", "R", "read"},
        {"L-CC", "A", "", "read"},
        {"L-CC", "", "", "read"},
        {"R-CC", "P", "L", "read"},
        {"L-MLO", "A", "FR", "read"},
        {"L-MLO", "A", "RF", "read"},
        {"L-MLO", "A", "F", "read"},
        {"L-MLO", "A", "R", "read"},
        {"L-MLO", "AR", "FR", "read"},
        {"R-MLO", "P", "FL", "read"},
        {"R-MLO", "PL", "FLA", "read"},
        {"R-CC", "L", "F", "bad-pixel-description"},
        {"R-CC", "R", "F", "bad-pixel-description"},
        {"R-CC", "L", "H", "bad-pixel-description"},
        {"R-CC", "H", "L", "bad-pixel-description"},
        {"R-CC", "P", "A", "bad-pixel-description"},
        {"R-CC", "X", "Y", "bad-pixel-description"},
        {"R-CC", "P", "Y", "bad-pixel-description"},
        {"R-CC", "PA", "L", "bad-pixel-description"},
        {"R-CC", "", "L", "bad-pixel-description"},
        {"R-CC", "CC", "", "bad-pixel-description"},
    };
    for (const Oriented& each : cases) {
        DataSet data_set = stored_view(each.view);
        reorient(data_set, each.across, each.down);
        EXPECT_EQ(reason_of(data_set), each.outcome)
            << each.view << " " << each.across << "/" << each.down;
    }
    DataSet three = stored_view("R-CC");
    const std::string orientation[] = {"P", "L", "F"};
    three.set_texts(dicom::kPatientOrientation, orientation);
    EXPECT_EQ(reason_of(three), "bad-pixel-description");
}

TEST(PrepareView, ReadsImageTypesOfPlainExposuresAlone) {
    const std::pair<std::vector<std::string>, const char*> cases[] = {
        {{"ORIGINAL", "PRIMARY"}, "read"},
        {{"DERIVED", "PRIMARY", "", "RIGHT"}, "read"},
        {{"ORIGINAL", "PRIMARY", "", "", "LOW_ENERGY"}, "read"},
        {{"ORIGINAL", "PRIMARY", "PRE_CONTRAST"}, "read"},
        {{"DERIVED", "PRIMARY", "TOMOSYNTHESIS", "GENERATED_2D"}, "read"},
        {{"DERIVED", "PRIMARY", "TOMO", "GENERATED_2D", "", "", "", "", "150000"}, "read"},
        {{"DERIVED", "PRIMARY", "TOMO_2D", "LEFT", "", "", "", "", "150000"}, "read"},
        {{"DERIVED", "PRIMARY", "", "GENERATED_2D"}, "read"},
        {{"DERIVED", "PRIMARY", "TOMOSYNTHESIS", "NONE", "", "", "", "", "150000"},
         "not-a-plain-image"},
        {{"DERIVED", "SECONDARY", "TOMOSYNTHESIS"}, "not-a-plain-image"},
        {{"DERIVED", "PRIMARY", "tomo"}, "not-a-plain-image"},
        {{"DERIVED", "PRIMARY", "TOMO_SLAB", "GENERATED_2D"}, "not-a-plain-image"},
        {{"DERIVED", "PRIMARY", "TOMO_PROJ", "GENERATED_2D"}, "not-a-plain-image"},
        {{"DERIVED", "PRIMARY", "", "SLICE"}, "not-a-plain-image"},
        {{"DERIVED", "PRIMARY", "SLAB"}, "not-a-plain-image"},
        {{"ORIGINAL", "PRIMARY", "STEREO_SCOUT"}, "not-a-plain-image"},
        {{"ORIGINAL", "PRIMARY", "", "STEREO_SCOUT"}, "not-a-plain-image"},
        {{"ORIGINAL", "PRIMARY", "STEREO_PLUS"}, "not-a-plain-image"},
        {{"ORIGINAL", "PRIMARY", "PREFIRE_MINUS"}, "not-a-plain-image"},
        {{"ORIGINAL", "PRIMARY", "POSTFIRE"}, "not-a-plain-image"},
        {{"ORIGINAL", "PRIMARY", "POSTBIOPSY_PLUS"}, "not-a-plain-image"},
        {{"ORIGINAL", "PRIMARY", "POSTMARKER"}, "not-a-plain-image"},
        {{"ORIGINAL", "PRIMARY", "TOMO_SCOUT"}, "not-a-plain-image"},
        {{"ORIGINAL", "PRIMARY", "TOMO_PROJ"}, "not-a-plain-image"},
        {{"ORIGINAL", "PRIMARY", "POST_CONTRAST"}, "not-a-plain-image"},
        {{"DERIVED", "PRIMARY", "", "ADDITION"}, "not-a-plain-image"},
        {{"ORIGINAL", "PRIMARY", "", "", "HIGH_ENERGY"}, "not-a-plain-image"},
        {{"DERIVED", "PRIMARY", "", "SUBTRACTION"}, "not-a-plain-image"},
        {{"ORIGINAL", "PRIMARY", "stereo_scout"}, "not-a-plain-image"},
        // What has a term in it, or stands where none is, is another.
        {{"DERIVED", "PRIMARY", "SCATTER_ADDITION"}, "read"},
        {{"DERIVED", "PRIMARY", "", "GRID_SUBTRACTED"}, "read"},
        {{"ORIGINAL", "PRIMARY", "NON_STEREO"}, "read"},
        {{"ORIGINAL", "PRIMARY", "NO TOMO_PROJ"}, "read"},
        {{"STEREO", "ADDITION"}, "read"},
    };
    for (const auto& [type, outcome] : cases) {
        DataSet data_set = stored_view("L-CC");
        data_set.set_texts(dicom::kImageType, type);
        EXPECT_EQ(reason_of(data_set), outcome) << type.back();
    }
}

TEST(PrepareView, RefusesSectionsThatOnlyOtherAttributesTellOf) {
    const auto with = [](dicom::Tag tag, const char* value) {
        DataSet data_set = stored_view("L-CC");
        data_set.set_text(tag, value);
        return data_set;
    };
    DataSet sections[] = {with({0x0008, 0x9206}, "VOLUME"), with({0x0018, 0x1460}, "23.5")};
    for (DataSet& section : sections) {
        EXPECT_EQ(reason_of(section), "not-a-plain-image");
        // Some give to what is made of the whole what each of its sections has.
        section.set_text(dicom::kSeriesDescription, "L CC S-View");
        EXPECT_EQ(reason_of(section), "read");
    }
    EXPECT_EQ(reason_of(with({0x0008, 0x9206}, "DISTORTED")), "read");
    EXPECT_EQ(reason_of(with({0x0018, 0x1491}, "TOMOSYNTHESIS")), "read");
}

TEST(PrepareView, ReadsWhatTheHeaderSaysNoToOrNothingOf) {
    for (const dicom::Tag tag :
         {dicom::kBreastImplantPresent, dicom::kPartialView, dicom::kCalibrationImage,
          dicom::kQualityControlImage, dicom::kQualityControlSubject})
        for (const char* said : {"NO", ""}) {
            DataSet data_set = stored_view("L-CC");
            data_set.set_text(tag, said);
            EXPECT_EQ(reason_of(data_set), "read") << describe(tag) << " " << said;
        }
    for (const char* part : {"BREAST", "MAMMA", "SENO", ""}) {
        DataSet data_set = stored_view("L-CC");
        data_set.set_text(dicom::kBodyPartExamined, part);
        EXPECT_EQ(reason_of(data_set), "read") << part;
    }
}

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
