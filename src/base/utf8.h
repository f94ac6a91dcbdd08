#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace lucerna {

/// Length of the well-formed UTF-8 sequence at the start of `text`, which is not empty; 0 if there
/// is none (The Unicode Standard, table 3-7).
[[nodiscard]] std::size_t utf8_length(std::string_view text);

/// A line as a terminal may have it, whatever is quoted in it: the bytes of control characters, of
/// those that end a line or turn its direction, and bytes that are not UTF-8 as "\x1b".
[[nodiscard]] std::string printable(std::string_view text);

}  // namespace lucerna
