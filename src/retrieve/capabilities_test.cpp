#include "retrieve/capabilities.h"

#include <gtest/gtest.h>

#include "retrieve/archive_for_test.h"

namespace lucerna::retrieve {
namespace {

class Capabilities : public testing::Test {
  protected:
    Capabilities() {
        const auto nothing = [](http::Request&) { return http::Response::empty(); };
        router.add("GET", "/dicom-web/studies/{study}", nothing);
        router.add("POST", "/dicom-web/studies/{study}", nothing);
        router.add("GET", "/dicom-web/studies/{study}/bulkdata/{path...}", nothing);
        router.add("GET", "/health", nothing);
        add_capabilities(router);
    }
    http::Response ask(const std::string& path, const std::string& accept = {}) {
        http::BodyInMemory body;
        http::Request request(body);
        request.method = "OPTIONS";
        request.path = path;
        request.origin = "http://localhost";
        if (!accept.empty()) request.headers.set("Accept", accept);
        return router.handle(request);
    }
    http::Router router;
};

TEST_F(Capabilities, NameWhatIsServed) {
    const http::Response answer = ask("/dicom-web");
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.headers.get("Content-Type"), "application/vnd.sun.wadl+xml");
    const std::string text = TestArchive::body(answer);
    for (const char* part :
         {R"(<resources base="http://localhost/dicom-web/">)",
          R"(<resource path="studies/{study}"><param name="study" style="template")",
          R"(<method name="GET"/><method name="POST"/></resource>)",
          R"(<resource path="studies/{study}/bulkdata/{path}">)"})
        EXPECT_NE(text.find(part), std::string::npos) << part << " in " << text;
    EXPECT_EQ(text.find("health"), std::string::npos);
    EXPECT_EQ(ask("/dicom-web", "application/*").status, 200);
}

TEST_F(Capabilities, ComeAsNothingElse) {
    const http::Response answer = ask("/dicom-web", "image/png");
    EXPECT_EQ(answer.status, 406);
    EXPECT_NE(TestArchive::body(answer).find("wadl"), std::string::npos);
}

}  // namespace
}  // namespace lucerna::retrieve
