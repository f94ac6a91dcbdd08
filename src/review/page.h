#pragma once

#include <filesystem>
#include <string_view>

#include "http/router.h"

namespace lucerna::review {

/// What the page may load and run (Content Security Policy 3): its own files, WebAssembly for the
/// pixel codecs, nothing from another host and nothing written into the page.
[[nodiscard]] std::string_view content_security_policy();

/// Adds `/` and the built page's files under `/assets/` from `folder` (web/dist). As long as the
/// folder has no index.html, `/` answers 503 and says how the page is built.
void add_page(http::Router& router, const std::filesystem::path& folder);

}  // namespace lucerna::review
