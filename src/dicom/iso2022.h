#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "dicom/character_set.h"

namespace lucerna::dicom {

/// Text with the escape sequences of ISO 2022 (PS3.5 6.1.2.5) as UTF-8, whatever sets it
/// designates. At `delimiters`, and where a line ends, the first of `sets` is in force again.
/// Nothing where it makes no sense.
[[nodiscard]] std::optional<std::string> from_iso2022(std::string_view text,
                                                      const CharacterSets& sets,
                                                      std::string_view delimiters, Codecs& codecs);

/// The other way, in nothing but `sets`; escape sequences where they are extended. Nothing where
/// these have not all of it.
[[nodiscard]] std::optional<std::string> to_iso2022(std::string_view utf8,
                                                    const CharacterSets& sets,
                                                    std::string_view delimiters, Codecs& codecs);

}  // namespace lucerna::dicom
