#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace lucerna::dicom {

struct Node;

/// Seven bits only, and no escape sequence of ISO 2022.
[[nodiscard]] bool is_plain_ascii(std::string_view text);
[[nodiscard]] bool is_utf8(std::string_view text);

/// `text` in the encoding that Specific Character Set says (PS3.3 C.12.1.1.2; its values with
/// backslashes between them), as UTF-8. What that encoding cannot explain is taken for UTF-8 if it
/// is that, else for ISO 8859-1.
[[nodiscard]] std::string to_utf8(std::string_view text, const std::string& character_set,
                                  std::string_view delimiters);

/// Of a data set, in bytes: what is more is in ASCII or UTF-8 wherever there is so much.
inline constexpr std::size_t kMostConvertedText = std::size_t{4} << 20;

/// Makes every text of a data set UTF-8 and its Specific Character Set "ISO_IR 192". A data set of
/// plain ASCII stays as it is. Returns what it took of parsing_memory(), where that was much.
/// Throws Error(kInvalidInput) for more than kMostConvertedText, and as MemoryBudget::take.
[[nodiscard]] std::shared_ptr<const void> convert_to_utf8(Node& root);
/// The other way: every text of a data set into `character_set`, with code extensions where it
/// names any (PS3.3 C.12.1.1.2). Returns what Specific Character Set has to say then; nothing, the
/// data set half done, where it cannot express all of it.
[[nodiscard]] std::optional<std::string> convert_from_utf8(Node& root,
                                                           const std::string& character_set);
/// Some text in it, or in an item, is more than plain ASCII.
[[nodiscard]] bool has_wide_text(const Node& node);

}  // namespace lucerna::dicom
