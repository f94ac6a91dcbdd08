#include "prepare/view_codes.h"

#include <array>
#include <string_view>

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

/// SCT codes are digits, SRT codes begin with a letter and a hyphen: one value tells them apart,
/// also where an older scheme designator (SNM3, 99SDM) is used.
std::string code_value(const dicom::DataSet& code) {
    return code.text_or(dicom::kCodeValue, code.text_or(dicom::kLongCodeValue, ""));
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

std::optional<ViewPosition> view_position_of(const dicom::DataSet& data_set) {
    for (const dicom::DataSet& item : data_set.items(dicom::kViewCodeSequence)) {
        const std::string value = code_value(item);
        for (const ViewCode& known : kViews)
            if (value == known.sct || value == known.srt) return known.position;
    }
    const auto position = data_set.text(dicom::kViewPosition);
    if (!position) return {};
    // The defined terms are those of ViewName; its laterality does not matter here.
    const auto name = exam::view_name_from("R-" + *position);
    return name ? std::optional(name->position) : std::nullopt;
}

std::optional<exam::Laterality> laterality_of(const dicom::DataSet& data_set) {
    for (const dicom::Tag tag : {dicom::kImageLaterality, dicom::kLaterality}) {
        const auto side = data_set.text(tag);
        if (!side) continue;
        if (*side == "R") return exam::Laterality::kRight;
        if (*side == "L") return exam::Laterality::kLeft;
        return {};
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
