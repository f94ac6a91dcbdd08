#pragma once

#include <string_view>
#include <vector>

namespace lucerna {

/// The parts of `text` between any of the characters in `separators`, empty ones among them: one
/// more than there are separators. Views into `text`.
[[nodiscard]] std::vector<std::string_view> split(std::string_view text,
                                                  std::string_view separators);

}  // namespace lucerna
