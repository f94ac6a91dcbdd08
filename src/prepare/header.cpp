#include "prepare/header.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "dicom/frames.h"
#include "dicom/supplemental_palette.h"
#include "dicom/tags.h"
#include "dicom/uids.h"
#include "prepare/plain_view.h"
#include "prepare/view_codes.h"

namespace lucerna::prepare {
namespace {

using dicom::DataSet;
using exam::InputContract;
using exam::Refusal;
using exam::RefusalReason;
using Complaint = std::optional<Refusal>;

constexpr double kSmallestSpacingMm = 0.01;
constexpr double kLargestSpacingMm = 1.0;
/// The largest detectors and films are 24 x 30 cm.
constexpr double kLargestPictureMm = 350;

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
        const double height = source.rows * spacing[0];
        const double width = source.columns * spacing[1];
        if (std::max(height, width) <= kLargestPictureMm) return {};
        return refusal(RefusalReason::kNoPixelSpacing,
                       "A picture of " + std::to_string(std::lround(width)) + " x " +
                           std::to_string(std::lround(height)) +
                           " mm is larger than any detector or film.",
                       describe(tag), "Correct the size of a pixel in the header.");
    }
    const bool given = data_set.has_value(dicom::kImagerPixelSpacing);
    return refusal(RefusalReason::kNoPixelSpacing,
                   given ? "Imager Pixel Spacing is no size of a pixel: " +
                               listed(data_set.texts(dicom::kImagerPixelSpacing)) + "."
                         : "The header gives no size of a pixel.",
                   describe(dicom::kImagerPixelSpacing),
                   "Without it, sizes and the model's input are unknown: correct the header.");
}

/// Letters of PS3.3 C.7.6.1.1.1, the principal one first, each way once; or nothing.
bool is_direction(std::string_view letters) {
    for (const std::string_view way : {"AP", "RL", "HF"})
        if (std::count_if(letters.begin(), letters.end(), [&](char letter) {
                return way.find(letter) != std::string_view::npos;
            }) > 1)
            return false;
    return letters.find_first_not_of("APRLHF") == std::string_view::npos;
}

/// PS3.3 C.7.6.1.1.1: where the rows and the columns run to, in letters of the body.
Complaint read_orientation(const DataSet& data_set, Header& header) {
    std::vector<std::string> runs = data_set.texts(dicom::kPatientOrientation);
    if (std::all_of(runs.begin(), runs.end(), [](const auto& each) { return each.empty(); }))
        return {};
    runs.resize(std::max<std::size_t>(runs.size(), 2));
    const auto bad = [&](RefusalReason reason, const std::string& what) {
        return refusal(reason, what + " ('" + runs[0] + "\\" + runs[1] + "').",
                       describe(dicom::kPatientOrientation),
                       "Check laterality, view and orientation at the modality, correct the header "
                       "and send again.");
    };
    if (runs.size() > 2 || runs[0].empty() || !is_direction(runs[0]) || !is_direction(runs[1]))
        return bad(RefusalReason::kBadPixelDescription,
                   "Rows and columns run to no directions that are known");
    const char across = runs[0][0];
    const char down = runs[1].empty() ? ' ' : runs[1][0];
    if ((across != 'A' && across != 'P') || down == 'A' || down == 'P')
        return bad(RefusalReason::kBadPixelDescription,
                   "The picture lies on its side, its rows not between chest wall and nipple");
    header.chest_wall = across == 'P' ? ChestWall::kRight : ChestWall::kLeft;
    const auto runs_to = [&](char letter) { return runs[1].find(letter) != std::string::npos; };
    const bool is_oblique = runs_to('H') || runs_to('F');
    if (runs_to('H')) header.upside_down = true;
    const auto& name = header.source.name;
    if (is_oblique && name && name->position == exam::ViewPosition::kCc)
        return bad(RefusalReason::kUnknownView,
                   "The columns of a cranio-caudal view run to no side of the body");
    if (!header.laterality) return {};
    const bool right = *header.laterality == exam::Laterality::kRight;
    const char lateral = right ? 'R' : 'L';
    const char medial = right ? 'L' : 'R';
    // An oblique view is taken from above and medial: downwards is medial as well.
    if (is_oblique && (runs_to('F') ? runs_to(lateral) : runs_to(medial)))
        return bad(RefusalReason::kLateralityContradicted,
                   "The picture lies as one of the other breast does");
    // Cranio-caudal: lateral is on top, so the columns run to the other side's letter.
    if (is_oblique) return {};
    header.upside_down = down == lateral;
    // That would be the picture turned by half a circle, as no mammograph sends it, or one whose
    // side is wrong.
    if (down == lateral && across == (right ? 'A' : 'P'))
        return bad(RefusalReason::kLateralityContradicted,
                   "The picture lies as one of the other breast does");
    return {};
}

Refusal badly_described(dicom::Tag tag, const std::string& what) {
    return refusal(RefusalReason::kBadPixelDescription, what, describe(tag),
                   "Send the image again, as the modality made it.");
}

