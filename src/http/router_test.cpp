#include "http/router.h"

#include <gtest/gtest.h>

namespace lucerna::http {
namespace {

Handler says(const std::string& text) {
    return [text](Request&) { return Response::of(200, "text/plain", text); };
}

Response ask(const Router& router, const std::string& method, const std::string& path) {
    BodyInMemory body;
    Request request(body);
    request.method = method;
    request.path = path;
    return router.handle(request);
}
std::string body_of(const Response& response) {
    return std::get<std::string>(response.body);
}

TEST(Router, PrefersFixedOverNamesOverRest) {
    Router router;
    router.add("GET", "/a/{rest...}", says("rest"));
    router.add("GET", "/a/{name}", says("name"));
    router.add("GET", "/a/fixed", says("fixed"));
    EXPECT_EQ(body_of(ask(router, "GET", "/a/fixed")), "fixed");
    EXPECT_EQ(body_of(ask(router, "GET", "/a/other")), "name");
    EXPECT_EQ(body_of(ask(router, "GET", "/a/b/c")), "rest");
    EXPECT_EQ(ask(router, "GET", "/a").status, 404);
}

TEST(Router, GivesDecodedParameters) {
    Router router;
    router.add("GET", "/s/{study}/x/{path...}", [](Request& request) {
        return Response::of(200, "text/plain",
                            request.parameter("study") + "|" + request.parameter("path"));
    });
    EXPECT_EQ(body_of(ask(router, "GET", "/s/1%202/x/a/b%20c")), "1 2|a/b c");
}

TEST(Router, TellsWhatAnAddressTakes) {
    Router router;
    router.add("GET", "/a", says(""));
    router.add("POST", "/a", says(""));
    const Response refused = ask(router, "PUT", "/a");
    EXPECT_EQ(refused.status, 405);
    EXPECT_EQ(refused.headers.get("Allow"), "GET, HEAD, OPTIONS, POST");
    EXPECT_NE(body_of(refused).find("PUT"), std::string::npos);
    EXPECT_EQ(ask(router, "HEAD", "/a").status, 200);
    EXPECT_EQ(ask(router, "GET", "/a%2Fb").status, 400);
}

TEST(Router, RefusesMalformedAndDoubleRoutes) {
    Router router;
    router.add("GET", "/a", says(""));
    EXPECT_THROW(router.add("GET", "/a", says("")), Error);
    for (const char* pattern : {"a", "/{", "/x{a}", "/{a...}/b", "/{...}", "/{}"})
        EXPECT_THROW(router.add("GET", pattern, says("")), Error) << pattern;
}

TEST(Refusal, KeepsInnerMattersOutOfTheAnswer) {
    const Response ours = refusal(Error(ErrorCode::kIo, "/srv/secret is gone"), "r1");
    EXPECT_EQ(ours.status, 500);
    EXPECT_EQ(body_of(ours).find("secret"), std::string::npos);
    EXPECT_NE(body_of(ours).find("\"request\":\"r1\""), std::string::npos);
    const Response theirs = refusal(Error(ErrorCode::kInvalidInput, "say \"a\""), "r2");
    EXPECT_EQ(body_of(theirs), R"({"error":"invalid-input","message":"say \"a\"","request":"r2"})");
}

}  // namespace
}  // namespace lucerna::http
