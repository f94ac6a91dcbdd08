#include "prepare/header.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "dicom/frames.h"
#include "dicom/tags.h"
#include "dicom/uids.h"
#include "prepare/view_codes.h"

namespace lucerna::prepare {
namespace {

using dicom::DataSet;
using exam::InputContract;
using exam::Refusal;
using exam::RefusalReason;
using Complaint = std::optional<Refusal>;

/// Contact views have 1.0 to 1.1; magnification stands begin at 1.5.
constexpr double kLargestContactMagnification = 1.3;
constexpr double kSmallestSpacingMm = 0.01;
constexpr double kLargestSpacingMm = 1.0;

struct ImageClass {
    std::string_view modality;
    std::string_view sop_class_uid;
    std::string_view presentation_intent;
};

// Which storage classes hold plain images of a modality. One of another modality is not looked up.
constexpr std::array<ImageClass, 4> kImageClasses{{
    {"MG", dicom::sop_class::kDigitalMammographyForPresentation, "FOR PRESENTATION"},
    {"MG", dicom::sop_class::kDigitalMammographyForProcessing, "FOR PROCESSING"},
    {"DX", dicom::sop_class::kDigitalXRayForPresentation, "FOR PRESENTATION"},
    {"DX", dicom::sop_class::kDigitalXRayForProcessing, "FOR PROCESSING"},
}};

Refusal refusal(RefusalReason reason, std::string what, std::string where, std::string remedy) {
    return {reason, std::move(what), std::move(where), std::move(remedy), {}, {}};
}

std::string quoted(const DataSet& data_set, dicom::Tag tag) {
    return "'" + data_set.text_or(tag, "") + "'";
}

std::string listed(const std::vector<std::string>& values) {
    std::string all;
    for (const std::string& value : values) all += (all.empty() ? "" : ", ") + value;
    return all;
}

Complaint check_kind(const DataSet& data_set, const InputContract& contract) {
    if (data_set.text_or(dicom::kModality, "") != contract.modality)
        return refusal(RefusalReason::kWrongModality,
                       "The modality is " + quoted(data_set, dicom::kModality) +
                           "; the model reads " + contract.modality + ".",
                       describe(dicom::kModality), "Send this object elsewhere.");
    const std::string uid = data_set.text_or(dicom::kSopClassUid, "");
    const bool listed_modality =
        std::any_of(kImageClasses.begin(), kImageClasses.end(),
                    [&](const ImageClass& known) { return known.modality == contract.modality; });
    const auto known =
        std::find_if(kImageClasses.begin(), kImageClasses.end(), [&](const ImageClass& each) {
            return each.modality == contract.modality && each.sop_class_uid == uid;
        });
    if (listed_modality && known == kImageClasses.end()) {
        const std::string_view name = dicom::sop_class_name(uid);
        return refusal(RefusalReason::kWrongModality,
                       "The object is no plain image of that modality but of the class '" +
                           (name.empty() ? uid : std::string(name)) + "'.",
                       describe(dicom::kSopClassUid),
                       "Send the plain projection images of the exam.");
    }
    // Either saying it is enough: raw detector data looks nothing like what a model has learned.
    std::string intent = data_set.text_or(dicom::kPresentationIntentType, "");
    if (known != kImageClasses.end() && (intent.empty() || intent == "FOR PRESENTATION"))
        intent = known->presentation_intent;
    const auto& accepted = contract.presentation_intents;
    if (!accepted.empty() && std::find(accepted.begin(), accepted.end(), intent) == accepted.end())
        return refusal(RefusalReason::kForProcessing,
                       "The image is '" + intent + "'; the model reads " + listed(accepted) + ".",
                       describe(dicom::kPresentationIntentType),
                       "Send the processed (For Presentation) image of the same exposure.");
    return {};
}

Complaint check_view(const DataSet& data_set, const InputContract& contract) {
    if (contract.views.empty()) return {};
    if (const auto modified = view_modifier_of(data_set)) {
        const std::string where = describe(dicom::kViewModifierCodeSequence);
        if (modified->modifier == ViewModifier::kImplantDisplaced)
            return refusal(RefusalReason::kImplantDisplaced, "The implant is pushed back.", where,
                           "A reader has to judge this view without the model.");
        if (modified->modifier != ViewModifier::kOther)
            return refusal(RefusalReason::kSpotOrMagnification,
                           "The view is a " + modified->meaning + " view.", where,
                           "Send the plain screening view.");
        return refusal(RefusalReason::kUnknownView,
                       "The view is modified (" + modified->meaning + ").", where,
                       "Send the plain screening view.");
    }
    const auto magnification = data_set.number(dicom::kEstimatedRadiographicMagnificationFactor);
    if (magnification && *magnification > kLargestContactMagnification)
        return refusal(RefusalReason::kSpotOrMagnification,
                       "The image is magnified " +
                           data_set.text_or(dicom::kEstimatedRadiographicMagnificationFactor, "") +
                           " times.",
                       describe(dicom::kEstimatedRadiographicMagnificationFactor),
                       "Send the plain screening view.");
    if (!laterality_of(data_set))
        return refusal(RefusalReason::kUnknownView,
                       "The header does not say whether it is the right or the left breast.",
                       describe(dicom::kImageLaterality),
                       "Set Image Laterality to R or L at the modality.");
    const auto name = view_name_of(data_set);
    if (!name)
        return refusal(RefusalReason::kUnknownView,
                       "The header does not say which view it is; View Position is " +
                           quoted(data_set, dicom::kViewPosition) + ".",
                       describe(dicom::kViewCodeSequence),
                       "Set the view at the modality (PS3.16 CID 4014).");
    const std::string text = to_string(*name);
    if (std::find(contract.views.begin(), contract.views.end(), text) == contract.views.end())
        return refusal(RefusalReason::kUnknownView,
                       "The view is " + text + "; the model reads " + listed(contract.views) + ".",
                       describe(dicom::kViewCodeSequence),
                       "A reader has to judge this view without the model.");
    return {};
}

Complaint read_spacing(const DataSet& data_set, exam::ViewSource& source) {
    for (const dicom::Tag tag :
         {dicom::kImagerPixelSpacing, dicom::kPixelSpacing, dicom::kNominalScannedPixelSpacing}) {
        const std::vector<double> spacing = data_set.numbers(tag);
        const auto usable = [](double mm) {
            return std::isfinite(mm) && mm >= kSmallestSpacingMm && mm <= kLargestSpacingMm;
        };
        if (spacing.size() != 2 || !usable(spacing[0]) || !usable(spacing[1])) continue;
        source.row_spacing_mm = spacing[0];
        source.column_spacing_mm = spacing[1];
        return {};
    }
    const bool given = data_set.has_value(dicom::kImagerPixelSpacing);
    return refusal(RefusalReason::kNoPixelSpacing,
                   given ? "Imager Pixel Spacing is no size of a pixel: " +
                               listed(data_set.texts(dicom::kImagerPixelSpacing)) + "."
                         : "The header gives no size of a pixel.",
                   describe(dicom::kImagerPixelSpacing),
                   "Without it, sizes and the model's input are unknown: correct the header.");
}

/// PS3.3 C.7.6.1.1.1: where the rows and the columns run to, in letters of the body.
Complaint read_orientation(const DataSet& data_set, Header& header) {
    const std::vector<std::string> runs = data_set.texts(dicom::kPatientOrientation);
    if (runs.size() != 2 || runs[0].empty()) return {};
    const char across = runs[0][0];
    const char down = runs[1].empty() ? ' ' : runs[1][0];
    if (across != 'A' && across != 'P') {
        if (down != 'A' && down != 'P') return {};
        return refusal(RefusalReason::kBadPixelDescription,
                       "The picture lies on its side: its rows run to '" + runs[0] + "'.",
                       describe(dicom::kPatientOrientation),
                       "Send the picture with its rows between chest wall and nipple.");
    }
    header.chest_wall = across == 'P' ? ChestWall::kRight : ChestWall::kLeft;
    if (runs[1].find('H') != std::string::npos) header.upside_down = true;
    if (runs[1].find_first_of("HF") == std::string::npos && header.laterality) {
        // Cranio-caudal: lateral is on top, so the columns run to the other side's letter.
        const bool right = *header.laterality == exam::Laterality::kRight;
        header.upside_down = down == (right ? 'R' : 'L');
    }
    return {};
}

Complaint check_pixels(const DataSet& data_set, exam::ViewSource& source) {
    const auto bad = [&](dicom::Tag tag, const std::string& what) {
        return refusal(RefusalReason::kBadPixelDescription, what, describe(tag),
                       "Send the image again, as the modality made it.");
    };
    if (!data_set.has_value(dicom::kPixelData))
        return refusal(RefusalReason::kNoPixels, "The object holds no pixels.",
                       describe(dicom::kPixelData), "Send the image again, with its pixels.");
    const auto rows = data_set.integer(dicom::kRows).value_or(0);
    const auto columns = data_set.integer(dicom::kColumns).value_or(0);
    if (rows < 1 || rows > 65535) return bad(dicom::kRows, "Rows is missing or not a size.");
    if (columns < 1 || columns > 65535)
        return bad(dicom::kColumns, "Columns is missing or not a size.");
    if (is_larger_than_any_detector(data_set))
        return bad(dicom::kRows, "A picture of " + std::to_string(rows) + " x " +
                                     std::to_string(columns) +
                                     " pixels is larger than any detector's or scanned film: " +
                                     std::to_string(kMostPixels) + " pixels at most.");
    source.rows = static_cast<int>(rows);
    source.columns = static_cast<int>(columns);
    const std::string photometric = data_set.text_or(dicom::kPhotometricInterpretation, "");
    if (data_set.integer(dicom::kSamplesPerPixel).value_or(1) != 1 ||
        (photometric != "MONOCHROME1" && photometric != "MONOCHROME2"))
        return bad(dicom::kPhotometricInterpretation,
                   "The picture is not grayscale: '" + photometric + "'.");
    if (data_set.integer(dicom::kNumberOfFrames).value_or(1) != 1)
        return bad(dicom::kNumberOfFrames, "The picture has several frames.");
    const std::string syntax = data_set.transfer_syntax_uid();
    if (!dicom::is_decodable(syntax))
        return refusal(
            RefusalReason::kUnsupportedEncoding,
            "The pixels are encoded by a transfer syntax that is not read here: " + syntax + ".",
            describe(dicom::kTransferSyntaxUid),
            "Send the image uncompressed or in a lossless JPEG syntax.");
    const auto allocated = data_set.integer(dicom::kBitsAllocated).value_or(0);
    if (allocated != 8 && allocated != 16 && allocated != 32)
        return bad(dicom::kBitsAllocated, "Bits Allocated is missing or unusual.");
    const auto* known = dicom::find_transfer_syntax(syntax);
    const auto needed = static_cast<std::size_t>(rows * columns * (allocated / 8));
    if (known != nullptr && !known->encapsulated() &&
        data_set.bytes(dicom::kPixelData).size() < needed)
        return refusal(
            RefusalReason::kTruncated,
            "Pixel Data ends early: " + std::to_string(data_set.bytes(dicom::kPixelData).size()) +
                " of " + std::to_string(needed) + " bytes.",
            describe(dicom::kPixelData), "Send the image again.");
    return {};
}

}  // namespace

bool is_larger_than_any_detector(const DataSet& data_set) {
    const auto side = [&](dicom::Tag tag) {
        return std::clamp(data_set.integer(tag).value_or(0), 0LL, 65535LL);
    };
    return side(dicom::kRows) * side(dicom::kColumns) > kMostPixels;
}

std::variant<Header, Refusal> read_header(const DataSet& data_set, const InputContract& contract) {
    Header header;
    exam::ViewSource& source = header.source;
    source.sop_instance_uid = data_set.text_or(dicom::kSopInstanceUid, "");
    source.sop_class_uid = data_set.text_or(dicom::kSopClassUid, "");
    source.series_instance_uid = data_set.text_or(dicom::kSeriesInstanceUid, "");
    source.name = view_name_of(data_set);
    header.laterality = laterality_of(data_set);
    Complaint complaint = check_kind(data_set, contract);
    if (!complaint) complaint = check_view(data_set, contract);
    if (!complaint) complaint = check_pixels(data_set, source);
    if (!complaint) complaint = read_spacing(data_set, source);
    if (!complaint) complaint = read_orientation(data_set, header);
    if (!complaint) return header;
    complaint->sop_instance_uid = source.sop_instance_uid;
    if (source.name) complaint->view = to_string(*source.name);
    return *std::move(complaint);
}

}  // namespace lucerna::prepare
