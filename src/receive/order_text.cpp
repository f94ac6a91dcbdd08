#include "receive/order_text.h"

#include <algorithm>
#include <charconv>
#include <chrono>

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
    digits = digits.substr(0, digits.find_first_of("+-"));
    const std::string_view whole = digits.substr(0, digits.find('.'));
    if (whole.find_first_not_of("0123456789") != std::string_view::npos || whole.size() < 8 ||
        whole.size() % 2 != 0 || whole.size() > 14)
        return {};
    Moment moment{std::string(whole.substr(0, 8)), std::string(whole.substr(8))};
    if (!is_day(moment.date) || !is_time(moment.time)) return {};
    return moment;
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
