#include "dicom/values.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstring>

#include "base/error.h"
#include "dicom/charset.h"

namespace lucerna::dicom {
namespace {

template <typename Number>
Number number_at(ByteView value, std::size_t index) {
    Number number;
    std::memcpy(&number, value.data() + index * sizeof(Number), sizeof(Number));
    return number;
}

/// A double whose value is a whole number that long long holds exactly.
std::optional<long long> whole(double number) {
    constexpr double kExact = 9007199254740992.0;  // 2^53
    if (std::trunc(number) != number || std::abs(number) > kExact) return std::nullopt;
    return static_cast<long long>(number);
}

std::optional<long long> parsed_integer(std::string_view text) {
    text = trimmed(text);
    if (!text.empty() && text.front() == '+') text.remove_prefix(1);
    long long number = 0;
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (code == std::errc() && end == text.data() + text.size()) return number;
    const auto with_point = parsed_number(text);
    return with_point ? whole(*with_point) : std::nullopt;
}

/// Value `index` of a binary element; nothing where there are fewer or it is no number.
std::optional<std::string> printed_value(const Element& element, std::size_t index) {
    if (element.vr.is_bulk() || index >= binary_count(element)) return std::nullopt;
    if (element.vr == vr::kAt) return binary_tag(element, index);
    if (auto digits = binary_digits(element, index)) return digits;
    const auto number = binary_number(element, index);
    return number ? std::optional(printed_number(*number)) : std::nullopt;
}

}  // namespace

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && (text.back() == ' ' || text.back() == '\0')) text.remove_suffix(1);
    while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
    return text;
}

void each_text(const Element& element, const std::function<bool(std::string_view value)>& visit) {
    std::string_view text = as_text(element.value());
    if (element.vr.is_single_text()) {
        while (!text.empty() && (text.back() == ' ' || text.back() == '\0')) text.remove_suffix(1);
        if (!text.empty()) (void)visit(text);
        return;
    }
    if (trimmed(text).empty()) return;
    while (true) {
        const std::size_t end = text.find('\\');
        if (!visit(trimmed(text.substr(0, end))) || end == std::string_view::npos) return;
        text.remove_prefix(end + 1);
    }
}

std::vector<std::string_view> text_values(const Element& element) {
    std::vector<std::string_view> values;
    each_text(element, [&](std::string_view value) {
        values.push_back(value);
        return true;
    });
    return values;
}

std::optional<std::string_view> text_value(const Element& element, std::size_t index) {
    std::optional<std::string_view> found;
    each_text(element, [&](std::string_view value) {
        if (index-- == 0) found = value;
        return !found;
    });
    return found;
}

std::size_t text_count(const Element& element) {
    const std::string_view text = as_text(element.value());
    if (trimmed(text).empty()) return 0;
    if (element.vr.is_single_text()) return 1;
    return 1 + static_cast<std::size_t>(std::count(text.begin(), text.end(), '\\'));
}

namespace {
void require_few(const Element& element, std::size_t count) {
    if (count > kMostListedValues)
        throw Error(ErrorCode::kInvalidInput, describe(element.tag) + " has " +
                                                  std::to_string(count) + " values, more than " +
                                                  std::to_string(kMostListedValues));
}
}  // namespace

std::size_t binary_count(const Element& element) {
    const std::size_t size = element.vr == vr::kAt ? 4 : element.vr.unit();
    return element.value().size() / size;
}

std::optional<double> binary_number(const Element& element, std::size_t index) {
    if (element.vr == vr::kFl || element.vr == vr::kFd) {
        if (index >= binary_count(element)) return std::nullopt;
        const double number = element.vr == vr::kFl ? number_at<float>(element.value(), index)
                                                    : number_at<double>(element.value(), index);
        if (!std::isfinite(number)) return std::nullopt;
        return number;
    }
    if (element.vr == vr::kUv && index < binary_count(element)) {
        return static_cast<double>(number_at<std::uint64_t>(element.value(), index));
    }
    const auto integer = binary_integer(element, index);
    if (!integer) return std::nullopt;
    return static_cast<double>(*integer);
}

std::optional<long long> binary_integer(const Element& element, std::size_t index) {
    const ByteView value = element.value();
    if (index >= binary_count(element)) return std::nullopt;
    if (element.vr == vr::kUs) return number_at<std::uint16_t>(value, index);
    if (element.vr == vr::kSs) return number_at<std::int16_t>(value, index);
    if (element.vr == vr::kUl) return number_at<std::uint32_t>(value, index);
    if (element.vr == vr::kSl) return number_at<std::int32_t>(value, index);
    if (element.vr == vr::kSv) return number_at<std::int64_t>(value, index);
    if (element.vr == vr::kUv) {
        const auto number = number_at<std::uint64_t>(value, index);
        if (number > static_cast<std::uint64_t>(INT64_MAX)) return std::nullopt;
        return static_cast<long long>(number);
    }
    if (element.vr == vr::kFl || element.vr == vr::kFd) {
        const auto number = binary_number(element, index);
        return number ? whole(*number) : std::nullopt;
    }
    return std::nullopt;
}

std::optional<std::string> binary_digits(const Element& element, std::size_t index) {
    if (element.vr == vr::kUv && index < binary_count(element))
        return std::to_string(number_at<std::uint64_t>(element.value(), index));
    const auto integer = binary_integer(element, index);
    return integer ? std::optional(std::to_string(*integer)) : std::nullopt;
}

std::string binary_tag(const Element& element, std::size_t index) {
    const ByteView value = element.value().subspan(index * 4, 4);
    const Bytes big_endian{value[1], value[0], value[3], value[2]};
    std::string hex = to_hex(big_endian);
    for (char& digit : hex) {
        if (digit >= 'a') digit = static_cast<char>(digit - 'a' + 'A');
    }
    return hex;
}

