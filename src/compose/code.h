#pragma once

#include <string_view>

namespace lucerna::compose {

/// A coded term (PS3.3 8.8): Code Value, Coding Scheme Designator, Code Meaning.
struct Code {
    std::string_view value;
    std::string_view scheme;
    std::string_view meaning;
    friend bool operator==(const Code&, const Code&) = default;
};

}  // namespace lucerna::compose
