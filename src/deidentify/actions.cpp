#include "deidentify/actions.h"

#include <algorithm>

#include "deidentify/confidentiality_table.h"
#include "deidentify/type_table.h"

namespace lucerna::deidentify {
namespace {

using dicom::Tag;

bool fits(const AttributeRule& rule, Tag tag) {
    return (tag.group & rule.mask.group) == rule.tag.group &&
           (tag.element & rule.mask.element) == rule.tag.element;
}

}  // namespace

std::string_view letter_of(Action action) {
    constexpr std::string_view kLetters[] = {"X", "Z", "D", "U", "C", "K"};
    return kLetters[static_cast<std::size_t>(action)];
}

std::span<const AttributeRule> confidentiality_table() {
    return kConfidentialityTable;
}

std::string_view confidentiality_edition() {
    return kConfidentialityEdition;
}

const AttributeRule* rule_for(Tag tag) {
    // The rows of whole ranges stand last, and private attributes are of one of them.
    const auto ranges =
        std::find_if_not(kConfidentialityTable.begin(), kConfidentialityTable.end(),
                         [](const AttributeRule& rule) { return rule.tag.group < 0x5000; });
    if (tag.group % 2 == 0) {
        const auto found =
            std::lower_bound(kConfidentialityTable.begin(), ranges, tag,
                             [](const AttributeRule& rule, Tag one) { return rule.tag < one; });
        if (found != ranges && found->tag == tag) return &*found;
    }
    // Private attributes first: 5001 is no curve.
    const auto matches = [&](const AttributeRule& rule) {
        return fits(rule, tag) && (tag.group % 2 == 0) == (rule.mask.group != 1);
    };
    const auto found = std::find_if(ranges, kConfidentialityTable.end(), matches);
    return found == kConfidentialityTable.end() ? nullptr : &*found;
}

int type_of(Tag tag, Tag parent, std::string_view sop_class_uid) {
    int usual = 3;
    for (auto row = std::lower_bound(kTypeTable.begin(), kTypeTable.end(), tag,
                                     [](const TypeRule&one, Tag key) { return one.tag < key; });
         row != kTypeTable.end() && row->tag == tag; ++row) {
        if (row->parent != parent) continue;
        if (row->sop_class == sop_class_uid) return row->type;
        if (row->sop_class.empty()) usual = row->type;
    }
    return usual;
}

Action action_of(Basic basic, int type) {
    // By Type 1, 2, 3. PS3.15 Table E.1-1a. X/Z/U* is U even where the sequence may be missing:
    // Common Instance Reference (PS3.3 C.12.2) must list what is referred to and nothing else.
    struct Row {
        Basic basic;
        Action by_type[3];
    };
    constexpr Action x = Action::kRemove, z = Action::kEmpty, d = Action::kDummy, u = Action::kUid;
    constexpr Row kRows[] = {
        {Basic::kD, {d, d, d}},   {Basic::kZ, {d, z, z}},  {Basic::kX, {x, x, x}},
        {Basic::kU, {u, u, u}},   {Basic::kXD, {d, d, x}}, {Basic::kXZ, {z, z, x}},
        {Basic::kXZD, {d, z, x}}, {Basic::kZD, {d, z, z}}, {Basic::kXZU, {u, u, u}},
    };
    return kRows[static_cast<std::size_t>(basic)].by_type[type - 1];
}

}  // namespace lucerna::deidentify
