#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "base/encoding.h"

namespace lucerna::compose {

/// What a program of dicom3tools or DCMTK says of `part10`, standard output and error together.
/// Empty where the program is not installed: tests say so and skip.
[[nodiscard]] std::optional<std::string> outside_tool(const std::string& command, ByteView part10);

}  // namespace lucerna::compose
