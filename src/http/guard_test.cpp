#include "http/guard.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace lucerna::http {
namespace {

constexpr const char* kSecret = "0123456789abcdef";

int judged(const ServerOptions& options, std::string_view method, const Headers& headers,
           Access access, std::string_view remote = "10.0.0.9") {
    return Guard(options).judge({method, headers, remote, access}).status;
}

ServerOptions with_token(BearerToken::Rights rights = BearerToken::Rights::kReadAndWrite) {
    ServerOptions options;
    options.tokens = {{"modality", kSecret, rights}};
    return options;
}

std::string refused_by_check(const ServerOptions& options) {
    try {
        check(options);
    } catch (const Error& error) {
        return error.what();
    }
    return {};
}

TEST(Check, RefusesToServeOthersWithoutTokens) {
    ServerOptions options;
    EXPECT_EQ(refused_by_check(options), "");
    options.address = "0.0.0.0";
    EXPECT_NE(refused_by_check(options).find("0.0.0.0"), std::string::npos);
    options.tokens = {{"modality", kSecret, {}}};
    EXPECT_EQ(refused_by_check(options), "");
}

TEST(Check, NamesWhatIsWrong) {
    ServerOptions options;
    options.tokens = {{"short", "abc", {}}};
    EXPECT_NE(refused_by_check(options).find("short"), std::string::npos);
    options.tokens = {{"one", kSecret, {}}, {"two", kSecret, {}}};
    EXPECT_NE(refused_by_check(options).find("two"), std::string::npos);
    options = {};
    options.tls_private_key = "key.pem";
    EXPECT_NE(refused_by_check(options).find("TLS"), std::string::npos);
    for (const char* origin : {"*", "null", "example.org", "https://a/b", "https://"}) {
        options = {};
        options.allowed_origins = {origin};
        EXPECT_NE(refused_by_check(options).find(origin), std::string::npos) << origin;
    }
}

TEST(Guard, WantsATokenForAllButOpenRoutes) {
    const Headers bare{{"Host", "localhost"}};
    EXPECT_EQ(judged(with_token(), "GET", bare, Access::kRead), 401);
    EXPECT_EQ(judged(with_token(), "GET", bare, Access::kOpen), 0);
    // RFC 9110 11.4: one blank or more.
    for (const char* value : {"bearer 0123456789abcdef", "Bearer  0123456789abcdef"}) {
        const Headers good{{"Host", "localhost"}, {"Authorization", value}};
        EXPECT_EQ(judged(with_token(), "POST", good, Access::kWrite), 0) << value;
    }
    for (const char* value : {"Bearer 0123456789abcdeg", "Bearer 0123456789abcde", "Bearer ",
                              "Bearer", "Basic 0123456789abcdef"})
        EXPECT_EQ(judged(with_token(), "GET", {{"Host", "localhost"}, {"Authorization", value}},
                         Access::kRead),
                  401)
            << value;
}

TEST(Guard, LetsAReadingTokenOnlyRead) {
    const auto options = with_token(BearerToken::Rights::kRead);
    const Headers good{{"Host", "localhost"}, {"Authorization", "Bearer 0123456789abcdef"}};
    EXPECT_EQ(judged(options, "GET", good, Access::kRead), 0);
    EXPECT_EQ(judged(options, "POST", good, Access::kWrite), 403);
}

TEST(Guard, LetsOnlyTokensWithThatRightDelete) {
    const Headers bare{{"Host", "localhost"}};
    const Headers good{{"Host", "localhost"}, {"Authorization", "Bearer 0123456789abcdef"}};
    const auto deleting = [&](const ServerOptions& options, const Headers& headers) {
        return judged(options, "DELETE", headers, Access::kDelete, "127.0.0.1");
    };
    using Rights = BearerToken::Rights;
    EXPECT_EQ(deleting(with_token(Rights::kDelete), good), 0);
    EXPECT_EQ(deleting(with_token(Rights::kReadAndWrite), good), 403);
    EXPECT_EQ(deleting(with_token(Rights::kRead), good), 403);
    EXPECT_EQ(deleting(with_token(Rights::kDelete), bare), 401);
    EXPECT_EQ(judged(with_token(Rights::kDelete), "POST", good, Access::kWrite), 0);
    EXPECT_EQ(deleting({}, bare), 0) << "on loopback, without tokens";
    ServerOptions proxied = with_token(Rights::kDelete);
    proxied.user_header = "X-Remote-User";
    EXPECT_EQ(deleting(proxied, {{"Host", "localhost"}, {"X-Remote-User", "reader"}}), 403);
}

TEST(Guard, KnowsOnlyLoopbackNamesOnLoopback) {
    for (const char* host : {"localhost:8042", "127.0.0.1", "[::1]:80", "LOCALHOST"})
        EXPECT_EQ(judged({}, "GET", {{"Host", host}}, Access::kRead), 0) << host;
    for (const char* host : {"evil.example", "127.0.0.1.evil.example:8042", ""})
        EXPECT_EQ(judged({}, "GET", {{"Host", host}}, Access::kRead), 421) << host;
    ServerOptions behind_proxy;
    behind_proxy.allowed_hosts = {"Pacs.example"};
    EXPECT_EQ(judged(behind_proxy, "GET", {{"Host", "pacs.example"}}, Access::kRead), 0);
    EXPECT_EQ(judged(behind_proxy, "GET", {{"Host", "localhost"}}, Access::kRead), 421);
}

TEST(Guard, AnswersWhoNamesNoHostUnlessSomeAreSaid) {
    // HTTP/1.0; HTTP/1.1 without Host is refused before (RFC 9112 3.2).
    EXPECT_EQ(judged({}, "GET", {}, Access::kRead), 0);
    EXPECT_EQ(judged({}, "POST", {}, Access::kWrite), 0);
    EXPECT_EQ(judged({}, "POST", {{"Origin", "http://localhost"}}, Access::kWrite), 403)
        << "a page may not be of this host";
    ServerOptions options;
    options.base_url = "https://pacs.example";
    EXPECT_EQ(judged(options, "GET", {}, Access::kRead), 0);
    options.allowed_hosts = {"archive.internal"};
    EXPECT_EQ(judged(options, "GET", {}, Access::kRead), 421);
}

TEST(Guard, KnowsTheAddressThatItHasFromOutside) {
    ServerOptions options;
    options.base_url = "https://Pacs.example:8443/archive";
    const auto write_from = [&](const char* host, const char* origin) {
        return judged(options, "POST", {{"Host", host}, {"Origin", origin}}, Access::kWrite);
    };
    for (const char* host : {"pacs.example", "pacs.example:8443", "localhost", "127.0.0.1:8042"})
        EXPECT_EQ(judged(options, "GET", {{"Host", host}}, Access::kRead), 0) << host;
    EXPECT_EQ(judged(options, "GET", {{"Host", "evil.example"}}, Access::kRead), 421);
    EXPECT_EQ(write_from("127.0.0.1:8042", "https://pacs.example:8443"), 0)
        << "a proxy that does not hand Host on";
    EXPECT_EQ(write_from("127.0.0.1:8042", "https://pacs.example"), 403) << "another port";
    options.allowed_hosts = {"archive.internal"};
    EXPECT_EQ(judged(options, "GET", {{"Host", "archive.internal"}}, Access::kRead), 0);
    EXPECT_EQ(judged(options, "GET", {{"Host", "pacs.example"}}, Access::kRead), 0);
    EXPECT_EQ(judged(options, "GET", {{"Host", "localhost"}}, Access::kRead), 421);
    options = {};
    options.address = "192.0.2.1";
    options.base_url = "https://pacs.example";
    EXPECT_EQ(judged(options, "GET", {{"Host", "any.example"}}, Access::kRead), 0);
}

TEST(Guard, RefusesABaseUrlThatIsNone) {
    ServerOptions options;
    for (const char* url : {"https://pacs.example", "http://pacs.example:8042",
                            "https://pacs.example/lucerna", "https://[2001:db8::1]:8443"}) {
        options.base_url = url;
        EXPECT_NO_THROW(check(options)) << url;
    }
    for (const char* url :
         {"pacs.example", "https://", "ftp://pacs.example", "https://pacs.example/",
          "https://pacs.example?x", "https://a@b", "https://pacs.example/a b", "*"}) {
        options.base_url = url;
        EXPECT_THROW(check(options), Error) << url;
    }
}

TEST(Guard, RefusesWritesFromPagesOfOthers) {
    const auto from = [](const char* name, const char* value, const ServerOptions& options = {}) {
        return judged(options, "POST", {{"Host", "localhost:8042"}, {name, value}}, Access::kWrite);
    };
    EXPECT_EQ(from("Origin", "http://localhost:8042"), 0);
    EXPECT_EQ(from("Origin", "http://localhost:9999"), 403);
    EXPECT_EQ(from("Origin", "https://evil.example"), 403);
    EXPECT_EQ(from("Origin", "null"), 403);
    EXPECT_EQ(from("Sec-Fetch-Site", "cross-site"), 403);
    EXPECT_EQ(from("Sec-Fetch-Site", "same-site"), 403);
    EXPECT_EQ(from("Sec-Fetch-Site", "same-origin"), 0);
    EXPECT_EQ(from("X-Other", "1"), 0);
    ServerOptions allowing;
    allowing.allowed_origins = {"https://viewer.example"};
    EXPECT_EQ(from("Origin", "https://viewer.example", allowing), 0);
    // Reading is not writing: what comes back cannot be read by the other page.
    EXPECT_EQ(judged({}, "GET", {{"Host", "localhost"}, {"Origin", "https://evil.example"}},
                     Access::kRead),
              0);
}

TEST(Guard, BelievesTheUserHeaderFromTrustedProxiesAlone) {
    ServerOptions options;
    options.user_header = "X-Remote-User";
    const Headers named{{"Host", "localhost"}, {"x-remote-user", "reader@example"}};
    const auto trusted = Guard(options).judge({"GET", named, "127.0.0.1", Access::kRead});
    EXPECT_EQ(trusted.status, 0);
    EXPECT_EQ(trusted.principal, "reader@example");
    EXPECT_EQ(judged(options, "GET", named, Access::kRead, "10.0.0.9"), 401);
    EXPECT_EQ(judged(options, "GET", {{"Host", "localhost"}}, Access::kRead, "127.0.0.1"), 401);
    // As of a proxy that adds its own to what the client sent.
    for (const char* const other : {"evil", ""}) {
        Headers twice = named;
        twice.add("X-Remote-User", other);
        EXPECT_EQ(judged(options, "GET", twice, Access::kRead, "127.0.0.1"), 400) << other;
    }
    // Not configured: not looked at.
    EXPECT_EQ(Guard({}).judge({"GET", named, "127.0.0.1", Access::kRead}).principal, "");
}

}  // namespace
}  // namespace lucerna::http
