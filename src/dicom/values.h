#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dicom/node.h"

namespace lucerna::dicom {

/// Without leading and trailing blanks and trailing NULs.
[[nodiscard]] std::string_view trimmed(std::string_view text);

/// The values of a text element, unpadded; one where the VR is a single text.
[[nodiscard]] std::vector<std::string_view> text_values(const Element& element);
/// The same one by one, as long as `visit` returns true.
void each_text(const Element& element, const std::function<bool(std::string_view value)>& visit);
/// Value `index` of one; nothing where there are fewer. No list is made of the others, of which
/// there may be millions.
[[nodiscard]] std::optional<std::string_view> text_value(const Element& element, std::size_t index);
/// How many there are.
[[nodiscard]] std::size_t text_count(const Element& element);
/// How many values a binary element has.
[[nodiscard]] std::size_t binary_count(const Element& element);
/// Value `index` of a binary element, exact for whole numbers up to 2^63.
[[nodiscard]] std::optional<double> binary_number(const Element& element, std::size_t index);
[[nodiscard]] std::optional<long long> binary_integer(const Element& element, std::size_t index);
/// Its digits, where it is a whole number: all of them, also of an UV beyond 2^63.
[[nodiscard]] std::optional<std::string> binary_digits(const Element& element, std::size_t index);
/// "00100020", the form of DICOM JSON.
[[nodiscard]] std::string binary_tag(const Element& element, std::size_t index);
/// As printed by `text` and the JSON model: shortest form that reads back the same.
[[nodiscard]] std::string printed_number(double number);
/// PS3.5 6.2: a decimal string has at most 16 characters. Requires a finite number.
[[nodiscard]] std::string decimal_string(double number);
/// Empty unless all of it is one finite number (PS3.5 6.2 DS).
[[nodiscard]] std::optional<double> parsed_number(std::string_view text);

}  // namespace lucerna::dicom
