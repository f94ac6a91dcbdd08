#include "http/media_type.h"

#include <algorithm>
#include <charconv>
#include <tuple>
#include <utility>

#include "base/error.h"
#include "http/headers.h"

namespace lucerna::http {
namespace {

constexpr std::size_t kMostRanges = 64;
constexpr std::string_view kMultipart = "multipart/related";
constexpr std::string_view kTransferSyntax = "transfer-syntax";

bool is_token_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}
bool is_token(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), is_token_character);
}

std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return out;
}

std::string_view trimmed(std::string_view text) {
    const std::size_t begin = text.find_first_not_of(" \t");
    if (begin == std::string_view::npos) return {};
    return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

/// A token, in which a slash is let pass, or a quoted string (RFC 9110 5.6.4).
std::optional<std::string> parameter_value(std::string_view text) {
    if (text.empty() || text.front() != '"') {
        for (const char c : text)
            if (!is_token_character(c) && c != '/') return std::nullopt;
        return text.empty() ? std::nullopt : std::optional(std::string(text));
    }
    if (text.size() < 2 || text.back() != '"') return std::nullopt;
    std::string value;
    const std::string_view inside = text.substr(1, text.size() - 2);
    for (std::size_t i = 0; i < inside.size(); ++i) {
        if (inside[i] == '\\' && ++i == inside.size()) return std::nullopt;
        if (inside[i] == '"' && (i == 0 || inside[i - 1] != '\\')) return std::nullopt;
        if (static_cast<unsigned char>(inside[i]) < 0x20 && inside[i] != '\t') return std::nullopt;
        value += inside[i];
    }
    return value;
}

/// RFC 9110 12.4.2: 0 to 1 with at most three decimals; ".2" is let pass.
std::optional<double> quality_of(std::string_view text) {
    const std::string whole = (text.starts_with('.') ? "0" : "") + std::string(text);
    if (whole.size() > 5 || text == "." || (whole[0] != '0' && whole[0] != '1'))
        return std::nullopt;
    if (whole.size() > 1 && whole[1] != '.') return std::nullopt;
    double quality = 0;
    const auto [end, error] = std::from_chars(whole.data(), whole.data() + whole.size(), quality);
    if (error != std::errc() || end != whole.data() + whole.size() || quality > 1)
        return std::nullopt;
    return quality;
}

/// "*" is let pass for "*/*": Java's HttpURLConnection says by itself, in all versions until 18,
/// "text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2".
std::optional<MediaRange> parse_range(std::string_view entry) {
    const bool is_anything =
        entry.starts_with('*') && (entry.size() == 1 || trimmed(entry.substr(1)).starts_with(';'));
    std::optional<MediaType> media =
        parse_media_type(is_anything ? "*/*" + std::string(entry.substr(1)) : std::string(entry));
    if (!media) return std::nullopt;
    const std::string_view type = media->type;
    // "*/png" names nothing.
    if (type.starts_with("*/") && type != "*/*") return std::nullopt;
    MediaRange range{std::move(*media), 1};
    if (const auto q = range.media.parameters.find("q"); q != range.media.parameters.end()) {
        const std::optional<double> quality = quality_of(q->second);
        if (!quality) return std::nullopt;
        range.quality = *quality;
        range.media.parameters.erase(q);
    }
    return range;
}

/// `range` may be "*/*" or "image/*".
bool is_within(std::string_view range, std::string_view type) {
    if (range == "*/*" || same_name(range, type)) return true;
    return range.ends_with("/*") &&
           same_name(range.substr(0, range.size() - 1),
                     type.substr(0, std::min(type.size(), range.size() - 1)));
}

/// RFC 9110 12.5.1; what parts are counts as a type does.
auto specificity(const MediaType& media) {
    const auto of_type = [](std::string_view type) {
        return type.empty() || type == "*/*" ? 0 : type.ends_with("/*") ? 1 : 2;
    };
    // Any transfer syntax is no narrower wish than none, which stands for one of them.
    const auto parameters =
        std::count_if(media.parameters.begin(), media.parameters.end(), [](const auto& parameter) {
            const auto& [name, value] = parameter;
            return name != "type" && !(name == kTransferSyntax && value == "*");
        });
    return std::tuple(of_type(media.type), of_type(media.parameter("type")), parameters);
}

/// Whether an entry is about that very thing: one with a parameter is about nothing without it.
bool speaks_of(const MediaType& entry, const MediaType& one) {
    if (!is_within(entry.type, one.type)) return false;
    return std::all_of(entry.parameters.begin(), entry.parameters.end(), [&](const auto& each) {
        const auto& [name, value] = each;
        const auto found = one.parameters.find(name);
        if (name == kTransferSyntax && value == "*") return true;
        if (found == one.parameters.end()) return false;
        return name == "type" ? is_within(value, found->second) : value == found->second;
    });
}

/// What a multipart entry says of each part.
MediaType part_of(const MediaType& entry) {
    const std::string_view type = entry.parameter("type");
    MediaType part =
        parse_media_type(type).value_or(MediaType{type.empty() ? "*/*" : lower(type), {}});
    if (const auto found = entry.parameters.find(kTransferSyntax); found != entry.parameters.end())
        part.parameters.insert(*found);
    return part;
}

}  // namespace

