#include "prepare/view_codes.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>
#include <utility>

#include "dicom/tags.h"

namespace lucerna::prepare {
namespace {

using exam::ViewPosition;

struct ViewCode {
    std::string_view sct;
    std::string_view srt;
    ViewPosition position;
};

// PS3.16 CID 4014 (View for Mammography).
constexpr std::array<ViewCode, 10> kViews{{
    {"399162004", "R-10242", ViewPosition::kCc},
    {"399368009", "R-10226", ViewPosition::kMlo},
    {"399260004", "R-10224", ViewPosition::kMl},
    {"399352003", "R-10228", ViewPosition::kLm},
    {"399099002", "R-10230", ViewPosition::kLmo},
    {"399192008", "R-1024A", ViewPosition::kXccl},
    {"399101009", "R-1024B", ViewPosition::kXccm},
    {"399196006", "R-10244", ViewPosition::kFb},
    {"399188001", "R-102D0", ViewPosition::kSio},
    {"441555000", "R-40AAA", ViewPosition::kOther},  // inferomedial to superolateral oblique
}};

struct ModifierCode {
    std::string_view sct;
    std::string_view srt;
    ViewModifier modifier;
    std::string_view meaning;
};

// PS3.16 CID 4015 (View Modifier for Mammography), without "nipple in profile".
constexpr std::array<ModifierCode, 13> kModifiers{{
    {"399209000", "R-102D5", ViewModifier::kImplantDisplaced, "implant displaced"},
    {"399163009", "R-102D6", ViewModifier::kMagnification, "magnification"},
    {"399055006", "R-102D7", ViewModifier::kSpotCompression, "spot compression"},
    {"399161006", "R-102D2", ViewModifier::kOther, "cleavage"},
    {"399011000", "R-102D1", ViewModifier::kOther, "axillary tail"},
    {"399197002", "R-102D3", ViewModifier::kOther, "rolled lateral"},
    {"399226006", "R-102D4", ViewModifier::kOther, "rolled medial"},
    {"414493004", "R-102CA", ViewModifier::kOther, "rolled inferior"},
    {"415670009", "R-102C9", ViewModifier::kOther, "rolled superior"},
    {"399110001", "R-102C2", ViewModifier::kOther, "tangential"},
    {"441752004", "P2-00161", ViewModifier::kOther, "anterior compression"},
    {"442593008", "R-40ABE", ViewModifier::kOther, "infra-mammary fold"},
    {"442580003", "R-40AB2", ViewModifier::kOther, "axillary tissue"},
}};
constexpr std::string_view kNippleInProfileSct = "442581004";
constexpr std::string_view kNippleInProfileSrt = "R-40AB3";

/// PS3.16 CID 244 (Laterality), and the breast of a side.
struct SideCode {
    std::string_view sct;
    std::string_view srt;
    /// Empty: both.
    std::optional<exam::Laterality> side;
};
constexpr std::array<SideCode, 6> kSides{{
    {"24028007", "G-A100", exam::Laterality::kRight},
    {"7771000", "G-A101", exam::Laterality::kLeft},
    {"73056007", "T-04020", exam::Laterality::kRight},
    {"80248007", "T-04030", exam::Laterality::kLeft},
    {"51440002", "G-A102", {}},
    {"63762007", "T-04080", {}},
}};
constexpr std::string_view kBreastSct = "76752008";
constexpr std::string_view kBreastSrt = "T-04000";
constexpr dicom::Tag kAnatomicRegionModifierSequence{0x0008, 0x2220};
constexpr dicom::Tag kPrimaryAnatomicStructureModifierSequence{0x0008, 0x2230};

// Body Part Examined and Organ Exposed, as PS3.3 listed them before PS3.16 Annex L did; without the
// breast.
constexpr std::array<std::string_view, 24> kOtherBodyParts{
    "ABDOMEN",   "ANKLE",  "ARM",  "CHEST",  "CLAVICLE", "COCCYX", "CSPINE", "ELBOW",
    "EXTREMITY", "FOOT",   "HAND", "HEAD",   "HEART",    "HIP",    "JAW",    "KNEE",
    "LEG",       "LSPINE", "NECK", "PELVIS", "SHOULDER", "SKULL",  "SSPINE", "TSPINE"};

/// SCT codes are digits, SRT codes begin with a letter and a hyphen: one value tells them apart,
/// also where an older scheme designator (SNM3, 99SDM) is used.
std::string code_value(const dicom::DataSet& code) {
    return code.text_or(dicom::kCodeValue, code.text_or(dicom::kLongCodeValue, ""));
}

/// All values of a text, as they stand in it.
std::string whole_text(const dicom::DataSet& data_set, dicom::Tag tag) {
    std::string whole;
    for (const std::string& value : data_set.texts(tag)) whole += '\\' + value;
    return whole.find_first_not_of('\\') == std::string::npos ? "" : whole.substr(1);
}

const SideCode* side_code_of(const dicom::DataSet& code) {
    const std::string value = code_value(code);
    const auto known = std::find_if(kSides.begin(), kSides.end(), [&](const SideCode& each) {
        return value == each.sct || value == each.srt;
    });
    return known == kSides.end() ? nullptr : &*known;
}

void add_side(const dicom::DataSet& code, dicom::Tag where, std::vector<SaidSide>& said) {
    if (const SideCode* const known = side_code_of(code))
        said.push_back({known->side, where, code_value(code)});
}

std::optional<exam::Laterality> side_from(const std::string& text) {
    if (text == "R") return exam::Laterality::kRight;
    if (text == "L") return exam::Laterality::kLeft;
    return {};
}

std::optional<ViewPosition> position_of(const dicom::DataSet& code) {
    const std::string value = code_value(code);
    for (const ViewCode& known : kViews)
        if (value == known.sct || value == known.srt) return known.position;
    return {};
}

bool names_the_breast(const dicom::DataSet& code) {
    const std::string value = code_value(code);
    std::string meaning = code.text_or(dicom::kCodeMeaning, "");
    std::transform(meaning.begin(), meaning.end(), meaning.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return value == kBreastSct || value == kBreastSrt || side_code_of(code) != nullptr ||
           meaning.find("breast") != std::string::npos;
}

std::optional<ModifiedView> modifier_in(const dicom::DataSet& holder) {
    for (const dicom::DataSet& item : holder.items(dicom::kViewModifierCodeSequence)) {
        const std::string value = code_value(item);
        if (value.empty() || value == kNippleInProfileSct || value == kNippleInProfileSrt) continue;
        for (const ModifierCode& known : kModifiers)
            if (value == known.sct || value == known.srt)
                return ModifiedView{known.modifier, std::string(known.meaning)};
        return ModifiedView{ViewModifier::kOther, "code " + value};
    }
    return {};
}

}  // namespace

std::vector<SaidPosition> positions_said_of(const dicom::DataSet& data_set) {
    std::vector<SaidPosition> said;
    for (const dicom::DataSet& item : data_set.items(dicom::kViewCodeSequence))
        if (const std::string code = code_value(item); !code.empty())
            said.push_back({position_of(item), dicom::kViewCodeSequence, code});
    const std::string term = whole_text(data_set, dicom::kViewPosition);
    if (term.empty()) return said;
    // The defined terms are those of ViewName; its laterality does not matter here.
    const auto name = exam::view_name_from("R-" + term);
    said.push_back(
        {name ? std::optional(name->position) : std::nullopt, dicom::kViewPosition, term});
    return said;
}

std::optional<ViewPosition> view_position_of(const dicom::DataSet& data_set) {
    for (const SaidPosition& said : positions_said_of(data_set))
        if (said.position) return said.position;
    return {};
}

std::vector<SaidSide> sides_said_of(const dicom::DataSet& data_set) {
    std::vector<SaidSide> said;
    for (const dicom::Tag tag : {dicom::kImageLaterality, dicom::kLaterality})
        if (const std::string text = whole_text(data_set, tag); !text.empty())
            said.push_back({side_from(text), tag, text});
    for (const auto& [place, modifiers] :
         {std::pair(dicom::kAnatomicRegionSequence, kAnatomicRegionModifierSequence),
          {dicom::kPrimaryAnatomicStructureSequence, kPrimaryAnatomicStructureModifierSequence}})
        for (const dicom::DataSet& region : data_set.items(place)) {
            add_side(region, place, said);
            for (const dicom::DataSet& modifier : region.items(modifiers))
                add_side(modifier, modifiers, said);
        }
    return said;
}

std::optional<exam::Laterality> laterality_of(const dicom::DataSet& data_set) {
    for (const dicom::Tag tag : {dicom::kImageLaterality, dicom::kLaterality})
        if (const std::string text = whole_text(data_set, tag); !text.empty())
            return side_from(text);
    return {};
}

std::optional<SaidRegion> other_region_of(const dicom::DataSet& data_set) {
    for (const dicom::DataSet& region : data_set.items(dicom::kAnatomicRegionSequence)) {
        if (names_the_breast(region)) continue;
        const std::string value = code_value(region);
        if (!value.empty())
            return SaidRegion{region.text_or(dicom::kCodeMeaning, value),
                              dicom::kAnatomicRegionSequence};
    }
    for (const dicom::Tag tag : {dicom::kBodyPartExamined, dicom::kOrganExposed}) {
        const std::string part = data_set.text_or(tag, "");
        if (std::find(kOtherBodyParts.begin(), kOtherBodyParts.end(), part) !=
            kOtherBodyParts.end())
            return SaidRegion{part, tag};
    }
    return {};
}

std::optional<exam::ViewName> view_name_of(const dicom::DataSet& data_set) {
    const auto laterality = laterality_of(data_set);
    const auto position = view_position_of(data_set);
    if (!laterality || !position) return {};
    return exam::ViewName{*laterality, *position};
}

std::optional<ModifiedView> view_modifier_of(const dicom::DataSet& data_set) {
    if (auto outer = modifier_in(data_set)) return outer;
    for (const dicom::DataSet& view : data_set.items(dicom::kViewCodeSequence))
        if (auto inner = modifier_in(view)) return inner;
    return {};
}

}  // namespace lucerna::prepare
