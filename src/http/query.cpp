#include "http/query.h"

#include <algorithm>
#include <charconv>

#include "base/error.h"

namespace lucerna::http {
namespace {

constexpr std::size_t kMostParameters = 1000;

int digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

bool is_unreserved(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

std::string decoded(std::string_view text, char plus) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        char c = text[i] == '+' ? plus : text[i];
        if (text[i] == '%') {
            const int high = i + 2 < text.size() ? digit(text[i + 1]) : -1;
            const int low = high < 0 ? -1 : digit(text[i + 2]);
            if (low < 0)
                throw Error(ErrorCode::kInvalidInput,
                            "a '%' in the address is not followed by two hexadecimal digits");
            c = static_cast<char>(high * 16 + low);
            i += 2;
        }
        if (c == '\0') throw Error(ErrorCode::kInvalidInput, "the address has a NUL in it");
        out += c;
    }
    return out;
}

}  // namespace

std::string percent_decoded(std::string_view text) {
    return decoded(text, '+');
}

std::string percent_encoded(std::string_view text) {
    static constexpr char kDigits[] = "0123456789ABCDEF";
    std::string out;
    for (const char c : text) {
        if (is_unreserved(c)) {
            out += c;
            continue;
        }
        const auto byte = static_cast<unsigned char>(c);
        out += '%';
        out += kDigits[byte >> 4];
        out += kDigits[byte & 15];
    }
    return out;
}

Query Query::parse(std::string_view text) {
    Query query;
    while (!text.empty()) {
        const std::size_t end = text.find('&');
        const std::string_view item = text.substr(0, end);
        text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
        if (item.empty()) continue;
        if (query.items_.size() == kMostParameters)
            throw Error(ErrorCode::kInvalidInput, "the query has more than 1,000 parameters");
        const std::size_t equals = item.find('=');
        query.add(decoded(item.substr(0, equals), ' '),
                  equals == std::string_view::npos ? std::string()
                                                   : decoded(item.substr(equals + 1), ' '));
    }
    return query;
}

std::optional<std::string> Query::get(std::string_view key) const {
    for (const auto& [name, value] : items_)
        if (name == key) return value;
    return std::nullopt;
}

std::string Query::get_or(std::string_view key, std::string_view fallback) const {
    return get(key).value_or(std::string(fallback));
}

std::size_t Query::number_or(std::string_view key, std::size_t fallback, std::size_t least,
                             std::size_t most) const {
    const std::optional<std::string> text = get(key);
    if (!text) return fallback;
    std::size_t number = 0;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
    if (error != std::errc() || end != text->data() + text->size() || number < least ||
        number > most)
        throw Error(ErrorCode::kInvalidInput, std::string(key) + " must be a whole number from " +
                                                  std::to_string(least) + " to " +
                                                  std::to_string(most));
    return number;
}

std::vector<std::string> Query::get_all(std::string_view key) const {
    std::vector<std::string> values;
    for (const auto& [name, value] : items_)
        if (name == key) values.push_back(value);
    return values;
}

void Query::add(std::string key, std::string value) {
    items_.emplace_back(std::move(key), std::move(value));
}

std::vector<std::string> path_segments(std::string_view path) {
    if (path.empty() || path.front() != '/')
        throw Error(ErrorCode::kInvalidInput, "the address has no path that begins with '/'");
    std::vector<std::string> segments;
    if (path == "/") return segments;
    for (std::size_t begin = 1; begin <= path.size();) {
        const std::size_t end = std::min(path.find('/', begin), path.size());
        std::string segment = percent_decoded(path.substr(begin, end - begin));
        if (segment.empty())
            throw Error(ErrorCode::kInvalidInput, "the address has an empty path segment");
        if (segment == "." || segment == "..")
            throw Error(ErrorCode::kInvalidInput, "the address has a segment '" + segment + "'");
        if (segment.find_first_of("/\\") != std::string::npos)
            throw Error(ErrorCode::kInvalidInput,
                        "the address has an encoded slash or a backslash in a path segment");
        segments.push_back(std::move(segment));
        begin = end + 1;
    }
    return segments;
}

}  // namespace lucerna::http
