#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lucerna {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;

[[nodiscard]] inline ByteView as_byte_view(std::string_view text) {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
[[nodiscard]] inline std::string_view as_text(ByteView bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// Lower-case hexadecimal.
[[nodiscard]] std::string to_hex(ByteView bytes);
/// Throws Error(kInvalidInput) on odd length or another character.
[[nodiscard]] Bytes from_hex(std::string_view text);

/// RFC 4648 section 4, padded.
[[nodiscard]] std::string to_base64(ByteView bytes);
/// Throws Error(kInvalidInput) on anything that `to_base64` would not have written.
[[nodiscard]] Bytes from_base64(std::string_view text);

/// A JSON string with its quotes (RFC 8259 section 7); bytes that are not UTF-8 become U+FFFD.
[[nodiscard]] std::string json_quoted(std::string_view text);

/// Escapes & < > " ' for HTML and XML.
[[nodiscard]] std::string markup_escaped(std::string_view text);

}  // namespace lucerna
