#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace lucerna::receive {

/// What an attribute holds (PS3.5 6.2), in characters.
constexpr std::size_t kShort = 16;
constexpr std::size_t kLong = 64;
constexpr std::size_t kLongText = 10240;

/// Text that names something: an identifier, a title. Empty where it cannot be the value of an
/// attribute of `most` characters: too long, a backslash or a control character in it.
[[nodiscard]] std::optional<std::string> as_identifier(std::string_view text, std::size_t most);

/// Text for people: line breaks become blanks, a backslash a slash; cut to `most` characters.
[[nodiscard]] std::string as_description(std::string_view text, std::size_t most);

/// A part of a name: without what parts names (^ = \) and control characters.
[[nodiscard]] std::string as_name_part(std::string_view text);
/// One component group of a Person Name (PS3.5 6.2.1) out of its parts.
[[nodiscard]] std::string name_group(std::string_view family, std::string_view given,
                                     std::string_view middle, std::string_view prefix,
                                     std::string_view suffix);

/// A time of the place, whose zone is this process's.
struct Moment {
    /// DA; TM, empty where only a date is given.
    std::string date;
    std::string time;
};
/// A DTM of HL7 v2 (2.A.22), "202603010930", with what follows the day optional. Where it gives a
/// time and an offset from UTC ("202603010830+0000") it is reckoned into the zone of the place,
/// and one without is of the place as it stands. Empty where it is none, or says no day.
[[nodiscard]] std::optional<Moment> moment_from(std::string_view digits);
/// The day that it names, in whatever zone: nobody is born on another day elsewhere.
[[nodiscard]] std::optional<std::string> day_from(std::string_view digits);

/// A code that a CS can hold: upper case, digits, blank, underscore.
[[nodiscard]] std::optional<std::string> as_code_string(std::string_view text);

}  // namespace lucerna::receive