std::string_view MediaType::parameter(std::string_view name) const {
    const auto found = parameters.find(name);
    return found == parameters.end() ? std::string_view() : std::string_view(found->second);
}

std::vector<std::string_view> split_outside_quotes(std::string_view text, char separator) {
    std::vector<std::string_view> parts;
    bool quoted = false;
    std::size_t begin = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (quoted && text[i] == '\\') {
            ++i;
        } else if (text[i] == '"') {
            quoted = !quoted;
        } else if (!quoted && text[i] == separator) {
            parts.push_back(trimmed(text.substr(begin, i - begin)));
            begin = i + 1;
        }
    }
    parts.push_back(trimmed(text.substr(begin)));
    return parts;
}

std::optional<MediaType> parse_media_type(std::string_view text) {
    const std::vector<std::string_view> pieces = split_outside_quotes(text, ';');
    const std::string_view type = pieces.front();
    const std::size_t slash = type.find('/');
    if (slash == std::string_view::npos || !is_token(type.substr(0, slash)) ||
        !is_token(type.substr(slash + 1)))
        return std::nullopt;
    MediaType media{lower(type), {}};
    for (std::size_t i = 1; i < pieces.size(); ++i) {
        if (pieces[i].empty()) continue;  // RFC 9110 5.6.6 lets a semicolon stand alone
        const std::size_t equals = pieces[i].find('=');
        if (equals == std::string_view::npos) return std::nullopt;
        const std::string_view name = trimmed(pieces[i].substr(0, equals));
        std::optional<std::string> value = parameter_value(trimmed(pieces[i].substr(equals + 1)));
        if (!is_token(name) || !value) return std::nullopt;
        if (!media.parameters.emplace(lower(name), std::move(*value)).second) return std::nullopt;
    }
    return media;
}

bool MediaRange::covers(std::string_view type) const {
    return covers(MediaType{std::string(type), {}});
}

bool MediaRange::covers(const MediaType& one) const {
    const std::string_view wanted = media.parameter("type");
    const std::string_view given = one.parameter("type");
    return is_within(media.type, one.type) &&
           (wanted.empty() || given.empty() || is_within(wanted, given)) &&
           std::none_of(exceptions.begin(), exceptions.end(),
                        [&](const MediaType& exception) { return speaks_of(exception, one); });
}

std::optional<MediaRange> MediaRange::parts() const {
    if (!covers(kMultipart)) return std::nullopt;
    MediaRange parts{part_of(media), quality};
    for (const MediaType& exception : exceptions)
        if (is_within(exception.type, kMultipart)) parts.exceptions.push_back(part_of(exception));
    return parts;
}

std::optional<std::string> choose(std::span<const MediaRange> accepted,
                                  std::span<const std::string_view> offered) {
    for (const MediaRange& range : accepted) {
        for (const std::string_view one : offered) {
            const std::optional<MediaType> media = parse_media_type(one);
            if (media && range.covers(*media)) return std::string(one);
        }
    }
    return std::nullopt;
}

std::vector<MediaRange> parse_accept(std::string_view header) {
    std::vector<MediaRange> ranges;
    std::size_t seen = 0;
    for (const std::string_view entry : split_outside_quotes(header, ',')) {
        if (entry.empty()) continue;
        std::optional<MediaRange> range = parse_range(entry);
        if (!range || ++seen > kMostRanges)
            throw Error(ErrorCode::kInvalidInput,
                        range ? "Accept has more than 64 entries"
                              : "Accept has an entry that is no media range: \"" +
                                    std::string(entry.substr(0, 200)) + "\"");
        ranges.push_back(std::move(*range));
    }
    for (MediaRange& range : ranges)
        for (const MediaRange& other : ranges)
            if (other.quality < range.quality &&
                specificity(other.media) > specificity(range.media))
                range.exceptions.push_back(other.media);
    std::erase_if(ranges, [](const MediaRange& range) { return range.quality == 0; });
    if (seen == 0) ranges.push_back({{"*/*", {}}, 1});
    std::stable_sort(ranges.begin(), ranges.end(), [](const MediaRange& a, const MediaRange& b) {
        return a.quality > b.quality;
    });
    return ranges;
}

}  // namespace lucerna::http
