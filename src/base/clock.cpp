#include "base/clock.h"

#include <charconv>
#include <cstdio>

#include "base/error.h"

namespace lucerna {
namespace {

struct Parts {
    int year, month, day, hour, minute, second, millisecond;
};

Parts parts_of(Instant instant) {
    const auto day = std::chrono::floor<std::chrono::days>(instant);
    const std::chrono::year_month_day date(day);
    const std::chrono::hh_mm_ss time(instant - day);
    return {static_cast<int>(date.year()),
            static_cast<int>(static_cast<unsigned>(date.month())),
            static_cast<int>(static_cast<unsigned>(date.day())),
            static_cast<int>(time.hours().count()),
            static_cast<int>(time.minutes().count()),
            static_cast<int>(time.seconds().count()),
            static_cast<int>(time.subseconds().count())};
}

int number_at(const std::string& text, std::size_t start, std::size_t length) {
    int value = 0;
    const char* first = text.data() + start;
    const auto [end, failure] = std::from_chars(first, first + length, value);
    if (failure != std::errc() || end != first + length)
        throw Error(ErrorCode::kInvalidInput, "not an RFC 3339 time in UTC: \"" + text + "\"");
    return value;
}

}  // namespace

std::string to_rfc3339(Instant instant) {
    const Parts p = parts_of(instant);
    char text[48];
    std::snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", p.year, p.month, p.day,
                  p.hour, p.minute, p.second, p.millisecond);
    return text;
}

Instant from_rfc3339(const std::string& text) {
    constexpr std::string_view kForm = "0000-00-00T00:00:00.000Z";
    bool fits = text.size() == kForm.size();
    for (std::size_t i = 0; fits && i < kForm.size(); ++i)
        fits = kForm[i] == '0' ? (text[i] >= '0' && text[i] <= '9') : text[i] == kForm[i];
    if (!fits)
        throw Error(ErrorCode::kInvalidInput, "not an RFC 3339 time in UTC: \"" + text + "\"");
    const std::chrono::year_month_day date{
        std::chrono::year(number_at(text, 0, 4)),
        std::chrono::month(static_cast<unsigned>(number_at(text, 5, 2))),
        std::chrono::day(static_cast<unsigned>(number_at(text, 8, 2)))};
    if (!date.ok()) throw Error(ErrorCode::kInvalidInput, "no such date: \"" + text + "\"");
    return std::chrono::sys_days(date) + std::chrono::hours(number_at(text, 11, 2)) +
           std::chrono::minutes(number_at(text, 14, 2)) +
           std::chrono::seconds(number_at(text, 17, 2)) +
           std::chrono::milliseconds(number_at(text, 20, 3));
}

std::string to_dicom_date(Instant instant) {
    const Parts p = parts_of(instant);
    char text[48];
    std::snprintf(text, sizeof text, "%04d%02d%02d", p.year, p.month, p.day);
    return text;
}

std::string to_dicom_time(Instant instant) {
    const Parts p = parts_of(instant);
    char text[48];
    std::snprintf(text, sizeof text, "%02d%02d%02d.%03d000", p.hour, p.minute, p.second,
                  p.millisecond);
    return text;
}

}  // namespace lucerna
