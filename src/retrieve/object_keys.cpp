#include "retrieve/object_keys.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <iterator>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "dicom/tags.h"
#include "retrieve/key_matching.h"

namespace lucerna::retrieve {
namespace {

/// What a query's text can be a key of as it stands.
constexpr std::array<std::string_view, 17> kTexts = {"AE", "AS", "CS", "DA", "DS", "DT",
                                                     "IS", "LO", "LT", "PN", "SH", "ST",
                                                     "TM", "UC", "UI", "UR", "UT"};

struct WholeNumbers {
    std::string_view vr;
    long long least;
    long long most;
};
constexpr WholeNumbers kWholeNumbers[] = {{"SL", -2147483648LL, 2147483647LL},
                                          {"SS", -32768, 32767},
                                          {"UL", 0, 4294967295LL},
                                          {"US", 0, 65535}};

bool is_text(std::string_view vr) {
    return std::find(kTexts.begin(), kTexts.end(), vr) != kTexts.end();
}

const WholeNumbers* whole_numbers_of(std::string_view vr) {
    const auto* found = std::find_if(std::begin(kWholeNumbers), std::end(kWholeNumbers),
                                     [&](const WholeNumbers& one) { return one.vr == vr; });
    return found == std::end(kWholeNumbers) ? nullptr : found;
}

long long whole_number(dicom::Tag tag, const std::string& text, const WholeNumbers& numbers) {
    long long number = 0;
    const char* const end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, number);
    if (read.ec != std::errc() || read.ptr != end || number < numbers.least ||
        number > numbers.most)
        throw Error(ErrorCode::kInvalidInput, "the value to match " + dicom::describe(tag) +
                                                  " by is not a whole number that it can hold");
    return number;
}

void put(dicom::DataSet& item, dicom::Tag tag, std::string value) {
    const std::string vr = dicom::vr_of(tag);
    if (const WholeNumbers* const numbers = whole_numbers_of(vr))
        return item.set_integer(tag, whole_number(tag, value, *numbers));
    if (vr == "UI") std::replace(value.begin(), value.end(), ',', '\\');
    item.set_bytes(tag, vr, Bytes(value.begin(), value.end()));
}

}  // namespace

std::vector<dicom::Tag> attribute_path(std::string_view name) {
    std::vector<dicom::Tag> path;
    for (std::size_t begin = 0; begin <= name.size();) {
        const std::size_t end = std::min(name.find('.', begin), name.size());
        const auto tag = dicom::tag_from(name.substr(begin, end - begin));
        if (!tag)
            throw Error(ErrorCode::kInvalidInput,
                        "\"" + std::string(name.substr(0, 64)) +
                            "\" is no attribute: give a keyword such as StudyDate or eight "
                            "hexadecimal digits such as 00080020");
        path.push_back(*tag);
        begin = end + 1;
    }
    return path;
}

bool ObjectKeys::add(std::span<const dicom::Tag> path, std::string value) {
    const std::string vr = dicom::vr_of(path.front());
    if (path.size() == 1) {
        if (path.front() == dicom::tags::kTimezoneOffsetFromUtc) {
            zone_ = std::move(value);
            return true;
        }
        const WholeNumbers* const numbers = whole_numbers_of(vr);
        if (numbers == nullptr && !is_text(vr)) return false;
        if (value.find_first_not_of('*') == std::string::npos) return true;
        // A list or a pattern is not matched, as is what has other VRs.
        if (numbers != nullptr && value.find_first_of(",*?\\") != std::string::npos) return false;
        if (numbers != nullptr) (void)whole_number(path.front(), value, *numbers);
        require_key(path.front(), vr, value);
        values_[path.front()] = std::move(value);
        return true;
    }
    if (vr != "SQ") return false;
    ObjectKeys inner;
    const auto known = sequences_.find(path.front());
    if (known != sequences_.end()) inner = known->second;
    if (!inner.add(path.subspan(1), std::move(value))) return false;
    if (!inner.empty()) sequences_[path.front()] = std::move(inner);
    return true;
}

void ObjectKeys::write_to(dicom::DataSet& item) const {
    for (const auto& [tag, value] : values_) put(item, tag, value);
    for (const auto& [tag, inner] : sequences_) inner.write_to(item.add_item(tag));
}

dicom::DataSet ObjectKeys::identifier() const {
    dicom::DataSet keys;
    keys.set_text(dicom::tags::kSpecificCharacterSet, "ISO_IR 192");
    if (!zone_.empty()) keys.set_text(dicom::tags::kTimezoneOffsetFromUtc, zone_);
    write_to(keys);
    return keys;
}

}  // namespace lucerna::retrieve
