#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "http/message.h"

namespace lucerna::http {

/// "text/html; charset=utf-8" by the name's ending; "application/octet-stream" if it is not known.
[[nodiscard]] std::string_view content_type_of(const std::filesystem::path& file);

/// Answers with files below `folder`: for a route whose pattern ends in "{path...}", or, where the
/// route has no such parameter, with `index`. With ETag, and Cache-Control as given. Names that
/// begin with a dot, links that lead out of the folder and folders are not found.
[[nodiscard]] Handler static_files(const std::filesystem::path& folder,
                                   std::string_view index = "index.html",
                                   std::string_view cache_control = "no-cache");

}  // namespace lucerna::http
