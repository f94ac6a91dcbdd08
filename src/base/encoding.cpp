#include "base/encoding.h"

#include <array>

#include "base/error.h"
#include "base/utf8.h"

namespace lucerna {
namespace {

constexpr std::string_view kHexDigits = "0123456789abcdef";
constexpr std::string_view kBase64Digits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

int hex_value(char digit) {
    if (digit >= '0' && digit <= '9') return digit - '0';
    if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
    if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
    throw Error(ErrorCode::kInvalidInput, "not a hexadecimal digit");
}

unsigned base64_value(char digit) {
    const auto position = kBase64Digits.find(digit);
    if (position == std::string_view::npos)
        throw Error(ErrorCode::kInvalidInput, "not a base64 digit");
    return static_cast<unsigned>(position);
}

}  // namespace

std::string to_hex(ByteView bytes) {
    std::string text;
    text.reserve(bytes.size() * 2);
    for (const std::uint8_t byte : bytes) {
        text += kHexDigits[byte >> 4];
        text += kHexDigits[byte & 15];
    }
    return text;
}

Bytes from_hex(std::string_view text) {
    if (text.size() % 2 != 0)
        throw Error(ErrorCode::kInvalidInput, "hexadecimal text of odd length");
    Bytes bytes;
    bytes.reserve(text.size() / 2);
    for (std::size_t i = 0; i < text.size(); i += 2)
        bytes.push_back(
            static_cast<std::uint8_t>(hex_value(text[i]) * 16 + hex_value(text[i + 1])));
    return bytes;
}

std::string to_base64(ByteView bytes) {
    std::string text;
    text.reserve((bytes.size() + 2) / 3 * 4);
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        const std::size_t left = bytes.size() - i;
        const unsigned group = static_cast<unsigned>(bytes[i]) << 16 |
                               (left > 1 ? static_cast<unsigned>(bytes[i + 1]) << 8 : 0U) |
                               (left > 2 ? static_cast<unsigned>(bytes[i + 2]) : 0U);
        text += kBase64Digits[group >> 18];
        text += kBase64Digits[group >> 12 & 63];
        text += left > 1 ? kBase64Digits[group >> 6 & 63] : '=';
        text += left > 2 ? kBase64Digits[group & 63] : '=';
    }
    return text;
}

Bytes from_base64(std::string_view text) {
    if (text.size() % 4 != 0)
        throw Error(ErrorCode::kInvalidInput, "base64 text whose length is no multiple of four");
    Bytes bytes;
    bytes.reserve(text.size() / 4 * 3);
    for (std::size_t i = 0; i < text.size(); i += 4) {
        const bool last = i + 4 == text.size();
        const int padding = !last ? 0 : text[i + 2] == '=' ? 2 : text[i + 3] == '=' ? 1 : 0;
        unsigned group = base64_value(text[i]) << 18 | base64_value(text[i + 1]) << 12;
        if (padding < 2) group |= base64_value(text[i + 2]) << 6;
        if (padding < 1) group |= base64_value(text[i + 3]);
        bytes.push_back(static_cast<std::uint8_t>(group >> 16));
        if (padding < 2) bytes.push_back(static_cast<std::uint8_t>(group >> 8 & 255));
        if (padding < 1) bytes.push_back(static_cast<std::uint8_t>(group & 255));
    }
    const std::size_t rest = bytes.size() % 3 == 0 ? 3 : bytes.size() % 3;
    if (!text.empty() && to_base64(ByteView(bytes).last(rest)) != text.substr(text.size() - 4))
        throw Error(ErrorCode::kInvalidInput, "base64 text with stray bits or padding");
    return bytes;
}

std::string json_quoted(std::string_view text) {
    std::string quoted = "\"";
    while (!text.empty()) {
        const std::size_t length = utf8_length(text);
        const auto first = static_cast<unsigned char>(text[0]);
        if (length == 0) {
            quoted += "\xEF\xBF\xBD";
        } else if (first == '"' || first == '\\') {
            quoted += '\\';
            quoted += text[0];
        } else if (first < 0x20) {
            quoted += "\\u00";
            quoted += kHexDigits[first >> 4];
            quoted += kHexDigits[first & 15];
        } else {
            quoted += text.substr(0, length);
        }
        text.remove_prefix(length == 0 ? 1 : length);
    }
    return quoted + '"';
}

std::string markup_escaped(std::string_view text) {
    std::string escaped;
    for (const char c : text) {
        switch (c) {
            case '&':
                escaped += "&amp;";
                break;
            case '<':
                escaped += "&lt;";
                break;
            case '>':
                escaped += "&gt;";
                break;
            case '"':
                escaped += "&quot;";
                break;
            case '\'':
                escaped += "&#39;";
                break;
            default:
                escaped += c;
        }
    }
    return escaped;
}

}  // namespace lucerna
