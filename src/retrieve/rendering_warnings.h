#pragma once

#include <string>
#include <vector>

#include "http/message.h"

namespace lucerna::retrieve {

/// The Warnings, in the standard's words, for values of `annotation` and `iccprofile` that do
/// nothing here (PS3.18 8.3.5.1.1, 8.3.5.1.5). Throws Error(kInvalidInput) for one that is no
/// keyword, or none at all.
[[nodiscard]] std::vector<std::string> rendering_warnings(const http::Request& request);

}  // namespace lucerna::retrieve
