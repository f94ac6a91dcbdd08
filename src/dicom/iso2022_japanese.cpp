#include "dicom/iso2022_japanese.h"

#include <iconv.h>

#include <array>

namespace lucerna::dicom {
namespace {

constexpr char kEscape = 0x1B;

/// Closes what iconv_open gave.
class Iconv {
  public:
    Iconv() : handle_(iconv_open("UTF-8", "ISO-2022-JP-2")) {}
    ~Iconv() {
        if (is_open()) iconv_close(handle_);
    }
    Iconv(const Iconv&) = delete;
    Iconv& operator=(const Iconv&) = delete;

    [[nodiscard]] bool is_open() const { return handle_ != reinterpret_cast<iconv_t>(-1); }

    /// `text` with its escape sequences, all of which it must understand.
    std::optional<std::string> convert(std::string text) {
        iconv(handle_, nullptr, nullptr, nullptr, nullptr);
        // A character of two bytes becomes three; escape sequences vanish.
        std::string out(text.size() * 3, '\0');
        char* from = text.data();
        std::size_t from_left = text.size();
        char* to = out.data();
        std::size_t to_left = out.size();
        if (iconv(handle_, &from, &from_left, &to, &to_left) == static_cast<std::size_t>(-1)) {
            return std::nullopt;
        }
        out.resize(out.size() - to_left);
        return out;
    }

  private:
    iconv_t handle_;
};

/// JIS X 0201: ASCII (but for yen and overline, which DICOM reads as backslash and tilde) and,
/// above it, half-width katakana from U+FF61 on.
bool append_jis_x0201(std::string_view text, std::string& out) {
    for (const char character : text) {
        const auto byte = static_cast<unsigned char>(character);
        if (byte < 0x80) {
            out += character;
        } else if (byte >= 0xA1 && byte <= 0xDF) {
            const unsigned code = 0xFF61U + byte - 0xA1U;
            out += static_cast<char>(0xE0 | code >> 12);
            out += static_cast<char>(0x80 | (code >> 6 & 0x3F));
            out += static_cast<char>(0x80 | (code & 0x3F));
        } else {
            return false;
        }
    }
    return true;
}

/// The escape sequence at the start of `text`: how long it is, and whether two-byte characters
/// follow. Length 0 for one that is none of these (PS3.3 Tables C.12-3 and C.12-4).
struct Escape {
    std::size_t length;
    bool two_bytes;
};
Escape escape_at(std::string_view text) {
    struct Known {
        std::string_view bytes;
        bool two_bytes;
    };
    static constexpr std::array<Known, 5> kKnown{{{"\x1B(B", false},
                                                  {"\x1B(J", false},
                                                  {"\x1B)I", false},
                                                  {"\x1B$B", true},
                                                  {"\x1B$(D", true}}};
    for (const Known& known : kKnown) {
        if (text.starts_with(known.bytes)) return {known.bytes.size(), known.two_bytes};
    }
    return {0, false};
}

}  // namespace

std::optional<std::string> from_japanese(std::string_view text) {
    Iconv converter;
    if (!converter.is_open()) return std::nullopt;
    std::string out;
    while (!text.empty()) {
        const Escape escape = text.front() == kEscape ? escape_at(text) : Escape{0, false};
        if (text.front() == kEscape && escape.length == 0) return std::nullopt;
        const std::size_t end = text.find(kEscape, escape.length);
        const std::string_view part = text.substr(0, end);
        if (escape.two_bytes) {
            const auto converted = converter.convert(std::string(part));
            if (!converted) return std::nullopt;
            out += *converted;
        } else if (!append_jis_x0201(part.substr(escape.length), out)) {
            return std::nullopt;
        }
        text = end == std::string_view::npos ? std::string_view() : text.substr(end);
    }
    return out;
}

bool names_japanese(std::string_view character_set) {
    constexpr std::array<std::string_view, 4> kNames{"ISO_IR 13", "ISO 2022 IR 13",
                                                     "ISO 2022 IR 87", "ISO 2022 IR 159"};
    while (!character_set.empty()) {
        const std::size_t end = character_set.find('\\');
        const std::string_view name = character_set.substr(0, end);
        for (const std::string_view known : kNames) {
            if (name == known) return true;
        }
        character_set =
            end == std::string_view::npos ? std::string_view() : character_set.substr(end + 1);
    }
    return false;
}

}  // namespace lucerna::dicom
