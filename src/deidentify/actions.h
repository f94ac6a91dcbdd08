#pragma once

#include <span>
#include <string_view>

#include "dicom/tags.h"

namespace lucerna::deidentify {

/// Action codes of PS3.15 Table E.1-1a as the Basic Profile has them. Those of several letters
/// depend on the attribute's Type in the IOD.
enum class Basic { kD, kZ, kX, kU, kXD, kXZ, kXZD, kZD, kXZU };

/// A row of Table E.1-1.
struct AttributeRule {
    dicom::Tag tag;
    /// The bits of a tag that have to agree: all but for repeating groups and private attributes.
    dicom::Tag mask;
    Basic basic = Basic::kX;
    /// 'K', 'C' or '-' for each column of an option, in the order of `Option`.
    std::string_view options;
};

/// The Type of an attribute in an IOD.
struct TypeRule {
    dicom::Tag tag;
    /// The sequence that it is in; (0000,0000) at the top.
    dicom::Tag parent;
    /// Empty: every class that has no row of its own.
    std::string_view sop_class;
    int type = 3;
};

/// What is done to an attribute.
enum class Action {
    kRemove,
    kEmpty,
    kDummy,
    kUid,
    kClean,
    kKeep,
};
inline constexpr std::size_t kActions = 6;
/// "X", "Z", "D", "U", "C", "K": the standard's letter, as the report has it.
[[nodiscard]] std::string_view letter_of(Action action);

[[nodiscard]] std::span<const AttributeRule> confidentiality_table();
/// Which edition of the table.
[[nodiscard]] std::string_view confidentiality_edition();
/// The row that is for `tag`; null where there is none. A private attribute has the row of all
/// private ones.
[[nodiscard]] const AttributeRule* rule_for(dicom::Tag tag);

/// 1, 2 or 3 (conditional ones count as required: the attribute is there). 3 where `tag` is not of
/// that IOD. Only for attributes on whose Type an action depends. For a class that the tables don't
/// have, the Type that most have.
[[nodiscard]] int type_of(dicom::Tag tag, dicom::Tag parent, std::string_view sop_class_uid);

/// What the Basic Profile does to an attribute of that Type. "Z" of a Type 1 attribute is a dummy,
/// which the code allows.
[[nodiscard]] Action action_of(Basic basic, int type);

}  // namespace lucerna::deidentify
