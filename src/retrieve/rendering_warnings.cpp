#include "retrieve/rendering_warnings.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "base/error.h"
#include "http/media_type.h"
#include "retrieve/address.h"

namespace lucerna::retrieve {
namespace {

struct Keywords {
    std::string_view parameter;
    /// What the pictures are without doing anything; empty for nothing.
    std::string_view supported;
    std::array<std::string_view, 4> others;
};
constexpr Keywords kKeywords[] = {
    {"annotation", "", {"patient", "technique"}},
    {"iccprofile", "no", {"yes", "srgb", "adobergb", "rommrgb"}},
};

/// Those of `text` that do nothing, as a list.
std::string not_supported(const Keywords& keywords, const std::string& text) {
    std::string list;
    for (const std::string_view value : http::split_outside_quotes(text, ',')) {
        const auto& others = keywords.others;
        const bool is_other = std::find(others.begin(), others.end(), value) != others.end();
        if (value.empty() || (!is_other && value != keywords.supported))
            throw Error(ErrorCode::kInvalidInput,
                        std::string(keywords.parameter) + " has a value that is no keyword");
        if (is_other) list += (list.empty() ? "" : ",") + std::string(value);
    }
    return list;
}

}  // namespace

std::vector<std::string> rendering_warnings(const http::Request& request) {
    std::vector<std::string> warnings;
    for (const Keywords& keywords : kKeywords) {
        const auto text = request.query.get(keywords.parameter);
        const std::string values = text ? not_supported(keywords, *text) : std::string();
        if (!values.empty())
            warnings.push_back("299 " + base_of(request) + ": The following " +
                               std::string(keywords.parameter) +
                               " values are not supported: " + values);
    }
    return warnings;
}

}  // namespace lucerna::retrieve
