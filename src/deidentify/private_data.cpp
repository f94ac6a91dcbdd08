#include "deidentify/private_data.h"

#include <algorithm>
#include <charconv>

#include "base/error.h"
#include "deidentify/safe_private_table.h"

namespace lucerna::deidentify {
namespace {

using dicom::Tag;

constexpr Tag kPrivateDataElementCharacteristicsSequence{0x0008, 0x0300};
constexpr Tag kPrivateGroupReference{0x0008, 0x0301};
constexpr Tag kPrivateCreatorReference{0x0008, 0x0302};
constexpr Tag kBlockIdentifyingInformationStatus{0x0008, 0x0303};
constexpr Tag kNonidentifyingPrivateElements{0x0008, 0x0304};
constexpr Tag kDeidentificationActionSequence{0x0008, 0x0305};
constexpr Tag kIdentifyingPrivateElements{0x0008, 0x0306};

std::uint16_t hex(std::string_view digits, std::string_view whole) {
    std::uint16_t number = 0;
    const auto [end, failure] =
        std::from_chars(digits.data(), digits.data() + digits.size(), number, 16);
    if (failure != std::errc() || end != digits.data() + digits.size())
        throw Error(ErrorCode::kInvalidInput,
                    "\"" + std::string(whole) + "\" is not (gggg,xxee) CREATOR");
    return number;
}

template <typename Elements>
void add_elements(const std::vector<long long>& numbers, Elements& elements) {
    for (const long long number : numbers) elements.insert(static_cast<int>(number & 0xFF));
}

}  // namespace

SafePrivate safe_private_from(std::string_view text) {
    // (gggg,xxee) CREATOR
    const bool formed = text.size() > 12 && text[0] == '(' && text[5] == ',' &&
                        text.substr(6, 2) == "xx" && text[10] == ')' && text[11] == ' ';
    SafePrivate made;
    made.group = hex(formed ? text.substr(1, 4) : std::string_view("?"), text);
    made.element = static_cast<std::uint8_t>(hex(text.substr(8, 2), text));
    made.creator = text.substr(12);
    if (made.group % 2 == 0) (void)hex("?", text);
    return made;
}

std::string private_creator(const dicom::DataSet& level, Tag tag) {
    const auto block = static_cast<std::uint16_t>(tag.element >> 8);
    if (block < 0x10) return {};
    return level.text_or({tag.group, block}, "");
}

SafePrivates::SafePrivates(const dicom::DataSet& object, std::span<const SafePrivate> configured)
    : configured_(configured) {
    for (const dicom::DataSet& item : object.items(kPrivateDataElementCharacteristicsSequence)) {
        const Block block{
            static_cast<std::uint16_t>(item.integer(kPrivateGroupReference).value_or(0)),
            item.text_or(kPrivateCreatorReference, "")};
        if (item.text_or(kBlockIdentifyingInformationStatus, "") == "SAFE")
            safe_blocks_.insert(block);
        add_elements(item.integers(kNonidentifyingPrivateElements), safe_elements_[block]);
        for (const dicom::DataSet& action : item.items(kDeidentificationActionSequence))
            add_elements(action.integers(kIdentifyingPrivateElements), unsafe_elements_[block]);
    }
}

namespace {

/// Not what somebody has put in their place, under a VR of texts or one that says nothing.
bool can_hold_numbers(std::string_view vr, ByteView value) {
    constexpr std::string_view kNumbers[] = {"DS", "IS", "FL", "FD", "SS",
                                             "US", "SL", "UL", "SV", "UV"};
    if (std::find(std::begin(kNumbers), std::end(kNumbers), vr) != std::end(kNumbers)) return true;
    if (vr != "UN") return false;
    const std::string_view text = as_text(value);
    const auto is_printable = [](char c) { return c >= 0x20 && c < 0x7F; };
    return text.find_first_not_of("0123456789+-eE. \\") == std::string_view::npos ||
           !std::all_of(text.begin(), text.end(), is_printable);
}

}  // namespace

bool SafePrivates::holds(const dicom::DataSet& level, Tag tag) const {
    const std::string creator = private_creator(level, tag);
    if (creator.empty()) return false;
    const auto element = static_cast<std::uint8_t>(tag.element & 0xFF);
    const auto is_row = [&](const auto& row) {
        return row.group == tag.group && row.element == element && row.creator == creator;
    };
    const auto lists = [&](const std::map<Block, std::set<int>>& elements, const Block& block) {
        const auto found = elements.find(block);
        return found != elements.end() && found->second.contains(element);
    };
    const Block block{tag.group, creator};
    if (lists(unsafe_elements_, block)) return false;
    const auto* row = std::find_if(kSafePrivateTable.begin(), kSafePrivateTable.end(), is_row);
    if (row != kSafePrivateTable.end() && row->holds == Holds::kNumbers)
        return can_hold_numbers(level.vr(tag), level.bytes(tag));
    return row != kSafePrivateTable.end() ||
           std::any_of(configured_.begin(), configured_.end(), is_row) ||
           safe_blocks_.contains(block) || lists(safe_elements_, block);
}

}  // namespace lucerna::deidentify
