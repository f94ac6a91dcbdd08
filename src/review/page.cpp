#include "review/page.h"

#include <string>

#include "http/static_files.h"

namespace lucerna::review {
namespace {

/// Names under /assets/ carry a hash of the content, so that they never change.
constexpr std::string_view kForGood = "public, max-age=31536000, immutable";

constexpr std::string_view kNotBuilt =
    "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Lucerna</title>"
    "<h1>The page is not built</h1><p>This server has no built page in its web folder. In the "
    "source folder <code>web</code>, run <code>npm ci &amp;&amp; npm run build</code>, and start "
    "the server with <code>--web</code> and the folder <code>web/dist</code>. Everything else "
    "works: <code>/api</code> and <code>/dicom-web</code>.</p></html>";

http::Handler guarded(http::Handler files) {
    return [files = std::move(files)](http::Request& request) {
        http::Response response = files(request);
        response.headers.set("Content-Security-Policy", content_security_policy());
        response.headers.set("Referrer-Policy", "no-referrer");
        return response;
    };
}

}  // namespace

std::string_view content_security_policy() {
    return "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; "
           "style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; base-uri 'none'; "
           "form-action 'none'; frame-ancestors 'none'";
}

void add_page(http::Router& router, const std::filesystem::path& folder) {
    const std::filesystem::path index = folder / "index.html";
    http::Handler start = [index, files = http::static_files(folder)](http::Request& request) {
        std::error_code ignored;
        if (!std::filesystem::is_regular_file(index, ignored))
            return http::Response::of(503, "text/html; charset=utf-8", std::string(kNotBuilt));
        return files(request);
    };
    router.add("GET", "/", guarded(std::move(start)), http::Access::kOpen);
    router.add("GET", "/assets/{path...}",
               guarded(http::static_files(folder / "assets", "index.html", kForGood)),
               http::Access::kOpen);
}

}  // namespace lucerna::review
