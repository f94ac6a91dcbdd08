#include "deidentify/values.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdio>

namespace lucerna::deidentify {
namespace {

struct Dummy {
    std::string_view vr;
    std::string_view text;
};
constexpr Dummy kTexts[] = {
    {"AE", "REMOVED"}, {"AS", "000D"},           {"CS", "REMOVED"},     {"DA", "19700101"},
    {"DS", "0"},       {"DT", "19700101000000"}, {"IS", "1"},           {"LO", "REMOVED"},
    {"LT", "REMOVED"}, {"PN", "REMOVED"},        {"SH", "REMOVED"},     {"ST", "REMOVED"},
    {"TM", "000000"},  {"UC", "REMOVED"},        {"UR", "urn:removed"}, {"UT", "REMOVED"},
};

bool all_digits(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

int number_in(std::string_view digits) {
    int number = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), number);
    return number;
}

/// What programs write for no date: where clocks of Unix and of DOS begin, 1858, 1899, 1900, 9999.
/// Each is known though it is moved, and no image is of the years that go with them.
bool is_placeholder(std::string_view digits, std::chrono::year year) {
    constexpr std::chrono::year kFirst(1920), kLast(2099);
    return year < kFirst || year > kLast || digits == "19700101" || digits == "19800101";
}

/// YYYY, YYYYMM or YYYYMMDD, moved, of the same length.
std::optional<std::string> shifted_digits(std::string_view digits, int days) {
    using namespace std::chrono;
    const bool has_month = digits.size() >= 6;
    const bool has_day = digits.size() == 8;
    const year_month_day given{
        year(number_in(digits.substr(0, 4))),
        month(has_month ? static_cast<unsigned>(number_in(digits.substr(4, 2))) : 1U),
        day(has_day ? static_cast<unsigned>(number_in(digits.substr(6, 2))) : 1U)};
    if (!given.ok() || is_placeholder(digits, given.year())) return {};
    const year_month_day moved(sys_days(given) + std::chrono::days(days));
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%04d%02u%02u", static_cast<int>(moved.year()),
                  static_cast<unsigned>(moved.month()), static_cast<unsigned>(moved.day()));
    return std::string(text.data(), digits.size());
}

}  // namespace

Bytes dummy_value(std::string_view vr) {
    for (const Dummy& dummy : kTexts)
        if (dummy.vr == vr) return {dummy.text.begin(), dummy.text.end()};
    // Binary: one zero of the widest value, which every narrower one divides.
    if (vr == "US" || vr == "SS" || vr == "OB" || vr == "OW" || vr == "UN") return Bytes(2, 0);
    if (vr == "UL" || vr == "SL" || vr == "FL" || vr == "AT" || vr == "OF" || vr == "OL")
        return Bytes(4, 0);
    return Bytes(8, 0);
}

std::optional<std::string> shifted_date(std::string_view date, int days) {
    std::string digits(date);
    if (date.size() == 10 && date[4] == '.' && date[7] == '.') std::erase(digits, '.');
    if (digits.size() != 8 || !all_digits(digits)) return {};
    return shifted_digits(digits, days);
}

std::optional<std::string> shifted_date_time(std::string_view text, int days) {
    // YYYYMMDDHHMMSS.FFFFFF&ZZXX (PS3.5 6.2).
    std::string_view offset;
    if (const std::size_t sign = text.find_first_of("+-"); sign != std::string_view::npos) {
        offset = text.substr(sign);
        if (!is_offset_from_utc(offset)) return {};
    }
    const std::string_view moment = text.substr(0, text.size() - offset.size());
    const std::size_t dot = std::min(moment.find('.'), moment.size());
    const std::string_view digits = moment.substr(0, dot);
    const std::string_view fraction = moment.substr(std::min(dot + 1, moment.size()));
    if (!all_digits(digits) || !all_digits(fraction) || fraction.size() > 6) return {};
    if (digits.size() < 4 || digits.size() > 14 || digits.size() % 2 == 1) return {};
    if (dot < moment.size() && (digits.size() != 14 || fraction.empty())) return {};
    const auto moved =
        shifted_digits(digits.substr(0, std::min<std::size_t>(digits.size(), 8)), days);
    if (!moved) return {};
    return *moved + std::string(text.substr(moved->size()));
}

bool is_time(std::string_view time) {
    std::string digits(time);
    if (time.size() >= 5 && time[2] == ':') {
        if (time.size() >= 8 && time[5] != ':') return false;
        std::erase(digits, ':');
    }
    const std::size_t dot = std::min(digits.find('.'), digits.size());
    const std::string_view whole = std::string_view(digits).substr(0, dot);
    const std::string_view fraction =
        std::string_view(digits).substr(std::min(dot + 1, digits.size()));
    return whole.size() >= 2 && whole.size() <= 6 && whole.size() % 2 == 0 && all_digits(whole) &&
           all_digits(fraction) && fraction.size() <= 6 &&
           (dot == digits.size() || (whole.size() == 6 && !fraction.empty()));
}

bool is_offset_from_utc(std::string_view text) {
    return text.size() == 5 && (text[0] == '+' || text[0] == '-') && all_digits(text.substr(1)) &&
           number_in(text.substr(1, 2)) <= 14 && number_in(text.substr(3)) < 60;
}

}  // namespace lucerna::deidentify
