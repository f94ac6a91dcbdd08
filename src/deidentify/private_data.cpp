#include "deidentify/private_data.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstring>

#include "base/error.h"
#include "deidentify/safe_private_table.h"
#include "dicom/charset.h"

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
    // PS3.5 7.8.1: one value, and a text. Of several nobody has said what they are.
    const Tag creator{tag.group, block};
    return level.value_count(creator) == 1 && level.vr(creator) == "LO" ? level.text_or(creator, "")
                                                                        : std::string();
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

struct BinaryNumber {
    std::string_view vr;
    std::size_t bytes;
};
constexpr BinaryNumber kBinaryNumbers[] = {{"SS", 2}, {"US", 2}, {"SL", 4}, {"FL", 4}, {"FD", 8}};

/// What is measured by a scanner is neither above this nor, but for zero, below it.
constexpr double kLargest = 1e5;
constexpr double kSmallest = 1e-30;

bool is_measured(double number) {
    const double size = std::abs(number);
    return size == 0 || (size >= kSmallest && size < kLargest);
}

template <typename Number>
bool are_measured(ByteView value) {
    for (std::size_t at = 0; at < value.size(); at += sizeof(Number)) {
        Number number;
        std::memcpy(&number, value.data() + at, sizeof number);
        if (!is_measured(static_cast<double>(number))) return false;
    }
    return true;
}

/// Without a control character in it.
bool is_text(std::string_view value) {
    const auto is_control = [](char c) { return (c >= 0 && c < 0x20) || c == 0x7F; };
    return !value.empty() && std::none_of(value.begin(), value.end(), is_control) &&
           dicom::is_utf8(value);
}

/// Of a value of which the file does not say the VR: not what somebody has put in its place. Two
/// bytes are not enough to name anybody.
bool looks_like_numbers(const SafePrivateRow& row, ByteView value) {
    std::string_view text = as_text(value);
    while (!text.empty() && (text.back() == '\0' || text.back() == ' ')) text.remove_suffix(1);
    const auto* binary = std::find_if(std::begin(kBinaryNumbers), std::end(kBinaryNumbers),
                                      [&](const BinaryNumber& one) { return one.vr == row.vr; });
    if (binary == std::end(kBinaryNumbers))
        return text.find_first_not_of("0123456789+-eE. \\") == std::string_view::npos;
    if (value.size() % binary->bytes != 0 || value.size() > row.most * binary->bytes) return false;
    if (binary->bytes == 2) return true;
    if (is_text(text)) return false;
    if (row.vr == "SL") return are_measured<std::int32_t>(value);
    return row.vr == "FL" ? are_measured<float>(value) : are_measured<double>(value);
}

/// Under a VR of texts it is none; under one of numbers there are no more than the row has.
bool holds_numbers(const SafePrivateRow& row, std::string_view vr, ByteView value) {
    constexpr BinaryNumber kNumbers[] = {{"FL", 4}, {"FD", 8}, {"SS", 2}, {"US", 2},
                                         {"SL", 4}, {"UL", 4}, {"SV", 8}, {"UV", 8}};
    if (vr == "DS" || vr == "IS") return true;
    for (const BinaryNumber& one : kNumbers)
        if (one.vr == vr) return value.size() <= row.most * one.bytes;
    return vr == "UN" && looks_like_numbers(row, value);
}

bool is_label(std::string_view vr) {
    return vr == "CS" || vr == "LO" || vr == "SH";
}

/// One short label without a person's name's or a sequence's marks, whether or not the file says
/// the VR.
bool holds_label(const SafePrivateRow& row, std::string_view vr, ByteView value) {
    if (!is_label(vr) && vr != "UN") return false;
    std::string_view text = as_text(value);
    while (!text.empty() && (text.back() == '\0' || text.back() == ' ')) text.remove_suffix(1);
    const std::size_t longest = row.vr == "LO" ? 64 : 16;
    const auto is_of_label = [](char c) {
        return c >= ' ' && c <= '~' &&
               std::string_view("^=@*!\\").find(c) == std::string_view::npos;
    };
    return text.size() <= longest && std::all_of(text.begin(), text.end(), is_of_label);
}

bool holds_its_kind(const SafePrivateRow& row, std::string_view vr, ByteView value) {
    return is_label(row.vr) ? holds_label(row, vr, value) : holds_numbers(row, vr, value);
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
    const bool is_listed =
        row != kSafePrivateTable.end() && holds_its_kind(*row, level.vr(tag), level.bytes(tag));
    return is_listed || std::any_of(configured_.begin(), configured_.end(), is_row) ||
           safe_blocks_.contains(block) || lists(safe_elements_, block);
}

}  // namespace lucerna::deidentify
