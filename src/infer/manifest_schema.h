#pragma once

#include <string_view>

namespace lucerna::infer {

/// Checks a manifest's text against docs/formats/model-package.schema.json, which is compiled in.
/// Throws Error(kInvalidInput) that names each broken place and rule.
void check_against_schema(std::string_view manifest);

}  // namespace lucerna::infer
