#pragma once

#include <cstddef>
#include <string_view>

namespace lucerna {

/// How deep the arrays and objects of a JSON text (RFC 8259) are nested; of what is none, some
/// number. In one pass, before anything is made of it.
[[nodiscard]] std::size_t json_depth(std::string_view text);

}  // namespace lucerna
