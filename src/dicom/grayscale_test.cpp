#include "dicom/grayscale.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "base/error.h"
#include "dicom/uids.h"

namespace lucerna::dicom {
namespace {

DecodedFrame frame_of(std::vector<std::int16_t> values, bool is_signed, int bits_stored = 16) {
    DecodedFrame frame;
    frame.rows = 1;
    frame.columns = static_cast<int>(values.size());
    frame.bits_allocated = 16;
    frame.bits_stored = bits_stored;
    frame.is_signed = is_signed;
    frame.photometric_interpretation = "MONOCHROME2";
    for (const std::int16_t value : values) {
        frame.samples.push_back(static_cast<std::uint8_t>(value & 0xFF));
        frame.samples.push_back(static_cast<std::uint8_t>((value >> 8) & 0xFF));
    }
    return frame;
}

void add_lut(DataSet& item, std::vector<long long> descriptor, Bytes data) {
    item.set_integers(kLutDescriptor, descriptor);
    item.set_bytes(kLutData, "OW", std::move(data));
}

TEST(LookupTable, Has65536EntriesWhateverSaysSo) {
    DataSet data_set;
    DataSet& item = data_set.add_item(kModalityLutSequence);
    item.set_bytes(kLutDescriptor, "UL", {0, 0, 1, 0, 0, 0, 0, 0, 16, 0, 0, 0});
    item.set_bytes(kLutData, "OW", {1, 2});
    EXPECT_THROW((void)modality_lut_of(data_set), Error);
    item.set_bytes(kLutData, "OW", Bytes(131'072, 7));
    const ModalityLut lut = modality_lut_of(data_set);
    ASSERT_TRUE(lut.table);
    EXPECT_EQ(lut.table->entries.size(), 65536U);
}

TEST(VoiWindow, LinearFollowsTheStandardsFormula) {
    // PS3.3 C.11.2.1.2.1, its example for c = 2048, w = 4096: x <= 0 gives y_min, x > 4095 gives
    // y_max, and between them y = (x - 2047.5) / 4095 + 0.5.
    const Voi voi = VoiWindow{2048, 4096, VoiFunction::kLinear, ""};
    EXPECT_FLOAT_EQ(apply_voi(-1, voi), 0);
    EXPECT_FLOAT_EQ(apply_voi(0, voi), 0);
    EXPECT_FLOAT_EQ(apply_voi(2047.5, voi), 0.5);
    EXPECT_FLOAT_EQ(apply_voi(1, voi), 1.0F / 4095);
    EXPECT_FLOAT_EQ(apply_voi(4095, voi), 1);
    EXPECT_FLOAT_EQ(apply_voi(9999, voi), 1);
}

TEST(VoiWindow, OfWidthOneIsAStep) {
    // The standard's example for c = 2048, w = 1: x <= 2047.5 gives y_min, above it y_max.
    const Voi voi = VoiWindow{2048, 1, VoiFunction::kLinear, ""};
    EXPECT_FLOAT_EQ(apply_voi(2047, voi), 0);
    EXPECT_FLOAT_EQ(apply_voi(2047.5, voi), 0);
    EXPECT_FLOAT_EQ(apply_voi(2048, voi), 1);
}

TEST(VoiWindow, LinearExactHasNoOffsetOfAHalf) {
    // PS3.3 C.11.2.1.3.2.
    const Voi voi = VoiWindow{2048, 4096, VoiFunction::kLinearExact, ""};
    EXPECT_FLOAT_EQ(apply_voi(0, voi), 0);
    EXPECT_FLOAT_EQ(apply_voi(2048, voi), 0.5);
    EXPECT_FLOAT_EQ(apply_voi(3072, voi), 0.75);
    EXPECT_FLOAT_EQ(apply_voi(4096, voi), 1);
}

TEST(VoiWindow, SigmoidIsLogistic) {
    // PS3.3 C.11.2.1.3.1: 1 / (1 + exp(-4 (x - c) / w)).
    const Voi voi = VoiWindow{100, 50, VoiFunction::kSigmoid, ""};
    EXPECT_FLOAT_EQ(apply_voi(100, voi), 0.5);
    EXPECT_NEAR(apply_voi(125, voi), 1 / (1 + std::exp(-2.0)), 1e-6);
    EXPECT_NEAR(apply_voi(75, voi), 1 / (1 + std::exp(2.0)), 1e-6);
}

TEST(ModalityLut, RescalesSignedValues) {
    DataSet data_set;
    data_set.set_text(kRescaleSlope, "2");
    data_set.set_text(kRescaleIntercept, "-1024");
    const auto values = apply_modality_lut(frame_of({-3, 0, 5}, true), modality_lut_of(data_set));
    EXPECT_EQ(values, (std::vector<float>{-1030, -1024, -1014}));
}

TEST(ModalityLut, TableClampsAtBothEnds) {
    DataSet data_set;
    data_set.set_integer(kPixelRepresentation, 0);
    add_lut(data_set.add_item(kModalityLutSequence), {3, 10, 16}, {1, 0, 2, 0, 0xFF, 0xFF});
    const ModalityLut lut = modality_lut_of(data_set);
    const auto values = apply_modality_lut(frame_of({0, 10, 11, 12, 500}, false), lut);
    EXPECT_EQ(values, (std::vector<float>{1, 1, 2, 65535, 65535}));
}

TEST(ModalityLut, FirstMappedValueIsSignedWithTheModalityValues) {
    DataSet data_set;
    data_set.set_integer(kPixelRepresentation, 1);
    // -1, in the bits of US.
    add_lut(data_set.add_item(kModalityLutSequence), {2, 0xFFFF, 8}, {10, 20});
    const auto values = apply_modality_lut(frame_of({-2, -1, 0}, true), modality_lut_of(data_set));
    EXPECT_EQ(values, (std::vector<float>{10, 10, 20}));
}

TEST(VoiLut, ComesBeforeWindowsAndScalesByItsBits) {
    DataSet data_set;
    data_set.set_integer(kPixelRepresentation, 0);
    add_lut(data_set.add_item(kVoiLutSequence), {2, 5, 12}, {0, 0, 0xFF, 0x0F});
    data_set.set_text(kWindowCenter, "40\\50");
    data_set.set_text(kWindowWidth, "100\\200");
    const auto voi = voi_alternatives(data_set);
    ASSERT_EQ(voi.size(), 3U);
    EXPECT_FLOAT_EQ(apply_voi(5, voi[0]), 0);
    EXPECT_FLOAT_EQ(apply_voi(6, voi[0]), 1);
    EXPECT_EQ(std::get<VoiWindow>(voi[2]).width, 200);
}

struct FirstMapped {
    bool signed_pixels;
    int bits_stored;
    double slope, intercept;
    /// "US", "SS", or none where the object is in implicit VR.
    const char* vr;
    long long first, entries;
    std::int64_t is;
};

DataSet with_voi_lut(const FirstMapped& of) {
    DataSet data_set;
    data_set.set_text(kSopClassUid, "1.2.840.10008.5.1.4.1.1.7");
    data_set.set_text(kSopInstanceUid, "2.25.1");
    data_set.set_integer(kBitsStored, of.bits_stored);
    data_set.set_integer(kPixelRepresentation, of.signed_pixels ? 1 : 0);
    data_set.set_number(kRescaleSlope, of.slope);
    data_set.set_number(kRescaleIntercept, of.intercept);
    DataSet& item = data_set.add_item(kVoiLutSequence);
    Bytes descriptor;
    for (const long long number : {of.entries, of.first, 16LL}) {
        descriptor.push_back(static_cast<std::uint8_t>(number & 0xFF));
        descriptor.push_back(static_cast<std::uint8_t>((number >> 8) & 0xFF));
    }
    const std::string vr = of.vr;
    item.set_bytes(kLutDescriptor, vr.empty() ? "US" : vr, descriptor);
    item.set_bytes(kLutData, "OW", Bytes(2 * static_cast<std::size_t>(of.entries)));
    return DataSet::parse(data_set.to_part10(vr.empty()
                                                 ? transfer_syntax::kImplicitVrLittleEndian
                                                 : transfer_syntax::kExplicitVrLittleEndian));
}

TEST(VoiLut, MapsFirstWhatTheModalityLutCanGive) {
    const FirstMapped cases[] = {
        {false, 16, 1, 0, "US", 40000, 16384, 40000},
        {false, 16, -1, 65535, "US", 40000, 16384, 40000},
        {false, 16, -1, 65535, "", 40000, 16384, 40000},
        {true, 16, 1, 32768, "US", 40000, 16384, 40000},
        {true, 16, 1, 32768, "SS", 40000, 16384, 40000},
        {true, 16, 1, 32768, "", 40000, 16384, 40000},
        {false, 16, 1, -1, "US", 40000, 16384, 40000},
        // -1024, as the VR says or as an object says it that was once of implicit VR.
        {false, 12, 1, -1024, "SS", 0xFC00, 4096, -1024},
        {false, 12, 1, -1024, "US", 0xFC00, 4096, -1024},
        {false, 12, 1, -1024, "", 0xFC00, 4096, -1024},
        {true, 12, 1, 0, "", 0xF800, 4096, -2048},
        // Those of a table of all values could be met both ways.
        {false, 16, 1, -1, "US", 40000, 65535, 40000},
        {false, 16, 1, -1, "SS", 40000, 65535, -25536},
        {false, 16, 1, -1, "", 40000, 65535, -25536},
        {false, 16, 1, 0, "", 40000, 65535, 40000},
    };
    for (const FirstMapped& each : cases) {
        const auto voi = voi_alternatives(with_voi_lut(each));
        ASSERT_EQ(voi.size(), 1U);
        EXPECT_EQ(std::get<LookupTable>(voi[0]).first_mapped, each.is)
            << each.first << " " << each.vr << " after " << each.slope << " x + " << each.intercept;
    }
}

TEST(VoiLut, MapsFirstWhatAModalityTableCanGive) {
    DataSet data_set;
    data_set.set_integer(kPixelRepresentation, 1);
    add_lut(data_set.add_item(kModalityLutSequence), {2, 0xFFFF, 16}, {0, 0, 0, 0xA0});
    add_lut(data_set.add_item(kVoiLutSequence), {2, 40000, 8}, {10, 20});
    EXPECT_EQ(std::get<LookupTable>(voi_alternatives(data_set)[0]).first_mapped, 40000);
}

TEST(VoiLut, OfAFrameComesFromItsFunctionalGroups) {
    DataSet data_set;
    DataSet& shared = data_set.add_item(kSharedFunctionalGroupsSequence);
    DataSet& pixel_value = shared.add_item(kPixelValueTransformationSequence);
    pixel_value.set_text(kRescaleSlope, "3");
    pixel_value.set_text(kRescaleIntercept, "1");
    (void)data_set.add_item(kPerFrameFunctionalGroupsSequence);
    DataSet& second = data_set.add_item(kPerFrameFunctionalGroupsSequence);
    DataSet& window = second.add_item(kFrameVoiLutSequence);
    window.set_text(kWindowCenter, "7");
    window.set_text(kWindowWidth, "3");
    EXPECT_EQ(modality_lut_of(data_set, 0).slope, 3);
    EXPECT_TRUE(voi_alternatives(data_set, 0).empty());
    ASSERT_EQ(voi_alternatives(data_set, 1).size(), 1U);
    EXPECT_EQ(std::get<VoiWindow>(voi_alternatives(data_set, 1)[0]).center, 7);
}

TEST(Presentation, InvertsMonochrome1AndShapeInverse) {
    DataSet data_set;
    data_set.set_text(kPhotometricInterpretation, "MONOCHROME1");
    EXPECT_TRUE(is_inverse(data_set));
    data_set.set_text(kPresentationLutShape, "IDENTITY");
    EXPECT_FALSE(is_inverse(data_set));
    data_set.set_text(kPhotometricInterpretation, "MONOCHROME2");
    data_set.set_text(kPresentationLutShape, "INVERSE");
    EXPECT_TRUE(is_inverse(data_set));
}

/// Of 5 entries of 8 bits.
DataSet with_presentation_table(Bytes entries, const std::string& photometric) {
    DataSet data_set;
    data_set.set_text(kPhotometricInterpretation, photometric);
    data_set.set_text(kWindowCenter, "50");
    data_set.set_text(kWindowWidth, "100");
    data_set.set_text(kVoiLutFunction, "LINEAR_EXACT");
    DataSet& item = data_set.add_item(kPresentationLutSequence);
    add_lut(item, {5, 0, 8}, std::move(entries));
    return data_set;
}

TEST(Presentation, LooksUpWhatTheVoiGaveInThePresentationLut) {
    const Bytes brighter = {0, 153, 204, 230, 255};
    const DataSet data_set = with_presentation_table(brighter, "MONOCHROME1");
    const auto values =
        presentation_values(data_set, frame_of({-7, 0, 25, 37, 38, 50, 100, 900}, true, 16));
    const auto entry = [&](std::size_t i) { return static_cast<float>(brighter.at(i)) / 255; };
    EXPECT_EQ(values, (std::vector<float>{entry(0), entry(0), entry(1), entry(1), entry(2),
                                          entry(2), entry(4), entry(4)}));
    EXPECT_FALSE(is_inverse(data_set)) << "what it gives is what is shown, of MONOCHROME1 too";
    EXPECT_TRUE(is_inverse(with_presentation_table({255, 9, 8, 7, 0}, "MONOCHROME2")));
}

TEST(Presentation, TakesTheShapeWhereThereAreBoth) {
    DataSet data_set = with_presentation_table({255, 9, 8, 7, 0}, "MONOCHROME2");
    data_set.set_text(kPresentationLutShape, "IDENTITY");
    EXPECT_FALSE(is_inverse(data_set));
    EXPECT_EQ(presentation_values(data_set, frame_of({25, 100}, false)),
              (std::vector<float>{0.25, 1}));
}

TEST(Presentation, PassesOverATableThatIsCutShort) {
    const DataSet data_set = with_presentation_table({0, 1}, "MONOCHROME1");
    EXPECT_THROW((void)presentation_lut_of(data_set), Error);
    EXPECT_FALSE(presentation_lut_of(data_set, Unusable::kPassedOver).table);
    EXPECT_TRUE(is_inverse(data_set));
}

TEST(Presentation, TakesAllStagesInOrder) {
    DataSet data_set;
    data_set.set_text(kPhotometricInterpretation, "MONOCHROME1");
    data_set.set_text(kRescaleSlope, "10");
    data_set.set_text(kRescaleIntercept, "0");
    data_set.set_text(kWindowCenter, "50");
    data_set.set_text(kWindowWidth, "100");
    data_set.set_text(kVoiLutFunction, "LINEAR_EXACT");
    const auto values = presentation_values(data_set, frame_of({0, 5, 10}, false, 12));
    EXPECT_FLOAT_EQ(values[0], 1);
    EXPECT_FLOAT_EQ(values[1], 0.5);
    EXPECT_FLOAT_EQ(values[2], 0);
}

TEST(Presentation, StretchesWhereTheHeaderSaysNothing) {
    const auto values = presentation_values(DataSet(), frame_of({100, 150, 300}, false));
    EXPECT_EQ(values, (std::vector<float>{0, 0.25, 1}));
    EXPECT_EQ(presentation_values(DataSet(), frame_of({7, 7}, false)), (std::vector<float>{0, 0}));
}

TEST(Grayscale, RefusesWhatCannotBeUsedByName) {
    const auto refusal = [](const auto& work) -> std::string {
        try {
            work();
        } catch (const Error& error) {
            EXPECT_EQ(error.code(), ErrorCode::kInvalidInput);
            return error.what();
        }
        return "nothing was thrown";
    };
    DataSet narrow;
    narrow.set_text(kWindowCenter, "40");
    narrow.set_text(kWindowWidth, "0");
    EXPECT_NE(refusal([&] { (void)voi_alternatives(narrow); }).find("WindowWidth"),
              std::string::npos);
    DataSet short_table;
    add_lut(short_table.add_item(kVoiLutSequence), {0, 0, 16}, {1, 0});
    EXPECT_NE(refusal([&] { (void)voi_alternatives(short_table); }).find("65536 entries"),
              std::string::npos);
    DataSet wide_entries;
    add_lut(wide_entries.add_item(kModalityLutSequence), {1, 0, 32}, {1, 0});
    EXPECT_NE(refusal([&] { (void)modality_lut_of(wide_entries); }).find("32 bits"),
              std::string::npos);
    DataSet flat;
    flat.set_text(kRescaleSlope, "0");
    flat.set_text(kRescaleIntercept, "1");
    EXPECT_NE(refusal([&] { (void)modality_lut_of(flat); }).find("RescaleSlope"),
              std::string::npos);
}

TEST(Grayscale, PassesOverWhatCannotBeUsedForAPicture) {
    const auto windows = [](const char* centers, const char* widths, const char* function) {
        DataSet data_set;
        data_set.set_text(kWindowCenter, centers);
        data_set.set_text(kWindowWidth, widths);
        data_set.set_text(kVoiLutFunction, function);
        EXPECT_THROW((void)voi_alternatives(data_set), Error) << centers << " " << widths;
        std::vector<double> usable;
        for (const Voi& voi : voi_alternatives(data_set, 0, Unusable::kPassedOver))
            usable.push_back(std::get<VoiWindow>(voi).center);
        return usable;
    };
    using Centers = std::vector<double>;
    EXPECT_EQ(windows("40", "0", "LINEAR"), Centers{});
    EXPECT_EQ(windows("40", "0.9", "LINEAR"), Centers{});
    EXPECT_EQ(windows("40", "-7", "LINEAR_EXACT"), Centers{});
    EXPECT_EQ(windows("40", "", "LINEAR"), Centers{});
    EXPECT_EQ(windows("", "400", "LINEAR"), Centers{});
    EXPECT_EQ(windows("40\\50", "400", "LINEAR"), Centers{40});
    EXPECT_EQ(windows("40\\50\\60", "0\\9\\1", "LINEAR"), (Centers{50, 60}));
    EXPECT_EQ(windows("40\\50", "0.5\\0", "SIGMOID"), Centers{40});
    EXPECT_EQ(windows("40", "400", "STEP"), Centers{});
}

TEST(Grayscale, PassesOverBrokenTablesForAPicture) {
    DataSet data_set;
    data_set.set_integer(kPixelRepresentation, 0);
    add_lut(data_set.add_item(kModalityLutSequence), {9, 0, 16}, {1, 0});
    add_lut(data_set.add_item(kVoiLutSequence), {9, 0, 16}, {1, 0});
    add_lut(data_set.add_item(kVoiLutSequence), {1, 0, 8}, {1, 0});
    EXPECT_THROW((void)modality_lut_of(data_set), Error);
    EXPECT_THROW((void)voi_alternatives(data_set), Error);
    EXPECT_EQ(modality_lut_of(data_set, 0, Unusable::kPassedOver).value(7), 7);
    const auto voi = voi_alternatives(data_set, 0, Unusable::kPassedOver);
    ASSERT_EQ(voi.size(), 1U);
    EXPECT_EQ(std::get<LookupTable>(voi[0]).bits, 8);
}

TEST(Grayscale, TakesASlopeOfOneForAPictureWhereThereIsNone) {
    const auto of_ten = [](const char* slope, const char* intercept) {
        DataSet data_set;
        data_set.set_text(kRescaleSlope, slope);
        data_set.set_text(kRescaleIntercept, intercept);
        EXPECT_THROW((void)modality_lut_of(data_set), Error) << slope << " " << intercept;
        return modality_lut_of(data_set, 0, Unusable::kPassedOver).value(10);
    };
    EXPECT_EQ(of_ten("0", "5"), 15);
    EXPECT_EQ(of_ten("", "5"), 15);
    EXPECT_EQ(of_ten("none", "5"), 15);
    EXPECT_EQ(of_ten("3", ""), 30);
}

}  // namespace
}  // namespace lucerna::dicom
