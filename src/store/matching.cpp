#include "store/matching.h"

#include <unicode/normalizer2.h>
#include <unicode/uniset.h>
#include <unicode/unistr.h>

#include <algorithm>
#include <cstdint>

#include "base/encoding.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/split.h"
#include "dicom/charset.h"

namespace lucerna::store {
namespace {

/// Unicode's NFKC_Casefold (UAX #31), but of what it would make a wildcard or what parts a name.
class Folding {
  public:
    Folding()
        : foldable_(UNICODE_STRING_SIMPLE("[^\\u2047-\\u2049\\u207C\\u208C\\u2A74-\\u2A76\\uFE16"
                                          "\\uFE56\\uFE61\\uFE66\\uFF0A\\uFF1D\\uFF1F\\uFF3E]"),
                    status_),
          folding_(*made(icu::Normalizer2::getNFKCCasefoldInstance(status_)), *foldable_.freeze()) {
    }

    [[nodiscard]] std::string folded(std::string_view utf8) const {
        UErrorCode status = U_ZERO_ERROR;
        icu::UnicodeString folded;
        folding_.normalize(icu::UnicodeString::fromUTF8(icu::StringPiece(
                               utf8.data(), static_cast<std::int32_t>(utf8.size()))),
                           folded, status);
        require(status);
        std::string result;
        return folded.toUTF8String(result);
    }

  private:
    static void require(UErrorCode status) {
        if (U_FAILURE(status))
            throw Error(ErrorCode::kInternal,
                        std::string("ICU does not fold: ") + u_errorName(status));
    }
    const icu::Normalizer2* made(const icu::Normalizer2* one) const {
        require(status_);
        return one;
    }

    UErrorCode status_ = U_ZERO_ERROR;
    icu::UnicodeSet foldable_;
    icu::FilteredNormalizer2 folding_;
};

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
        // Spaces of other widths are spaces once they are folded.
        key += trimmed(fold_case(component));
    }
    while (key.ends_with('^')) key.pop_back();
    // Folding may make eighteen characters of one.
    return indexed_text(key);
}

}  // namespace

std::string fold_case(std::string_view text) {
    if (!dicom::is_plain_ascii(text) && dicom::is_utf8(text)) {
        static const Folding folding;
        return folding.folded(text);
    }
    std::string result(text);
    for (char& c : result)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
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

std::string asked_time_key(std::string_view time, Fill fill) {
    const std::string first = time_key(time).substr(0, 6);
    if (first.empty()) return {};
    // A leap second is one of a day (PS3.5 6.2).
    const bool is_of_a_day =
        first <= "240000" && first.substr(2, 2) <= "59" && first.substr(4) <= "60";
    return is_of_a_day ? time_key(time, fill) : std::string();
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

bool is_like(std::string_view pattern, std::string_view text) {
    const auto skip = [&](std::size_t at) {
        do ++at;
        while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80);
        return at;
    };
    std::size_t p = 0, t = 0;
    std::size_t star = std::string_view::npos, retry = 0;
    while (t < text.size()) {
        if (p < pattern.size() && pattern[p] == '*') {
            star = p++;
            retry = t;
        } else if (p < pattern.size() && pattern[p] == '?') {
            ++p;
            t = skip(t);
        } else if (p < pattern.size() && pattern[p] == text[t]) {
            ++p;
            ++t;
        } else if (star != std::string_view::npos) {
            p = star + 1;
            t = retry = skip(retry);
        } else {
            return false;
        }
    }
    return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

}  // namespace lucerna::store
