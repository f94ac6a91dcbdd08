#pragma once

#include <cstddef>
#include <string_view>

#include "base/memory_budget.h"

namespace lucerna::dicom {

/// What a document of JSON or XML comes to, at most, once it is taken apart and attributes are made
/// of it: a hundred times its text, where that is of nothing but brackets. Beside its texts.
[[nodiscard]] std::size_t most_parsed_bytes(std::string_view document);

/// The same for what is turned into XML of the Native DICOM Model, which takes more. Throws
/// Error(kUnsupported) for more than six times parsing_memory(), and for more than 16 MiB of text.
[[nodiscard]] MemoryBudget::Share room_for_xml(std::string_view json);

/// So much of parsing_memory(), from before it is taken apart until that has gone: nothing for
/// kFreelyParsedBytes or less, and for more than there is all of it. Throws as MemoryBudget::take.
[[nodiscard]] MemoryBudget::Share room_to_parse(std::string_view document);

}  // namespace lucerna::dicom
