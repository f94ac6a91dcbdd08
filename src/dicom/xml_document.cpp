#include "dicom/xml_document.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <set>
#include <utility>

#include "base/error.h"
#include "dicom/charset.h"

namespace lucerna::dicom {
namespace {

/// XML 1.0 2.2.
bool is_character(std::uint32_t code) {
    return code == 0x9 || code == 0xA || code == 0xD || (code >= 0x20 && code <= 0xD7FF) ||
           (code >= 0xE000 && code <= 0xFFFD) || (code >= 0x10000 && code <= 0x10FFFF);
}

std::string in_capitals(std::string_view name) {
    std::string capitals(name.substr(0, 40));
    std::transform(capitals.begin(), capitals.end(), capitals.begin(), [](char c) {
        return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    });
    return capitals;
}

/// What the XML declaration says (XML 1.0 4.3.3); empty where that is nothing.
std::string_view declared_encoding(std::string_view document) {
    const std::string_view declaration = document.substr(0, document.find("?>"));
    const std::size_t said = declaration.find("encoding");
    if (!document.starts_with("<?xml") || said == std::string_view::npos) return {};
    const std::size_t begin = declaration.find_first_of("\"'", said);
    if (begin == std::string_view::npos) return {};
    const std::size_t end = declaration.find(declaration[begin], begin + 1);
    return declaration.substr(begin + 1, end - begin - 1);
}

/// How whole units of two or four bytes are told by the first (XML 1.0 appendix F): by a mark, or
/// by the zeros in "<". None where they are bytes.
std::optional<pugi::xml_encoding> wide_encoding(std::string_view document) {
    using namespace std::string_view_literals;
    constexpr std::pair<std::string_view, pugi::xml_encoding> kFirst[] = {
        {"\0\0\xFE\xFF"sv, pugi::encoding_utf32_be}, {"\xFF\xFE\0\0"sv, pugi::encoding_utf32_le},
        {"\0\0\0<"sv, pugi::encoding_utf32_be},      {"<\0\0\0"sv, pugi::encoding_utf32_le},
        {"\xFE\xFF"sv, pugi::encoding_utf16_be},     {"\xFF\xFE"sv, pugi::encoding_utf16_le},
        {"\0<"sv, pugi::encoding_utf16_be},          {"<\0"sv, pugi::encoding_utf16_le}};
    for (const auto& [first, encoding] : kFirst)
        if (document.starts_with(first)) return encoding;
    return {};
}

/// Each unit a character that XML allows, or in UTF-16 two surrogates that belong together.
bool is_whole(std::string_view document, pugi::xml_encoding encoding) {
    const bool is_16 = encoding == pugi::encoding_utf16_be || encoding == pugi::encoding_utf16_le;
    const bool is_big = encoding == pugi::encoding_utf16_be || encoding == pugi::encoding_utf32_be;
    const std::size_t bytes = is_16 ? 2 : 4;
    if (document.size() % bytes != 0) return false;
    bool is_half = false;
    for (std::size_t at = 0; at < document.size(); at += bytes) {
        std::uint32_t unit = 0;
        for (std::size_t i = 0; i < bytes; ++i)
            unit =
                unit << 8 | static_cast<std::uint8_t>(document[at + (is_big ? i : bytes - 1 - i)]);
        const bool is_low = unit >= 0xDC00 && unit <= 0xDFFF;
        if (is_half != is_low) return false;
        is_half = unit >= 0xD800 && unit <= 0xDBFF;
        if (is_half || is_low ? !is_16 : !is_character(unit)) return false;
    }
    return !is_half;
}

/// "An unsupported encoding, and bytes that are not legal in it, are fatal errors."
pugi::xml_encoding encoding_of(std::string_view document, std::string_view charset) {
    if (const auto wide = wide_encoding(document)) {
        if (!is_whole(document, *wide)) refuse_xml("its text", "is no UTF-16 or UTF-32");
        return *wide;
    }
    constexpr std::string_view kUtf8Mark = "\xEF\xBB\xBF";
    const bool is_marked = document.starts_with(kUtf8Mark);
    const std::string encoding =
        is_marked ? "UTF-8" : in_capitals(charset.empty() ? declared_encoding(document) : charset);
    if (encoding == "ISO-8859-1" || encoding == "LATIN1") return pugi::encoding_latin1;
    // Programs that write into a string and send that as UTF-8 say UTF-16 of it.
    const bool is_bytes =
        encoding.empty() || encoding == "UTF-8" || encoding == "US-ASCII" || encoding == "UTF-16";
    if (!is_bytes)
        refuse_xml("its encoding", encoding + " is none of UTF-8, UTF-16, UTF-32 and ISO-8859-1");
    if (!is_utf8(document)) refuse_xml("its text", "is no UTF-8");
    return pugi::encoding_utf8;
}

void append_utf8(std::string& text, std::uint32_t code) {
    const auto add = [&](std::uint32_t byte) { text += static_cast<char>(byte); };
    if (code < 0x80) return add(code);
    if (code < 0x800) {
        add(0xC0 | code >> 6);
        return add(0x80 | (code & 0x3F));
    }
    if (code < 0x10000) {
        add(0xE0 | code >> 12);
    } else {
        add(0xF0 | code >> 18);
        add(0x80 | (code >> 12 & 0x3F));
    }
    add(0x80 | (code >> 6 & 0x3F));
    add(0x80 | (code & 0x3F));
}

/// Of the name between "&" and ";".
void append_reference(std::string& text, std::string_view name) {
    constexpr std::pair<std::string_view, char> kEntities[] = {
        {"amp", '&'}, {"lt", '<'}, {"gt", '>'}, {"quot", '"'}, {"apos", '\''}};
    for (const auto& [entity, letter] : kEntities)
        if (name == entity) {
            text += letter;
            return;
        }
    const bool is_hex = name.starts_with("#x");
    std::uint32_t code = 0;
    const std::string_view digits = name.substr(std::min<std::size_t>(name.size(), is_hex ? 2 : 1));
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), code, is_hex ? 16 : 10);
    if (!name.starts_with('#') || error != std::errc() || end != digits.data() + digits.size() ||
        !is_character(code))
        refuse_xml("&" + std::string(name.substr(0, 40)) + ";", "is no reference to a character");
    append_utf8(text, code);
}

