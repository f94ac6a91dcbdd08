#pragma once

#include <string>
#include <string_view>

namespace lucerna::deidentify {

/// A description without all that is not known to be safe (PS3.15 E.3.5, note 2): the words of a
/// list of anatomy, technique and view, in their order, and nothing else. Empty where none is left.
/// "MAMMO screening Dr. Hand, R-CC" becomes "MAMMO screening R CC".
[[nodiscard]] std::string safe_words(std::string_view text);

}  // namespace lucerna::deidentify
