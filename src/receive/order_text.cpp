#include "receive/order_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <ctime>

namespace lucerna::receive {
namespace {

bool is_control(char c) {
    return static_cast<unsigned char>(c) < ' ' || c == 0x7F;
}

/// Characters of UTF-8.
std::size_t length_of(std::string_view text) {
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
    }));
}

std::string_view first(std::string_view text, std::size_t characters) {
    std::size_t at = 0;
    for (; at < text.size(); ++at)
        if ((static_cast<unsigned char>(text[at]) & 0xC0) != 0x80 && characters-- == 0) break;
    return text.substr(0, at);
}

int number(std::string_view digits) {
    int value = 0;
    (void)std::from_chars(digits.data(), digits.data() + digits.size(), value);
    return value;
}

bool is_day(std::string_view date) {
    using namespace std::chrono;
    return year_month_day(year(number(date.substr(0, 4))),
                          month(static_cast<unsigned>(number(date.substr(4, 2)))),
                          day(static_cast<unsigned>(number(date.substr(6, 2)))))
        .ok();
}

bool is_time(std::string_view time) {
    return number(time.substr(0, 2)) < 24 && (time.size() < 4 || number(time.substr(2, 2)) < 60) &&
           (time.size() < 6 || number(time.substr(4, 2)) <= 60);
}

bool are_digits(std::string_view text) {
    return text.find_first_not_of("0123456789") == std::string_view::npos;
}

std::optional<Moment> as_it_stands(std::string_view digits) {
    const std::string_view whole = digits.substr(0, digits.find('.'));
    if (!are_digits(whole) || whole.size() < 8 || whole.size() % 2 != 0 || whole.size() > 14)
        return {};
    Moment moment{std::string(whole.substr(0, 8)), std::string(whole.substr(8))};
    if (!is_day(moment.date) || !is_time(moment.time)) return {};
    return moment;
}

/// "+0130": seconds ahead of UTC.
std::optional<int> offset_from(std::string_view zone) {
    if (zone.size() != 5 || !are_digits(zone.substr(1))) return {};
    const int hours = number(zone.substr(1, 2)), minutes = number(zone.substr(3, 2));
    if (hours > 14 || minutes > 59) return {};
    return (zone[0] == '-' ? -60 : 60) * (hours * 60 + minutes);
}

/// To the minute, or to the second where it is given so.
std::optional<Moment> of_the_place(const Moment& moment, int seconds_ahead_of_utc) {
    const std::string_view date = moment.date, time = moment.time;
    std::tm there{};
    there.tm_year = number(date.substr(0, 4)) - 1900;
    there.tm_mon = number(date.substr(4, 2)) - 1;
    there.tm_mday = number(date.substr(6, 2));
    there.tm_hour = number(time.substr(0, 2));
    there.tm_min = time.size() < 4 ? 0 : number(time.substr(2, 2));
    there.tm_sec = time.size() < 6 ? 0 : number(time.substr(4, 2));
    const std::time_t instant = timegm(&there) - seconds_ahead_of_utc;
    std::tm here{};
    if (localtime_r(&instant, &here) == nullptr || here.tm_year < -1900 || here.tm_year > 8099)
        return {};
    std::array<char, 20> text{};
    if (std::strftime(text.data(), text.size(), "%Y%m%d%H%M%S", &here) == 0) return {};
    const std::string_view all(text.data());
    if (all.size() != 14) return {};
    return Moment{std::string(all.substr(0, 8)),
                  std::string(all.substr(8, time.size() < 6 ? 4 : 6))};
}

}  // namespace

std::optional<std::string> as_identifier(std::string_view text, std::size_t most) {
    if (length_of(text) > most || text.find('\\') != std::string_view::npos ||
        std::any_of(text.begin(), text.end(), is_control))
        return {};
    return std::string(text);
}

std::string as_description(std::string_view text, std::size_t most) {
    std::string plain(first(text, most));
    for (char& c : plain) {
        if (is_control(c)) c = ' ';
        if (c == '\\') c = '/';
    }
    return plain;
}

std::string as_name_part(std::string_view text) {
    std::string part;
    for (const char c : text) part += is_control(c) || c == '^' || c == '=' || c == '\\' ? ' ' : c;
    return part;
}

std::string name_group(std::string_view family, std::string_view given, std::string_view middle,
                       std::string_view prefix, std::string_view suffix) {
    std::string name;
    for (const std::string_view part : {family, given, middle, prefix, suffix})
        name += as_name_part(part) + "^";
    while (name.ends_with('^')) name.pop_back();
    return name;
}

std::optional<Moment> moment_from(std::string_view digits) {
    const std::size_t zone = digits.find_first_of("+-");
    const auto moment = as_it_stands(digits.substr(0, zone));
    if (!moment || zone == std::string_view::npos) return moment;
    const auto offset = offset_from(digits.substr(zone));
    if (!offset) return {};
    return moment->time.empty() ? moment : of_the_place(*moment, *offset);
}

std::optional<std::string> day_from(std::string_view digits) {
    const auto moment = as_it_stands(digits.substr(0, digits.find_first_of("+-")));
    if (!moment) return {};
    return moment->date;
}

std::optional<std::string> as_code_string(std::string_view text) {
    const bool good =
        text.size() <= kShort && std::all_of(text.begin(), text.end(), [](char c) {
            return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == ' ' || c == '_';
        });
    if (!good) return {};
    return std::string(text);
}

}  // namespace lucerna::receive