/// XML 1.0 4.1, 4.6.
std::string with_references(std::string_view raw) {
    std::string text;
    for (;;) {
        const std::size_t ampersand = raw.find('&');
        text += raw.substr(0, ampersand);
        if (ampersand == std::string_view::npos) return text;
        raw.remove_prefix(ampersand + 1);
        const std::size_t end = raw.find(';');
        if (end == std::string_view::npos) refuse_xml("a reference", "has no end");
        append_reference(text, raw.substr(0, end));
        raw.remove_prefix(end + 1);
    }
}

/// The parser looks for the end of what it reads, not at what that is.
void require_characters(std::string_view text) {
    for (const char c : text)
        if (c >= 0 && c < 0x20 && !is_character(static_cast<std::uint32_t>(c)))
            refuse_xml("its text", "has a control character");
    if (text.find("\xEF\xBF\xBE") != std::string_view::npos ||
        text.find("\xEF\xBF\xBF") != std::string_view::npos)
        refuse_xml("its text", "has U+FFFE or U+FFFF");
}

class Finished final : public pugi::xml_tree_walker {
  public:
    bool for_each(pugi::xml_node& node) override {
        if (node.type() == pugi::node_element) finish_attributes(node);
        if (node.type() == pugi::node_cdata || node.type() == pugi::node_pcdata)
            require_characters(node.value());
        if (depth() == 0 && has_text(node)) refuse_xml("it", "has text beside its root");
        if (node.type() != pugi::node_pcdata) return true;
        if (std::string_view(node.value()).find('&') != std::string_view::npos)
            node.set_value(with_references(node.value()).c_str());
        return true;
    }

  private:
    static bool has_text(pugi::xml_node node) {
        return node.type() == pugi::node_cdata ||
               (node.type() == pugi::node_pcdata &&
                std::string_view(node.value()).find_first_not_of(" \t\r\n") !=
                    std::string_view::npos);
    }
    static void finish_attributes(pugi::xml_node node) {
        std::set<std::string_view> names;
        for (pugi::xml_attribute attribute : node.attributes()) {
            if (!names.insert(attribute.name()).second)
                refuse_xml("an element", "has an attribute twice");
            require_characters(attribute.value());
            if (std::string_view(attribute.value()).find('&') != std::string_view::npos)
                attribute.set_value(with_references(attribute.value()).c_str());
        }
    }
};

}  // namespace

void refuse_xml(const std::string& where, const std::string& what) {
    throw Error(
        ErrorCode::kInvalidInput,
        "the body is no data set in the Native DICOM Model (PS3.19 A.1): " + where + " " + what);
}

pugi::xml_document parsed_xml(std::string_view document, std::string_view charset) {
    const pugi::xml_encoding encoding = encoding_of(document, charset);
    // A parser of C strings takes it for the end.
    const bool is_wide = wide_encoding(document).has_value();
    if (!is_wide && document.find('\0') != std::string_view::npos)
        refuse_xml("its text", "has a control character");
    pugi::xml_document parsed;
    constexpr unsigned kOptions =
        (pugi::parse_default & ~static_cast<unsigned>(pugi::parse_escapes)) |
        pugi::parse_ws_pcdata_single | pugi::parse_fragment;
    const pugi::xml_parse_result result =
        parsed.load_buffer(document.data(), document.size(), kOptions, encoding);
    if (!result)
        refuse_xml("byte " + std::to_string(result.offset) + " of it", result.description());
    Finished finished;
    parsed.traverse(finished);
    const auto roots = std::count_if(parsed.begin(), parsed.end(), [](const pugi::xml_node& node) {
        return node.type() == pugi::node_element;
    });
    if (roots != 1) refuse_xml("it", "has " + std::to_string(roots) + " roots");
    return parsed;
}

}  // namespace lucerna::dicom
