#include "http/headers.h"

#include <algorithm>

namespace lucerna::http {
namespace {

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

}  // namespace

bool same_name(std::string_view a, std::string_view b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](char x, char y) { return lower(x) == lower(y); });
}

bool Headers::has(std::string_view name) const {
    return std::any_of(fields_.begin(), fields_.end(),
                       [&](const auto& field) { return same_name(field.first, name); });
}

std::optional<std::string> Headers::get(std::string_view name) const {
    std::optional<std::string> joined;
    for (const auto& [key, value] : fields_) {
        if (!same_name(key, name)) continue;
        joined = joined ? *joined + ", " + value : value;
    }
    return joined;
}

std::string Headers::get_or(std::string_view name, std::string_view fallback) const {
    return get(name).value_or(std::string(fallback));
}

void Headers::set(std::string_view name, std::string_view value) {
    remove(name);
    add(name, value);
}

void Headers::add(std::string_view name, std::string_view value) {
    fields_.emplace_back(name, value);
}

void Headers::remove(std::string_view name) {
    std::erase_if(fields_, [&](const auto& field) { return same_name(field.first, name); });
}

}  // namespace lucerna::http