Complaint check_description(const DataSet& data_set, exam::ViewSource& source) {
    const auto bad = badly_described;
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
    if (dicom::has_supplemental_palette(data_set))
        return bad(dicom::kPixelPresentation,
                   "The picture is not grayscale: some of its values are colors.");
    // PS3.3 C.7.6.1 has one shape for each: which of the two is wrong nobody knows.
    const std::string shape = data_set.text_or(dicom::kPresentationLutShape, "");
    if ((photometric == "MONOCHROME1" && shape == "IDENTITY") ||
        (photometric == "MONOCHROME2" && shape == "INVERSE"))
        return bad(dicom::kPresentationLutShape, "The picture is " + photometric +
                                                     " and its Presentation LUT Shape " + shape +
                                                     ": they contradict each other.");
    if (data_set.integer(dicom::kNumberOfFrames).value_or(1) != 1)
        return bad(dicom::kNumberOfFrames, "The picture has several frames.");
    return {};
}

Complaint check_pixels(const DataSet& data_set, const exam::ViewSource& source) {
    if (!data_set.has_value(dicom::kPixelData))
        return refusal(RefusalReason::kNoPixels, "The object holds no pixels.",
                       describe(dicom::kPixelData), "Send the image again, with its pixels.");
    const std::string syntax = data_set.transfer_syntax_uid();
    if (!dicom::is_decodable(syntax))
        return refusal(
            RefusalReason::kUnsupportedEncoding,
            "The pixels are encoded by a transfer syntax that is not read here: " + syntax + ".",
            describe(dicom::kTransferSyntaxUid),
            "Send the image uncompressed or in a lossless JPEG syntax.");
    const auto allocated = data_set.integer(dicom::kBitsAllocated).value_or(0);
    if (allocated != 8 && allocated != 16 && allocated != 32)
        return badly_described(dicom::kBitsAllocated, "Bits Allocated is missing or unusual.");
    const auto* known = dicom::find_transfer_syntax(syntax);
    const auto needed = static_cast<std::size_t>(source.rows) *
                        static_cast<std::size_t>(source.columns) *
                        static_cast<std::size_t>(allocated / 8);
    if (known != nullptr && !known->encapsulated() &&
        data_set.bytes(dicom::kPixelData).size() < needed)
        return refusal(
            RefusalReason::kTruncated,
            "Pixel Data ends early: " + std::to_string(data_set.bytes(dicom::kPixelData).size()) +
                " of " + std::to_string(needed) + " bytes.",
            describe(dicom::kPixelData), "Send the image again.");
    return {};
}

enum class Pixels { kLookedAt, kPassedOver };

std::variant<Header, Refusal> read(const DataSet& data_set, const InputContract& contract,
                                   Pixels pixels) {
    Header header;
    exam::ViewSource& source = header.source;
    source.sop_instance_uid = data_set.text_or(dicom::kSopInstanceUid, "");
    source.sop_class_uid = data_set.text_or(dicom::kSopClassUid, "");
    source.series_instance_uid = data_set.text_or(dicom::kSeriesInstanceUid, "");
    source.name = view_name_of(data_set);
    header.laterality = laterality_of(data_set);
    Complaint complaint = check_kind(data_set, contract);
    if (!complaint) complaint = check_plain_view(data_set, contract);
    if (!complaint) complaint = check_description(data_set, source);
    if (!complaint && pixels == Pixels::kLookedAt) complaint = check_pixels(data_set, source);
    if (!complaint) complaint = read_spacing(data_set, source);
    if (!complaint) complaint = read_orientation(data_set, header);
    if (!complaint) return header;
    complaint->sop_instance_uid = source.sop_instance_uid;
    if (source.name) complaint->view = to_string(*source.name);
    return *std::move(complaint);
}

}  // namespace

bool is_larger_than_any_detector(const DataSet& data_set) {
    const auto side = [&](dicom::Tag tag) {
        return std::clamp(data_set.integer(tag).value_or(0), 0LL, 65535LL);
    };
    return side(dicom::kRows) * side(dicom::kColumns) > kMostPixels;
}

bool is_class_that_is_read(std::string_view sop_class_uid, const InputContract& contract) {
    const auto is_accepted = [&](std::string_view intent) {
        const auto& accepted = contract.presentation_intents;
        return accepted.empty() ||
               std::find(accepted.begin(), accepted.end(), intent) != accepted.end();
    };
    bool is_listed_modality = false;
    for (const ImageClass& known : kImageClasses) {
        if (known.modality != contract.modality) continue;
        is_listed_modality = true;
        if (known.sop_class_uid == sop_class_uid) return is_accepted(known.presentation_intent);
    }
    return !is_listed_modality;
}

std::variant<Header, Refusal> read_header(const DataSet& data_set, const InputContract& contract) {
    return read(data_set, contract, Pixels::kLookedAt);
}

std::optional<Refusal> refusal_by_head(const DataSet& head, const InputContract& contract) {
    auto read_head = read(head, contract, Pixels::kPassedOver);
    if (auto* refusal = std::get_if<Refusal>(&read_head)) return std::move(*refusal);
    return {};
}

}  // namespace lucerna::prepare
