#include "http/conditions.h"

#include <gtest/gtest.h>

#include "http/router.h"

namespace lucerna::http {
namespace {

const std::string kTag = "\"v1\"";

/// What is answered under /a, which has that tag, and under /none, which is not there.
Response answered(const std::string& path, Headers headers, const std::string& method = "GET") {
    Router router;
    router.add("GET", "/a", [](Request&) {
        Response response = Response::of(200, "text/plain", std::string("abcdef"));
        response.headers.set("ETag", kTag);
        response.headers.set("Cache-Control", "private, no-cache");
        response.headers.set("Content-Location", "/a/here");
        response.headers.add("Vary", "Accept");
        return response;
    });
    router.add("GET", "/untagged", [](Request&) { return Response::json(200, "{}"); });
    router.add("GET", "/none", [](Request&) -> Response {
        throw Error(ErrorCode::kNotFound, "there is no such thing");
    });
    BodyInMemory body;
    Request request(body);
    request.path = path;
    request.method = method;
    request.headers = std::move(headers);
    return router.handle(request);
}
int status(Headers headers) {
    return answered("/a", std::move(headers)).status;
}

// RFC 9110 13.1.2.
TEST(Conditions, SendNothingToWhoHasItAlready) {
    EXPECT_EQ(status({{"If-None-Match", kTag}}), 304);
    EXPECT_EQ(status({{"If-None-Match", "\"x\", W/\"v1\""}}), 304);
    EXPECT_EQ(status({{"If-None-Match", "\"x\""}, {"If-None-Match", kTag}}), 304);
    EXPECT_EQ(status({{"If-None-Match", " * "}}), 304);
    EXPECT_EQ(status({{"If-None-Match", "\"v2\""}}), 200);
    EXPECT_EQ(status({{"If-None-Match", "\"v2, v1\""}}), 200) << "a comma in a tag";
    EXPECT_EQ(status({{"If-None-Match", "v1"}}), 200) << "no tag at all";
    EXPECT_EQ(status({{"If-None-Match", "\"*\""}}), 200);
    EXPECT_EQ(status({{"If-None-Match", ""}}), 200);
}

// RFC 9110 15.4.5: what a cache needs to know of what it has.
TEST(Conditions, GiveA304WhatTheWholeAnswerSaysOfItself) {
    const Response response = answered("/a", {{"If-None-Match", kTag}});
    EXPECT_EQ(response.headers.get("ETag"), kTag);
    EXPECT_EQ(response.headers.get("Cache-Control"), "private, no-cache");
    EXPECT_EQ(response.headers.get("Vary"), "Accept");
    EXPECT_EQ(response.headers.get("Content-Location"), "/a/here");
    EXPECT_FALSE(response.headers.has("Content-Type")) << "there is no body to describe";
    EXPECT_FALSE(response.headers.has("Accept-Ranges"));
    EXPECT_EQ(std::get<std::string>(response.body), "");
}

// RFC 9110 13.1.1.
TEST(Conditions, SendNothingElseThanWhatIsAskedFor) {
    EXPECT_EQ(status({{"If-Match", kTag}}), 200);
    EXPECT_EQ(status({{"If-Match", "\"x\", \"v1\""}}), 200);
    EXPECT_EQ(status({{"If-Match", "*"}}), 200);
    EXPECT_EQ(status({{"If-Match", "\"v2\""}}), 412);
    EXPECT_EQ(status({{"If-Match", "W/\"v1\""}}), 412) << "it is compared strongly";
    EXPECT_EQ(status({{"If-Match", ""}}), 412);
    const Response refused = answered("/a", {{"If-Match", "\"v2\""}});
    EXPECT_NE(std::get<std::string>(refused.body).find("precondition-failed"), std::string::npos);
    EXPECT_FALSE(refused.headers.has("ETag"));
    EXPECT_EQ(answered("/untagged", {{"If-Match", "*"}}).status, 200);
    EXPECT_EQ(answered("/untagged", {{"If-Match", kTag}}).status, 412);
}

// RFC 9110 13.2.2: If-Match, then If-None-Match, then Range.
TEST(Conditions, CountInTheirOrder) {
    EXPECT_EQ(status({{"If-Match", "\"v2\""}, {"If-None-Match", kTag}}), 412);
    EXPECT_EQ(status({{"If-Match", kTag}, {"If-None-Match", kTag}}), 304);
    EXPECT_EQ(status({{"If-Match", "\"v2\""}, {"Range", "bytes=1-2"}}), 412);
    EXPECT_EQ(status({{"If-Match", "\"v2\""}, {"Range", "bytes=99-"}}), 412);
    EXPECT_EQ(status({{"If-None-Match", "*"}, {"Range", "bytes=99-"}}), 304);
    EXPECT_EQ(status({{"If-Match", kTag}, {"Range", "bytes=1-2"}}), 206);
    EXPECT_EQ(status({{"If-Match", kTag}, {"Range", "bytes=99-"}}), 416);
}

// RFC 9110 13.2.1.
TEST(Conditions, AreNothingWhereThereIsNoSuchThing) {
    for (const char* field : {"*", "\"v1\""}) {
        EXPECT_EQ(answered("/none", {{"If-None-Match", field}}).status, 404);
        EXPECT_EQ(answered("/none", {{"If-Match", field}}).status, 404);
    }
}

TEST(Conditions, OfOtherMethodsFail) {
    BodyInMemory body;
    Request request(body);
    const auto is_current = [](std::string_view tag) { return tag == kTag; };
    request.method = "DELETE";
    request.headers.set("If-None-Match", "*");
    EXPECT_EQ(conditions_of(request, is_current), Conditions::kFailed);
    request.headers.set("If-None-Match", "W/" + kTag);
    EXPECT_EQ(conditions_of(request, is_current), Conditions::kFailed);
    request.headers.set("If-None-Match", "\"v2\"");
    EXPECT_EQ(conditions_of(request, is_current), Conditions::kMet);
}

TEST(HasAlready, IsNotSaidOfWhatMayNotBeThere) {
    BodyInMemory body;
    Request request(body);
    EXPECT_FALSE(has_already(request, kTag));
    request.headers.set("If-None-Match", kTag);
    EXPECT_TRUE(has_already(request, kTag));
    EXPECT_FALSE(has_already(request, "\"v2\""));
    request.headers.set("If-Match", "\"v2\"");
    EXPECT_FALSE(has_already(request, kTag)) << "that is 412";
    request.headers = {{"If-None-Match", "*"}};
    EXPECT_FALSE(has_already(request, kTag));
}

}  // namespace
}  // namespace lucerna::http
