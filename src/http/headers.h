#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lucerna::http {

/// ASCII letters compared without case, as header names are (RFC 9110 5.1).
[[nodiscard]] bool same_name(std::string_view a, std::string_view b);

/// Header fields in their order. Names are compared without case.
class Headers {
  public:
    Headers() = default;
    Headers(std::initializer_list<std::pair<std::string, std::string>> fields) : fields_(fields) {}

    [[nodiscard]] bool has(std::string_view name) const;
    /// Of several fields of that name, joined by ", " (RFC 9110 5.3).
    [[nodiscard]] std::optional<std::string> get(std::string_view name) const;
    [[nodiscard]] std::string get_or(std::string_view name, std::string_view fallback) const;
    /// Replaces every field of that name.
    void set(std::string_view name, std::string_view value);
    void add(std::string_view name, std::string_view value);
    void remove(std::string_view name);
    [[nodiscard]] const std::vector<std::pair<std::string, std::string>>& all() const {
        return fields_;
    }

  private:
    std::vector<std::pair<std::string, std::string>> fields_;
};

}  // namespace lucerna::http