std::string printed_number(double number) {
    std::array<char, 32> buffer{};
    const auto result = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number);
    return {buffer.data(), result.ptr};
}

std::string decimal_string(double number) {
    constexpr std::ptrdiff_t kMaxLength = 16;
    std::array<char, 32> buffer{};
    const auto fits = [&](const char* end) { return end - buffer.data() <= kMaxLength; };
    char* end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number).ptr;
    for (int precision = 16; !fits(end) && precision > 0; --precision) {
        end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number,
                            std::chars_format::general, precision)
                  .ptr;
    }
    return {buffer.data(), end};
}

std::optional<double> parsed_number(std::string_view text) {
    text = trimmed(text);
    if (!text.empty() && text.front() == '+') text.remove_prefix(1);
    double number = 0;
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (code != std::errc() || end != text.data() + text.size() || !std::isfinite(number)) {
        return std::nullopt;
    }
    return number;
}

bool DataSet::has(Tag tag) const {
    return node_->find(tag) != nullptr;
}

bool DataSet::has_value(Tag tag) const {
    const Element* const element = node_->find(tag);
    if (element == nullptr) return false;
    if (element->is_sequence()) return element->items() != nullptr && !element->items()->empty();
    if (const Fragments* const fragments = element->fragments()) return !fragments->pieces.empty();
    if (element->vr.is_text()) return !trimmed(as_text(element->value())).empty();
    return !element->value().empty();
}

std::optional<std::string> DataSet::text(Tag tag) const {
    const Element* const element = node_->find(tag);
    if (element == nullptr) return std::nullopt;
    if (!element->vr.is_text()) return printed_value(*element, 0);
    const auto value = text_value(*element, 0);
    if (!value || value->empty()) return std::nullopt;
    return std::string(*value);
}

std::string DataSet::text_or(Tag tag, std::string_view fallback) const {
    auto found = text(tag);
    return found ? *std::move(found) : std::string(fallback);
}

std::vector<std::string> DataSet::texts(Tag tag) const {
    const Element* const element = node_->find(tag);
    std::vector<std::string> out;
    if (element == nullptr) return out;
    require_few(*element, value_count(tag));
    if (element->vr.is_text()) {
        for (const std::string_view value : text_values(*element)) out.emplace_back(value);
        return out;
    }
    if (element->vr.is_bulk()) return out;
    for (std::size_t i = 0; i < binary_count(*element); ++i) {
        auto printed = printed_value(*element, i);
        if (!printed) return {};
        out.push_back(*std::move(printed));
    }
    return out;
}

std::size_t DataSet::value_count(Tag tag) const {
    const Element* const element = node_->find(tag);
    if (element == nullptr || element->is_sequence() || element->fragments() != nullptr) return 0;
    if (element->vr.is_text()) return text_count(*element);
    return element->vr.is_bulk() ? 0 : binary_count(*element);
}

std::optional<long long> DataSet::integer(Tag tag, std::size_t index) const {
    const Element* const element = node_->find(tag);
    if (element == nullptr) return std::nullopt;
    if (!element->vr.is_text()) return binary_integer(*element, index);
    const auto value = text_value(*element, index);
    return value ? parsed_integer(*value) : std::nullopt;
}

std::optional<double> DataSet::number(Tag tag, std::size_t index) const {
    const Element* const element = node_->find(tag);
    if (element == nullptr) return std::nullopt;
    if (!element->vr.is_text()) return binary_number(*element, index);
    const auto value = text_value(*element, index);
    return value ? parsed_number(*value) : std::nullopt;
}

std::vector<double> DataSet::numbers(Tag tag) const {
    const Element* const element = node_->find(tag);
    std::vector<double> out;
    if (element == nullptr) return out;
    require_few(*element, value_count(tag));
    const auto values =
        element->vr.is_text() ? text_values(*element) : std::vector<std::string_view>();
    const std::size_t count = element->vr.is_text() ? values.size() : binary_count(*element);
    for (std::size_t i = 0; i < count; ++i) {
        const auto value =
            element->vr.is_text() ? parsed_number(values[i]) : binary_number(*element, i);
        if (!value) return {};
        out.push_back(*value);
    }
    return out;
}

std::vector<long long> DataSet::integers(Tag tag) const {
    const Element* const element = node_->find(tag);
    std::vector<long long> out;
    if (element == nullptr) return out;
    require_few(*element, value_count(tag));
    const auto values =
        element->vr.is_text() ? text_values(*element) : std::vector<std::string_view>();
    const std::size_t count = element->vr.is_text() ? values.size() : binary_count(*element);
    for (std::size_t i = 0; i < count; ++i) {
        const auto value =
            element->vr.is_text() ? parsed_integer(values[i]) : binary_integer(*element, i);
        if (!value) return {};
        out.push_back(*value);
    }
    return out;
}

const Items& DataSet::items(Tag sequence) const {
    static const Items kNone;
    const Element* const element = node_->find(sequence);
    const Items* const items = element == nullptr ? nullptr : element->items();
    return items == nullptr ? kNone : *items;
}

ByteView DataSet::bytes(Tag tag) const {
    const Element* const element = node_->find(tag);
    return element == nullptr ? ByteView{} : element->value();
}

std::string DataSet::vr(Tag tag) const {
    const Element* const element = node_->find(tag);
    return element == nullptr ? std::string() : element->vr.str();
}

std::vector<Tag> DataSet::tags() const {
    std::vector<Tag> out;
    out.reserve(node_->elements.size());
    for (const Element& element : node_->elements) out.push_back(element.tag);
    return out;
}

}  // namespace lucerna::dicom
