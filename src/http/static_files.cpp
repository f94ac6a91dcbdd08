#include "http/static_files.h"

#include <algorithm>
#include <system_error>

#include "http/headers.h"

namespace lucerna::http {
namespace {

namespace fs = std::filesystem;

struct ContentType {
    std::string_view ending;
    std::string_view type;
};
constexpr ContentType kContentTypes[] = {
    {".html", "text/html; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"},
    {".mjs", "text/javascript; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},
    {".json", "application/json"},
    {".map", "application/json"},
    {".svg", "image/svg+xml"},
    {".png", "image/png"},
    {".jpg", "image/jpeg"},
    {".jpeg", "image/jpeg"},
    {".webp", "image/webp"},
    {".ico", "image/x-icon"},
    {".wasm", "application/wasm"},
    {".woff2", "font/woff2"},
    {".woff", "font/woff"},
    {".txt", "text/plain; charset=utf-8"},
    {".md", "text/plain; charset=utf-8"},
    {".pdf", "application/pdf"},
};

/// Where `name` leads, if that is a file inside `folder`, links followed. Empty otherwise.
fs::path resolved(const fs::path& folder, std::string_view name) {
    for (const fs::path& part : fs::path(name))
        if (part.empty() || part.string().front() == '.' || part.is_absolute()) return {};
    std::error_code failed;
    const fs::path root = fs::canonical(folder, failed);
    if (failed) return {};
    const fs::path file = fs::canonical(root / fs::path(name), failed);
    if (failed || !fs::is_regular_file(file, failed) || failed) return {};
    const auto [end, ignored] = std::mismatch(root.begin(), root.end(), file.begin(), file.end());
    return end == root.end() ? file : fs::path();
}

std::string etag_of(const fs::path& file) {
    const auto size = fs::file_size(file);
    const auto changed = fs::last_write_time(file).time_since_epoch().count();
    return "\"" + std::to_string(size) + "-" + std::to_string(changed) + "\"";
}

}  // namespace

std::string_view content_type_of(const fs::path& file) {
    const std::string ending = file.extension().string();
    for (const ContentType& known : kContentTypes)
        if (same_name(ending, known.ending)) return known.type;
    return "application/octet-stream";
}

Handler static_files(const fs::path& folder, std::string_view index,
                     std::string_view cache_control) {
    return [folder, index = std::string(index),
            cache_control = std::string(cache_control)](Request& request) -> Response {
        const auto path = request.parameters.find("path");
        const fs::path file =
            resolved(folder, path == request.parameters.end() ? index : path->second);
        if (file.empty()) return refusal(404, "not-found", "there is no such file", request.id);
        std::string etag;
        try {
            etag = etag_of(file);
        } catch (const fs::filesystem_error&) {
            return refusal(404, "not-found", "there is no such file", request.id);
        }
        // For who has it already the server makes it 304.
        Response response;
        response.body = FileBody{file};
        response.headers.set("Content-Type", content_type_of(file));
        response.headers.set("ETag", etag);
        response.headers.set("Cache-Control", cache_control);
        return response;
    };
}

}  // namespace lucerna::http
