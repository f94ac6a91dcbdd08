#pragma once

#include <toml++/toml.h>

#include <string>

#include "settings.h"

namespace lucerna {

/// Throws Error(kInvalidInput).
[[noreturn]] void refuse(const std::string& message);

/// "FILE, line N".
[[nodiscard]] std::string place_of(const toml::node& node, const std::string& file);

/// Of a [[destination]] in that file: name, and aet, host and port or url are needed. Throws
/// Error(kInvalidInput) with file and line.
[[nodiscard]] DestinationSettings destination_in(const toml::table& table,
                                                 const std::string& calling_aet,
                                                 const std::string& file);

}  // namespace lucerna
