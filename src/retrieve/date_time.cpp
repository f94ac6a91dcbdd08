#include "retrieve/date_time.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>

#include "store/matching.h"

namespace lucerna::retrieve {
namespace {

using store::trimmed;

/// What a value of some precision spans, in microseconds since 1970 of its own zone.
struct Span {
    std::int64_t first = 0;
    std::int64_t last = 0;
    std::optional<int> offset_minutes;
};

bool is_number(std::string_view text) {
    return !text.empty() &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

int number_of(std::string_view digits) {
    int number = 0;
    for (const char digit : digits) number = number * 10 + (digit - '0');
    return number;
}

/// "+0100" in minutes: from -1200 to +1400 (PS3.5 6.2).
std::optional<int> offset_of(std::string_view text) {
    if (text.size() != 5 || (text[0] != '+' && text[0] != '-') || !is_number(text.substr(1)))
        return {};
    const int minutes = number_of(text.substr(1, 2)) * 60 + number_of(text.substr(3));
    const int most = text[0] == '-' ? 12 * 60 : 14 * 60;
    if (number_of(text.substr(3)) > 59 || minutes > most) return {};
    return text[0] == '-' ? -minutes : minutes;
}

/// Year, month, day, hour, minute, second, microsecond; those that are not given the least or the
/// greatest.
std::optional<std::int64_t> moment_of(std::string_view whole, std::string_view fraction,
                                      store::Fill fill) {
    const bool start = fill == store::Fill::kStart;
    const auto part = [&](std::size_t at, std::size_t digits, int least, int greatest) {
        if (whole.size() < at + digits) return start ? least : greatest;
        return number_of(whole.substr(at, digits));
    };
    const std::chrono::year year{part(0, 4, 0, 0)};
    const auto month = std::chrono::month{static_cast<unsigned>(part(4, 2, 1, 12))};
    if (!month.ok()) return {};
    const auto last = static_cast<int>(static_cast<unsigned>(
        std::chrono::year_month_day_last{year / month / std::chrono::last}.day()));
    const int day = part(6, 2, 1, last);
    const int hour = part(8, 2, 0, 23), minute = part(10, 2, 0, 59), second = part(12, 2, 0, 59);
    // A leap second counts as the last (PS3.5 6.2).
    if (day < 1 || day > last || hour > 23 || minute > 59 || second > 60) return {};
    std::string six(fraction);
    six.resize(6, start ? '0' : '9');
    const std::chrono::sys_days date{year / month / static_cast<unsigned>(day)};
    const std::int64_t seconds =
        std::int64_t{date.time_since_epoch().count()} * 86400 + hour * 3600 + minute * 60 + second;
    return seconds * 1'000'000 + number_of(six);
}

std::optional<Span> span_of(std::string_view text, std::string_view zone) {
    Span span;
    span.offset_minutes = offset_of(trimmed(zone));
    if (text.size() > 5)
        if (const auto offset = offset_of(text.substr(text.size() - 5))) {
            span.offset_minutes = offset;
            text.remove_suffix(5);
        }
    const std::size_t dot = std::min(text.find('.'), text.size());
    const std::string_view whole = text.substr(0, dot);
    const std::string_view fraction = dot < text.size() ? text.substr(dot + 1) : "";
    const bool has_form = is_number(whole) && whole.size() >= 4 && whole.size() <= 14 &&
                          whole.size() % 2 == 0 && fraction.size() <= 6 &&
                          (dot == text.size() || (whole.size() == 14 && is_number(fraction)));
    if (!has_form) return {};
    const auto first = moment_of(whole, fraction, store::Fill::kStart);
    const auto last = moment_of(whole, fraction, store::Fill::kEnd);
    if (!first || !last) return {};
    span.first = *first;
    span.last = *last;
    return span;
}

/// Where the hyphen between both ends is; npos where the key is one moment.
std::size_t separator_in(std::string_view key) {
    for (std::size_t at = key.find('-'); at != std::string_view::npos; at = key.find('-', at + 1)) {
        const bool ends = at + 5 == key.size() || (at + 5 < key.size() && key[at + 5] == '-');
        if (at == 0 || !ends || !offset_of(key.substr(at, 5))) return at;
    }
    return std::string_view::npos;
}

/// `one` is not after `other`, each moment in the zone of its span.
bool is_in_order(std::int64_t one, const std::optional<int>& one_offset, std::int64_t other,
                 const std::optional<int>& other_offset) {
    constexpr std::int64_t kMinute = 60'000'000;
    if (!one_offset || !other_offset) return one <= other;
    return one - *one_offset * kMinute <= other - *other_offset * kMinute;
}

}  // namespace

std::optional<bool> date_time_matches(std::string_view key, std::string_view key_zone,
                                      std::string_view value, std::string_view value_zone) {
    key = trimmed(key);
    const std::size_t hyphen = separator_in(key);
    const bool is_range = hyphen != std::string_view::npos;
    const std::string_view from = trimmed(key.substr(0, hyphen));
    const std::string_view to = is_range ? trimmed(key.substr(hyphen + 1)) : from;
    const auto begin = span_of(from, key_zone), end = span_of(to, key_zone);
    if ((!begin && !from.empty()) || (!end && !to.empty())) return {};
    const auto held = span_of(trimmed(value), value_zone);
    if (!held) return false;
    return (!begin ||
            is_in_order(begin->first, begin->offset_minutes, held->first, held->offset_minutes)) &&
           (!end || is_in_order(held->first, held->offset_minutes, end->last, end->offset_minutes));
}

bool is_date_time(std::string_view value) {
    return span_of(trimmed(value), "").has_value();
}

}  // namespace lucerna::retrieve
