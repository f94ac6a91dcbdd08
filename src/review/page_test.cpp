#include "review/page.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "base/file.h"
#include "base/random.h"

namespace lucerna::review {
namespace {

class Page : public testing::Test {
  protected:
    Page() : folder(std::filesystem::temp_directory_path() / ("lucerna-page-" + random_hex(8))) {
        std::filesystem::create_directories(folder / "assets");
        add_page(router, folder);
    }
    ~Page() override { std::filesystem::remove_all(folder); }

    void put(const std::string& name, std::string_view text) const {
        write_file(folder / name, as_byte_view(text));
    }
    [[nodiscard]] http::Response get(const std::string& path) const {
        http::BodyInMemory body;
        http::Request request(body);
        request.path = path;
        return router.handle(request);
    }

    std::filesystem::path folder;
    http::Router router;
};

TEST_F(Page, ServesWhatWasBuiltUnderAStrictPolicy) {
    put("index.html", "<!doctype html>");
    put("assets/index-1.js", "1");
    for (const char* path : {"/", "/assets/index-1.js"}) {
        const http::Response response = get(path);
        EXPECT_EQ(response.status, 200) << path;
        EXPECT_EQ(response.headers.get_or("Content-Security-Policy", ""),
                  content_security_policy());
    }
    EXPECT_EQ(get("/assets/index-1.js").headers.get_or("Content-Type", "").substr(0, 15),
              "text/javascript");
}

TEST_F(Page, AllowsNoOtherHostAndNoInlineScript) {
    const std::string policy(content_security_policy());
    EXPECT_NE(policy.find("default-src 'none'"), std::string::npos);
    EXPECT_EQ(policy.find("http"), std::string::npos);
    EXPECT_EQ(policy.find("'unsafe-inline'"), std::string::npos);
    EXPECT_EQ(policy.find("'unsafe-eval'"), std::string::npos);
}

TEST_F(Page, SaysHowToBuildItWhenItIsNotThere) {
    const http::Response response = get("/");
    EXPECT_EQ(response.status, 503);
    EXPECT_NE(std::get<std::string>(response.body).find("npm run build"), std::string::npos);
    put("index.html", "<!doctype html>");
    EXPECT_EQ(get("/").status, 200);
}

TEST_F(Page, GivesNothingElseAway) {
    put("index.html", "<!doctype html>");
    put("secret.txt", "secret");
    put("assets/.hidden", "secret");
    EXPECT_EQ(get("/secret.txt").status, 404);
    EXPECT_EQ(get("/assets/.hidden").status, 404);
    EXPECT_EQ(get("/assets/missing.js").status, 404);
    EXPECT_EQ(get("/assets/%2e%2e/secret.txt").status, 400);
}

}  // namespace
}  // namespace lucerna::review
