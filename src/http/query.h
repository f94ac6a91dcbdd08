#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lucerna::http {

/// Decodes %XX. Throws Error(kInvalidInput) on a broken escape or an encoded NUL.
[[nodiscard]] std::string percent_decoded(std::string_view text);
/// Encodes all but the unreserved characters of RFC 3986 2.3.
[[nodiscard]] std::string percent_encoded(std::string_view text);

/// The parameters of a query, decoded, in their order; a key may come several times.
class Query {
  public:
    Query() = default;
    /// "a=1&b=x%20y&c": '+' is a blank; a key without '=' has an empty value. Throws
    /// Error(kInvalidInput) as percent_decoded does, and for more than 1,000 parameters.
    [[nodiscard]] static Query parse(std::string_view text);

    [[nodiscard]] bool has(std::string_view key) const { return get(key).has_value(); }
    /// The first value. Keys are compared with case.
    [[nodiscard]] std::optional<std::string> get(std::string_view key) const;
    [[nodiscard]] std::string get_or(std::string_view key, std::string_view fallback) const;
    /// The first value as a whole number. Throws Error(kInvalidInput), naming the key, if it is
    /// none or lies outside [least, most].
    [[nodiscard]] std::size_t number_or(std::string_view key, std::size_t fallback,
                                        std::size_t least, std::size_t most) const;
    [[nodiscard]] std::vector<std::string> get_all(std::string_view key) const;
    [[nodiscard]] const std::vector<std::pair<std::string, std::string>>& all() const {
        return items_;
    }
    void add(std::string key, std::string value);

  private:
    std::vector<std::pair<std::string, std::string>> items_;
};

/// The path of a request target, cut into decoded segments; "/" has none. Throws
/// Error(kInvalidInput) for what could be read in two ways: a path that does not begin with a
/// slash, an encoded slash, backslash or NUL, an empty segment, "." and "..".
[[nodiscard]] std::vector<std::string> path_segments(std::string_view path);

}  // namespace lucerna::http
