#include "prepare/plain_view.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dicom/tags.h"
#include "prepare/view_codes.h"

namespace lucerna::prepare {
namespace {

using dicom::DataSet;
using exam::Refusal;
using exam::RefusalReason;
using Complaint = std::optional<Refusal>;

/// Contact views have 1.0 to 1.1; magnification stands begin at 1.5.
constexpr double kLargestContactMagnification = 1.3;
constexpr dicom::Tag kContrastBolusAgent{0x0018, 0x0010};
constexpr dicom::Tag kContrastBolusAgentSequence{0x0018, 0x0012};
constexpr dicom::Tag kPaddleDescription{0x0018, 0x11A4};
constexpr dicom::Tag kSpecimenDescriptionSequence{0x0040, 0x0560};
constexpr dicom::Tag kVolumetricProperties{0x0008, 0x9206};
constexpr dicom::Tag kVolumeBasedCalculationTechnique{0x0008, 0x9207};
constexpr dicom::Tag kTomoLayerHeight{0x0018, 0x1460};
constexpr dicom::Tag kTomoClass{0x0018, 0x1491};

constexpr const char* kForAReader = "A reader has to judge this view without the model.";
constexpr const char* kSendThePlainView = "Send the plain screening view.";
constexpr const char* kCorrectTheHeader =
    "Check it at the modality, correct the header and send again.";

Refusal refusal(RefusalReason reason, std::string what, dicom::Tag where, std::string remedy) {
    return {reason, std::move(what), describe(where), std::move(remedy), {}, {}};
}

std::string in_capitals(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(),
                   [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    return text;
}

/// Whether one of the words in free text begins so, in capitals or not.
bool has_word(const std::string& written, std::string_view beginning) {
    const std::string text = in_capitals(written);
    for (std::size_t at = text.find(beginning); at != std::string::npos;
         at = text.find(beginning, at + 1))
        if (at == 0 || std::isalnum(static_cast<unsigned char>(text[at - 1])) == 0) return true;
    return false;
}

/// What a header says to a question of yes or no, where it does not say no.
std::optional<std::string> said_but_no(const DataSet& data_set, dicom::Tag tag) {
    auto said = data_set.text(tag);
    return said == "NO" ? std::nullopt : said;
}

/// Whether a value of Image Type after the first two (PS3.3 C.7.6.1.1.2) begins so.
bool image_type_has(const DataSet& data_set, std::string_view beginning) {
    constexpr std::size_t kThird = 2;
    const std::vector<std::string> values = data_set.texts(dicom::kImageType);
    for (std::size_t i = kThird; i < values.size(); ++i)
        if (in_capitals(values[i]).starts_with(beginning)) return true;
    return false;
}

Complaint of_something_else(const DataSet& data_set) {
    if (!data_set.items(kSpecimenDescriptionSequence).empty())
        return refusal(RefusalReason::kNotAPlainImage, "The image is of a specimen.",
                       kSpecimenDescriptionSequence, "Send the images of the breast.");
    if (const auto other = other_region_of(data_set))
        return refusal(RefusalReason::kNotAPlainImage,
                       "The image is of another part of the body: '" + other->value + "'.",
                       other->where, "Send the images of the breast.");
    if (const auto said = said_but_no(data_set, dicom::kCalibrationImage))
        return refusal(RefusalReason::kNotAPlainImage,
                       "The image is for calibration: '" + *said + "'.", dicom::kCalibrationImage,
                       "Send the images of the breast.");
    return {};
}

Complaint with_contrast(const DataSet& data_set) {
    for (const dicom::Tag tag : {kContrastBolusAgent, kContrastBolusAgentSequence})
        if (data_set.has_value(tag) || !data_set.items(tag).empty())
            return refusal(RefusalReason::kNotAPlainImage, "A contrast agent was given.", tag,
                           kForAReader);
    return {};
}

struct OtherType {
    std::string_view term;
    const char* what;
};
// PS3.3 C.8.11.7.1.4, by how a value after the second begins.
constexpr const char* kOfABiopsy = "The exposure is one of a biopsy.";
constexpr const char* kOfATomosynthesis = "The exposure is one of those for a tomosynthesis.";
constexpr std::array<OtherType, 11> kOtherTypes{{
    {"STEREO", kOfABiopsy},
    {"PREFIRE", kOfABiopsy},
    {"POSTFIRE", kOfABiopsy},
    {"POSTBIOPSY", kOfABiopsy},
    {"POSTMARKER", kOfABiopsy},
    {"TOMO_SCOUT", kOfATomosynthesis},
    {"TOMO_PROJ", kOfATomosynthesis},
    {"POST_CONTRAST", "A contrast agent was given."},
    {"HIGH_ENERGY", "The exposure is the one of high energy of two."},
    {"ADDITION", "The picture is the sum of exposures."},
    {"SUBTRACT", "The picture is the difference of two exposures."},
}};

Complaint of_another_type(const DataSet& data_set) {
    for (const OtherType& other : kOtherTypes)
        if (image_type_has(data_set, other.term))
            return refusal(RefusalReason::kNotAPlainImage, other.what, dicom::kImageType,
                           kForAReader);
    return {};
}

/// A view that was computed of all of a tomosynthesis: GENERATED_2D beside TOMOSYNTHESIS (PS3.3
/// C.8.11.7.1.4), TOMO (Hologic's C-View) or nothing, or TOMO_2D.
bool is_said_to_be_2d(const DataSet& data_set) {
    return image_type_has(data_set, "GENERATED_2D") || image_type_has(data_set, "TOMO_2D");
}

bool is_called(const DataSet& data_set, std::span<const char* const> names) {
    const std::string said = data_set.text_or(dicom::kSeriesDescription, "");
    return std::any_of(names.begin(), names.end(),
                       [&](const char* name) { return has_word(said, name); });
}

/// The names that vendors have for such views, where Image Type has none.
constexpr std::array<const char*, 11> kNamesOf2d{
    "C-VIEW",       "CVIEW",          "S-VIEW",         "V-PREVIEW", "INSIGHT 2D", "INTELLIGENT 2D",
    "SYNTHETIC 2D", "SYNTHESIZED 2D", "SYNTHESISED 2D", "SYN2D",     "SYN 2D"};
bool is_called_2d(const DataSet& data_set) {
    return is_called(data_set, kNamesOf2d);
}

/// So and nothing else: a series of such views together with sections is called by both.
bool is_called_2d_alone(const DataSet& data_set) {
    constexpr std::array<const char*, 5> kOthers{"TOMO", "SLICE", "SLAB", "COMBO", "3D"};
    return is_called_2d(data_set) && !is_called(data_set, kOthers);
}

/// A value of Image Type after the second that only a section has, or several together.
std::optional<std::string> section_type_of(const DataSet& data_set) {
    constexpr std::size_t kThird = 2;
    const std::vector<std::string> values = data_set.texts(dicom::kImageType);
    for (std::size_t i = kThird; i < values.size(); ++i) {
        const std::string value = in_capitals(values[i]);
        if (value.starts_with("SLICE") || value.starts_with("SLAB")) return values[i];
        if (!value.starts_with("TOMO") || value.starts_with("TOMO_2D")) continue;
        const bool may_be_of_the_whole = value == "TOMO" || value == "TOMOSYNTHESIS";
        if (!may_be_of_the_whole || (!is_said_to_be_2d(data_set) && !is_called_2d_alone(data_set)))
            return values[i];
    }
    return {};
}

/// What lies above and below it is not seen, and it looks like nothing that a model has learned.
Complaint of_a_section(const DataSet& data_set) {
    if (const auto type = section_type_of(data_set))
        return refusal(RefusalReason::kNotAPlainImage,
                       "The picture is a section of a tomosynthesis: '" + *type + "'.",
                       dicom::kImageType, kForAReader);
    if (is_said_to_be_2d(data_set) || is_called_2d_alone(data_set)) return {};
    // MAX_IP and the like are of the whole (PS3.3 C.8.16.2.1.3).
    const std::string made_by =
        in_capitals(data_set.text_or(kVolumeBasedCalculationTechnique, "NONE"));
    if (in_capitals(data_set.text_or(kVolumetricProperties, "")) == "VOLUME" && made_by == "NONE")
        return refusal(RefusalReason::kNotAPlainImage,
                       "The picture is said to be a part of a volume.", kVolumetricProperties,
                       kForAReader);
    if (data_set.number(kTomoLayerHeight).value_or(0) > 0)
        return refusal(RefusalReason::kNotAPlainImage,
                       "The picture is said to be of one layer of the breast.", kTomoLayerHeight,
                       kForAReader);
    return {};
}

Complaint modified(const DataSet& data_set) {
    const auto modified = view_modifier_of(data_set);
    if (!modified) return {};
    const dicom::Tag where = dicom::kViewModifierCodeSequence;
    if (modified->modifier == ViewModifier::kImplantDisplaced)
        return refusal(RefusalReason::kImplantDisplaced, "The implant is pushed back.", where,
                       kForAReader);
    if (modified->modifier != ViewModifier::kOther)
        return refusal(RefusalReason::kSpotOrMagnification,
                       "The view is a " + modified->meaning + " view.", where, kSendThePlainView);
    return refusal(RefusalReason::kUnknownView, "The view is modified (" + modified->meaning + ").",
                   where, kSendThePlainView);
}

Complaint with_implant(const DataSet& data_set) {
    const auto said = said_but_no(data_set, dicom::kBreastImplantPresent);
    if (!said) return {};
    return refusal(RefusalReason::kImplantPresent,
                   "Of an implant in the breast the header says '" + *said + "'.",
                   dicom::kBreastImplantPresent, kForAReader);
}

/// Of a breast that is larger than the detector: what the other pictures show is not to be passed
/// over.
Complaint partial(const DataSet& data_set) {
    const auto said = said_but_no(data_set, dicom::kPartialView);
    if (!said && data_set.items(dicom::kPartialViewCodeSequence).empty()) return {};
    return refusal(RefusalReason::kPartialView,
                   !said || said == "YES"
                       ? "The picture shows a part of the breast."
                       : "Of whether it is a part of the breast the header says '" + *said + "'.",
                   dicom::kPartialView, kForAReader);
}

Complaint magnified(const DataSet& data_set) {
    const dicom::Tag said = dicom::kEstimatedRadiographicMagnificationFactor;
    const auto factor = data_set.number(said);
    if (factor && *factor > kLargestContactMagnification)
        return refusal(RefusalReason::kSpotOrMagnification,
                       "The image is magnified " + data_set.text_or(said, "") + " times.", said,
                       kSendThePlainView);
    const auto to_detector = data_set.number(dicom::kDistanceSourceToDetector);
    const auto to_patient = data_set.number(dicom::kDistanceSourceToPatient);
    if (!factor && to_detector && to_patient && *to_patient > 0 &&
        *to_detector / *to_patient > kLargestContactMagnification)
        return refusal(RefusalReason::kSpotOrMagnification,
                       "The breast is so far from the detector that the image is magnified.",
                       dicom::kDistanceSourceToPatient, kSendThePlainView);
    const std::string paddle = data_set.text_or(kPaddleDescription, "");
    if (has_word(paddle, "SPOT") || has_word(paddle, "MAG"))
        return refusal(RefusalReason::kSpotOrMagnification,
                       "The paddle is for spot compression or magnification: '" + paddle + "'.",
                       kPaddleDescription, kSendThePlainView);
    return {};
}

Complaint of_no_side(const DataSet& data_set) {
    const std::vector<SaidSide> said = sides_said_of(data_set);
    for (const SaidSide& each : said)
        if (!each.side)
            return refusal(RefusalReason::kUnknownView,
                           describe(each.where) + " says neither the right nor the left breast: '" +
                               each.value + "'.",
                           each.where, kCorrectTheHeader);
    for (const SaidSide& other : said)
        if (other.side != said.front().side)
            return refusal(RefusalReason::kLateralityContradicted,
                           "The header says both sides: " + describe(said.front().where) + " and " +
                               describe(other.where) + " contradict each other.",
                           other.where, kCorrectTheHeader);
    if (!laterality_of(data_set))
        return refusal(RefusalReason::kUnknownView,
                       "The header does not say whether it is the right or the left breast.",
                       dicom::kImageLaterality, "Set Image Laterality to R or L at the modality.");
    return {};
}

Complaint of_no_view(const DataSet& data_set) {
    const std::vector<SaidPosition> said = positions_said_of(data_set);
    for (const SaidPosition& each : said)
        if (!each.position)
            return refusal(
                RefusalReason::kUnknownView,
                describe(each.where) + " says no view that is known: '" + each.value + "'.",
                each.where, kCorrectTheHeader);
    for (const SaidPosition& other : said)
        if (other.position != said.front().position)
            return refusal(RefusalReason::kUnknownView,
                           "The header says two views: " + describe(said.front().where) + " and " +
                               describe(other.where) + " contradict each other.",
                           other.where, kCorrectTheHeader);
    if (view_name_of(data_set)) return {};
    return refusal(RefusalReason::kUnknownView, "The header does not say which view it is.",
                   dicom::kViewCodeSequence, "Set the view at the modality (PS3.16 CID 4014).");
}

constexpr std::array kChecks{of_something_else, with_contrast, of_another_type, of_a_section,
                             modified,          with_implant,  partial,         magnified,
                             of_no_side,        of_no_view};

}  // namespace

Complaint check_plain_view(const DataSet& data_set, const exam::InputContract& contract) {
    const std::vector<std::string>& views = contract.views;
    if (views.empty()) return {};
    for (const auto check : kChecks)
        if (auto complaint = check(data_set)) return complaint;
    const std::string view = to_string(*view_name_of(data_set));
    if (std::find(views.begin(), views.end(), view) != views.end()) return {};
    std::string read;
    for (const std::string& each : views) read += (read.empty() ? "" : ", ") + each;
    return refusal(RefusalReason::kUnknownView,
                   "The view is " + view + "; the model reads " + read + ".",
                   dicom::kViewCodeSequence, kForAReader);
}

std::optional<dicom::Tag> where_for_quality_control(const DataSet& data_set) {
    for (const dicom::Tag tag : {dicom::kQualityControlImage, dicom::kQualityControlSubject}) {
        const auto said = said_but_no(data_set, tag);
        if (said && said != "BOTH") return tag;
    }
    return {};
}

bool is_made_of_tomosynthesis(const DataSet& data_set) {
    return image_type_has(data_set, "TOMO") || image_type_has(data_set, "GENERATED");
}

bool may_be_made_of_tomosynthesis(const DataSet& data_set) {
    return is_called_2d(data_set) ||
           in_capitals(data_set.text_or(kTomoClass, "")) == "TOMOSYNTHESIS";
}

}  // namespace lucerna::prepare
