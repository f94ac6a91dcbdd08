#include "deidentify/unlisted.h"

#include <algorithm>
#include <iterator>
#include <string>

#include "dicom/tags.h"

namespace lucerna::deidentify {
namespace {

using dicom::Tag;
namespace tags = dicom::tags;

struct Rule {
    Tag tag;
    Action action;
};

/// Of the patient, group 0010, all else goes: what the standard adds there says who it is.
constexpr Rule kOfPatient[] = {
    {{0x0010, 0x0200}, Action::kKeep},   // Quality Control Subject
    {{0x0010, 0x0201}, Action::kKeep},   // Quality Control Subject Type Code Sequence
    {{0x0010, 0x2202}, Action::kKeep},   // Patient Species Code Sequence
    {{0x0010, 0x2210}, Action::kKeep},   // Anatomical Orientation Type
    {{0x0010, 0x2293}, Action::kKeep},   // Patient Breed Code Sequence
    {{0x0010, 0x9431}, Action::kKeep},   // Examined Body Thickness
    {{0x0010, 0x2201}, Action::kEmpty},  // Patient Species Description, Type 2C
    {{0x0010, 0x2292}, Action::kEmpty},  // Patient Breed Description, Type 2C
    {{0x0010, 0x2294}, Action::kEmpty},  // Breed Registration Sequence, Type 2C
};

/// As Patient's Size and Weight are treated.
constexpr Tag kCharacteristics[] = {
    {0x0010, 0x1021},  // Patient's Size Code Sequence
    {0x0010, 0x1022},  // Patient's Body Mass Index
    {0x0010, 0x1023},  // Measured AP Dimension
    {0x0010, 0x1024},  // Measured Lateral Dimension
};

/// Whose a coding scheme is, and where and as what it is registered: of one of its own, the
/// hospital. Those of the standard are known by their designator (PS3.16 8).
constexpr Rule kOfInstitution[] = {
    {{0x0008, 0x010C}, Action::kRemove},  // Coding Scheme UID
    {{0x0008, 0x010E}, Action::kRemove},  // Coding Scheme URL
    {{0x0008, 0x0114}, Action::kRemove},  // Coding Scheme External ID
    {{0x0008, 0x0115}, Action::kRemove},  // Coding Scheme Name
    {{0x0008, 0x0116}, Action::kRemove},  // Coding Scheme Responsible Organization
};

/// Names and places among what is a label or a number elsewhere, what is encrypted or signed, and
/// documents, pictures and measurements as bytes, which nothing looks into.
constexpr Rule kOthers[] = {
    {{0x0014, 0x2210}, Action::kRemove},  // Coordinate System Axis Values
    {{0x0014, 0x3050}, Action::kRemove},  // Dark Current Counts
    {{0x0014, 0x3070}, Action::kRemove},  // Air Counts
    {{0x0014, 0x3080}, Action::kRemove},  // Bad Pixel Image
    {{0x0018, 0x1803}, Action::kRemove},  // NTP Source Address
    {{0x0068, 0x6300}, Action::kRemove},  // HPGL Document
    {{0x0072, 0x0008}, Action::kDummy},   // Hanging Protocol Creator, Type 1
    {{0x0074, 0x100C}, Action::kRemove},  // Contact Display Name
    {{0x0088, 0x0130}, Action::kRemove},  // Storage Media File-set ID
    {{0x0400, 0x0120}, Action::kRemove},  // Signature
    {{0x0400, 0x0500}, Action::kRemove},  // Encrypted Attributes Sequence
    {{0x0400, 0x0520}, Action::kRemove},  // Encrypted Content
    {{0x2100, 0x0160}, Action::kRemove},  // Owner ID
    {{0x4010, 0x1006}, Action::kRemove},  // Threat ROI Bitmap
    {{0x4010, 0x106C}, Action::kRemove},  // Detector Calibration Data
};

template <typename Rules>
std::optional<Action> ruled(const Rules& rules, Tag tag) {
    const auto* const found = std::find_if(std::begin(rules), std::end(rules),
                                           [&](const Rule& rule) { return rule.tag == tag; });
    if (found == std::end(rules)) return {};
    return found->action;
}

bool is_prose(std::string_view vr) {
    return vr == "LT" || vr == "ST" || vr == "UT" || vr == "UC";
}

/// Codes and which scheme they are of; (0040,A160) is judged by its concept.
bool is_of_code(Tag tag) {
    return (tag.group == 0x0008 && tag.element >= 0x0100 && tag.element <= 0x0124) ||
           tag == tags::kTextValue;
}

bool is_retired(Tag tag) {
    return dicom::keyword_of(tag).starts_with("RETIRED_");
}

}  // namespace

std::optional<Action> action_beyond_table(Tag tag, std::string_view vr, Tag parent,
                                          const Profile& profile) {
    if (tag.group == 0x0010) {
        const bool is_characteristic =
            std::find(std::begin(kCharacteristics), std::end(kCharacteristics), tag) !=
            std::end(kCharacteristics);
        if (is_characteristic && profile.has(Option::kRetainPatientCharacteristics))
            return Action::kKeep;
        return ruled(kOfPatient, tag).value_or(Action::kRemove);
    }
    // Pictures within the object, which nothing looks at.
    if (tag.group == 0x7FE0 && parent != Tag{}) return Action::kRemove;
    if (is_retired(tag)) return Action::kRemove;
    if (const auto action = ruled(kOthers, tag)) return action;
    if (const auto action = ruled(kOfInstitution, tag))
        return profile.has(Option::kRetainInstitutionIdentity) ? Action::kKeep : *action;
    if ((is_prose(vr) || is_prose(dicom::vr_of(tag))) && !is_of_code(tag))
        return profile.has(Option::kCleanDescriptors) ? Action::kClean : Action::kDummy;
    return {};
}

}  // namespace lucerna::deidentify
