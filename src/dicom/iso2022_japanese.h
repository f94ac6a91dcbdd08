#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace lucerna::dicom {

/// Text in the Japanese character sets of PS3.3 C.12.1.1.2 (ISO_IR 13, and ISO 2022 IR 6, 13, 87
/// and 159 by escape sequences) as UTF-8. DCMTK leaves these to iconv under names that the C
/// library does not know. Empty where the text is not that.
[[nodiscard]] std::optional<std::string> from_japanese(std::string_view text);

/// Some of the values of Specific Character Set is one of those above.
[[nodiscard]] bool names_japanese(std::string_view character_set);

}  // namespace lucerna::dicom
