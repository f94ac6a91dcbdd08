#include "store/matching.h"

#include <algorithm>
#include <cstdint>

#include "base/encoding.h"
#include "base/hash.h"

namespace lucerna::store {
namespace {

/// Simple case folding (Unicode CaseFolding.txt, status C) of the alphabets that names are mostly
/// written in.
std::uint32_t folded(std::uint32_t c) {
    if (c >= 'A' && c <= 'Z') return c + 32;
    if (c < 0xC0) return c;
    if (c <= 0xDE) return c == 0xD7 ? c : c + 32;
    if (c >= 0x100 && c <= 0x17F) {
        const bool odd_is_capital = (c >= 0x139 && c <= 0x148) || (c >= 0x179 && c <= 0x17E);
        if (c == 0x130 || c == 0x131 || c == 0x138 || c == 0x149 || c == 0x17F) return c;
        if (c == 0x178) return 0xFF;
        return (c % 2 == 1) == odd_is_capital ? c + 1 : c;
    }
    if (c == 0x386) return 0x3AC;
    if (c >= 0x388 && c <= 0x38A) return c + 37;
    if (c == 0x38C) return 0x3CC;
    if (c == 0x38E || c == 0x38F) return c + 63;
    if (c >= 0x391 && c <= 0x3AB && c != 0x3A2) return c + 32;
    if (c == 0x3C2) return 0x3C3;
    if (c >= 0x410 && c <= 0x42F) return c + 32;
    if (c >= 0x400 && c <= 0x40F) return c + 80;
    return c;
}

bool all_digits(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::string without(std::string_view text, char dropped) {
    std::string kept(text);
    std::erase(kept, dropped);
    return kept;
}

std::string group_key(std::string_view group) {
    std::string key;
    for (std::string_view component : split(group, "^")) {
        if (!key.empty() || component.data() != group.data()) key += '^';
        key += fold_case(trimmed(component));
    }
    while (key.ends_with('^')) key.pop_back();
    return key;
}

}  // namespace

std::string fold_case(std::string_view text) {
    std::string result;
    result.reserve(text.size());
    for (std::size_t i = 0; i < text.size();) {
        const auto first = static_cast<std::uint8_t>(text[i]);
        // All letters that fold are of one or two bytes in UTF-8.
        if (first < 0x80) {
            result += static_cast<char>(folded(first));
            ++i;
        } else if (first >= 0xC2 && first <= 0xDF && i + 1 < text.size()) {
            const std::uint32_t c =
                folded(((first & 0x1FU) << 6) | (static_cast<std::uint8_t>(text[i + 1]) & 0x3FU));
            result += static_cast<char>(0xC0 | (c >> 6));
            result += static_cast<char>(0x80 | (c & 0x3F));
            i += 2;
        } else {
            result += text[i++];
        }
    }
    return result;
}

NameKeys name_keys(std::string_view person_name) {
    NameKeys keys;
    const auto groups = split(person_name, "=");
    if (!groups.empty()) keys.alphabetic = group_key(groups[0]);
    if (groups.size() > 1) keys.ideographic = group_key(groups[1]);
    if (groups.size() > 2) keys.phonetic = group_key(groups[2]);
    return keys;
}

std::string date_key(std::string_view date) {
    const std::string digits = without(trimmed(date), '.');
    return digits.size() == 8 && all_digits(digits) ? digits : std::string();
}

std::string time_key(std::string_view time, Fill fill) {
    const std::string plain = without(trimmed(time), ':');
    const std::size_t dot = std::min(plain.find('.'), plain.size());
    const std::string whole = plain.substr(0, dot);
    const std::string fraction = dot < plain.size() ? plain.substr(dot + 1) : std::string();
    const bool good = (whole.size() == 2 || whole.size() == 4 || whole.size() == 6) &&
                      all_digits(whole) && all_digits(fraction) && fraction.size() <= 6 &&
                      (fraction.empty() || whole.size() == 6);
    if (!good) return {};
    const std::string_view rest = fill == Fill::kStart ? "000000.000000" : "595959.999999";
    std::string key = whole;
    key += rest.substr(whole.size(), 6 - whole.size());
    key += '.';
    key += fraction;
    key += rest.substr(7 + fraction.size());
    return key;
}

bool has_wildcard(std::string_view value) {
    return value.find_first_of("*?") != std::string_view::npos;
}

std::string glob(std::string_view pattern) {
    std::string result;
    for (const char c : pattern) {
        if (c == '[')
            result += "[[]";
        else
            result += c;
    }
    return result;
}

std::string indexed_text(std::string_view text) {
    if (text.size() <= kLongestIndexed) return std::string(text);
    const std::string mark = "\xE2\x80\xA6" + sha256(as_byte_view(text));
    std::size_t end = kLongestIndexed - mark.size();
    while (end > 0 && (static_cast<std::uint8_t>(text[end]) & 0xC0) == 0x80) --end;
    return std::string(text.substr(0, end)) + mark;
}

std::string_view trimmed(std::string_view text) {
    const std::size_t begin = text.find_first_not_of(' ');
    if (begin == std::string_view::npos) return {};
    return text.substr(begin, text.find_last_not_of(' ') - begin + 1);
}

std::vector<std::string_view> split(std::string_view text, std::string_view separators) {
    std::vector<std::string_view> parts;
    for (;;) {
        const std::size_t end = text.find_first_of(separators);
        parts.push_back(text.substr(0, end));
        if (end == std::string_view::npos) return parts;
        text.remove_prefix(end + 1);
    }
}

}  // namespace lucerna::store
