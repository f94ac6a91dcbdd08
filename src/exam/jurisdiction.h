#pragma once

#include <string_view>

namespace lucerna::exam {

/// Whether `code` is assigned to a country (ISO 3166-1 alpha-2), as manifests of models have it in
/// `cleared_in`: two capital letters.
[[nodiscard]] bool is_country_code(std::string_view code);

/// Throws Error(kInvalidInput), naming `where` it was said, for what is neither empty nor a
/// country's code: no model is cleared there, and nobody would know why.
void require_jurisdiction(std::string_view jurisdiction, std::string_view where);

}  // namespace lucerna::exam
