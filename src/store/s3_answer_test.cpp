#include "store/s3_answer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace lucerna::store {
namespace {

using testing::HasSubstr;

const S3::Request kPut{.method = "PUT", .key = "objects/00/a"};
const S3::Request kDelete{.method = "DELETE", .key = "objects/00/a"};
const S3::Request kRange{.key = "objects/00/a", .first = 10, .last = 19};
const S3::Request kList{.query = {{"list-type", "2"}, {"prefix", "keys/"}}};

S3::Answer answer(long status, const std::string& body, const std::string& headers = "") {
    S3::Answer made;
    made.status = status;
    made.body = body;
    for (std::size_t at = 0; at < headers.size();) {
        const std::size_t end = std::min(headers.find('\n', at), headers.size());
        take_header(made, headers.substr(at, end - at) + "\r\n");
        at = end + 1;
    }
    return made;
}

/// "done", or what is wrong with it: with "for now: " before it where another try may do.
std::string judged(const S3::Request& request, const S3::Answer& given) {
    const auto failure = failure_in(request, given);
    if (!failure) return "done";
    return (failure->may_pass ? "for now: " : "") + failure->what;
}

std::string listing(const std::string& inside) {
    return "<?xml version=\"1.0\"?>\n<ListBucketResult xmlns=\"http://s3\">" + inside +
           "</ListBucketResult>\n";
}

TEST(S3Answer, WhatWasPutHasAnETag) {
    EXPECT_EQ(judged(kPut, answer(200, "", "ETag: \"x\"")), "done");
    EXPECT_EQ(judged(kPut, answer(200, "")),
              "for now: answers 200 with something else than an ETag");
    EXPECT_EQ(judged(kPut, answer(200, "Welcome", "ETag: \"x\"")),
              "for now: answers 200 with something else than an ETag");
    EXPECT_NE(judged(kPut, answer(204, "", "ETag: \"x\"")), "done");
    EXPECT_EQ(judged({.method = "PUT"}, answer(200, "")), "done") << "a bucket has none";
}

TEST(S3Answer, APageForPeopleIsNone) {
    const std::string header = "Content-Type: Text/HTML; charset=utf-8\nETag: \"x\"";
    for (const S3::Request& request : {kPut, kDelete, kRange, kList})
        for (const long status : {200L, 403L, 404L, 416L, 501L, 507L}) {
            const auto failure =
                failure_in(request, answer(status, "<html>Back soon</html>", header));
            ASSERT_TRUE(failure);
            EXPECT_TRUE(failure->may_pass);
            EXPECT_EQ(failure->code, ErrorCode::kUnavailable);
        }
}

TEST(S3Answer, WhatHasNoBodyIsNoPageWhateverItIsCalled) {
    const std::string html = "Content-Type: text/html; charset=UTF-8\n";
    EXPECT_EQ(judged(kPut, answer(200, "", html + "ETag: \"x\"")), "done");
    EXPECT_EQ(judged({.method = "PUT"}, answer(200, "", html)), "done");
    EXPECT_EQ(judged(kDelete, answer(204, "", html)), "done");
    EXPECT_THAT(judged(kPut, answer(200, "", html)), HasSubstr("something else than an ETag"));
    EXPECT_THAT(judged(kDelete, answer(404, "", html)), HasSubstr("with a page"));
    EXPECT_THAT(judged(kRange, answer(200, "", html)), HasSubstr("with a page"));
    EXPECT_THAT(judged({.method = "HEAD", .key = "a"}, answer(200, "", html)),
                HasSubstr("with a page"));
}

TEST(S3Answer, TextsAreWhatTheirEntitiesStandFor) {
    const auto text = [](const std::string& inside) {
        return xml_texts("<Key>" + inside + "</Key>", "Key").front();
    };
    EXPECT_EQ(text("&lt;a&gt; &quot;&apos;&amp;"), "<a> \"'&");
    EXPECT_EQ(text("&#39;&#34;&#x27;&#xE4;&#x20AC;&#128512;"),
              "'\"'\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80");
    EXPECT_EQ(text("&amp;lt;&#38;amp;&amp;#39;"), "&lt;&amp;&#39;") << "once";
    for (const char* const other : {"&", "&;", "a&b", "&#;", "&#x;", "&#0;", "&#1114112;", "&#3a;"})
        EXPECT_EQ(text(other), other);
}

TEST(S3Answer, NothingIsGoneUnlessTheServiceSaysSo) {
    EXPECT_EQ(judged(kDelete, answer(204, "")), "done");
    const S3::Request abort{.method = "DELETE", .key = "a", .query = {{"uploadId", "1"}}};
    EXPECT_EQ(judged(abort, answer(204, "")), "done");
    EXPECT_EQ(judged(abort, answer(200, "")), "done") << "some services answer so";
    EXPECT_NE(judged(abort, answer(200, "", "Content-Type: text/html")), "done");
    EXPECT_NE(judged(abort, answer(202, "")), "done");
    const auto code = [](const std::string& body) {
        return failure_in(kRange, answer(404, body))->code;
    };
    EXPECT_EQ(code("<Error><Code>NoSuchKey</Code></Error>"), ErrorCode::kNotFound);
    EXPECT_EQ(code("<Error><Code>NoSuchBucket</Code></Error>"), ErrorCode::kUnavailable);
    EXPECT_EQ(code("404 page not found"), ErrorCode::kUnavailable);
    EXPECT_EQ(failure_in({.method = "HEAD", .key = "a"}, answer(404, ""))->code,
              ErrorCode::kNotFound);
    EXPECT_EQ(failure_in(kList, answer(404, "<Error><Code>NoSuchBucket</Code></Error>"))->code,
              ErrorCode::kNotFound);
}

TEST(S3Answer, BytesAreThoseThatWereAskedFor) {
    const std::string ten(10, 'x');
    EXPECT_EQ(judged(kRange, answer(206, ten, "Content-Range: bytes 10-19/30")), "done");
    EXPECT_EQ(judged(kRange, answer(206, "xx", "Content-Range: bytes 10-11/12")), "done");
    EXPECT_EQ(judged(kRange, answer(200, std::string(30, 'x'))), "done") << "it knows no ranges";
    EXPECT_EQ(judged(kRange, answer(416, "")), "done");
    for (const char* const range :
         {"bytes 10-19/*", "bytes 10-19", "bytes 0-9/30", "bytes 10-18/30", "bytes 10-19/19",
          "bytes 10-11/2000000000", "bytes 10-19/99999999999999999999", "10-19/30", ""})
        EXPECT_THAT(judged(kRange, answer(206, ten, std::string("Content-Range: ") + range)),
                    HasSubstr("for now: answers 206 with"))
            << range;
    EXPECT_NE(judged(kRange, answer(206, "xxx", "Content-Range: bytes 10-19/30")), "done");
    EXPECT_NE(judged(kRange, answer(206, ten)), "done");
    EXPECT_NE(judged(kRange, answer(200, ten, "Content-Range: bytes 10-19/30")), "done");
}

TEST(S3Answer, AListingIsWhole) {
    const std::string one =
        "<Prefix>keys/</Prefix><KeyCount>1</KeyCount>"
        "<Contents><Key>keys/a</Key></Contents>";
    const std::string last = "<IsTruncated>false</IsTruncated>";
    const std::string more = "<IsTruncated>true</IsTruncated>";
    const std::string token = "<NextContinuationToken>t</NextContinuationToken>";
    const auto of = [](const std::string& body) { return judged(kList, answer(200, body)); };
    EXPECT_EQ(of(listing(one + last)), "done");
    EXPECT_EQ(of(listing(one + more + token)), "done");
    EXPECT_EQ(of(listing(last)), "done") << "nothing but what all services say";
    EXPECT_THAT(of("<html>Back soon</html>"), HasSubstr("no listing"));
    EXPECT_THAT(of(""), HasSubstr("no listing"));
    EXPECT_THAT(of("<ListBucketResult>" + one + last), HasSubstr("no listing"));
    EXPECT_THAT(of(listing(one)), HasSubstr("whether it is the last"));
    EXPECT_THAT(of(listing(one + more)), HasSubstr("how it goes on"));
    EXPECT_THAT(of(listing("<KeyCount>2</KeyCount>" + one.substr(one.find("<Contents>")) + last)),
                HasSubstr("1 keys that should have 2"));
    for (const char* const count : {"", "-1", "many", "1 "})
        EXPECT_THAT(of(listing("<KeyCount>" + std::string(count) + "</KeyCount>" + last)),
                    HasSubstr("0 keys that should have"));
    EXPECT_EQ(of(listing("<KeyCount>0</KeyCount>" + one.substr(one.find("<Contents>")) + last)),
              "done")
        << "it has miscounted";
    EXPECT_THAT(of(listing("<Prefix>objects/</Prefix>" + last)), HasSubstr("something else"));
    EXPECT_THAT(of(listing("<Contents><Key>objects/a</Key></Contents>" + last)),
                HasSubstr("something else"));
    const S3::Request uploads{.query = {{"uploads", ""}, {"prefix", ""}}};
    EXPECT_NE(judged(uploads, answer(200, listing(last))), "done");
    EXPECT_EQ(judged(uploads, answer(200, "<ListMultipartUploadsResult>" + last +
                                              "</ListMultipartUploadsResult>")),
              "done");
}

TEST(S3Answer, AnUploadIsBegunAndCompletedWhereTheServiceSaysSo) {
    const S3::Request begin{.method = "POST", .key = "a", .query = {{"uploads", ""}}};
    const S3::Request complete{.method = "POST", .key = "a", .query = {{"uploadId", "1"}}};
    const std::string begun =
        "<InitiateMultipartUploadResult><UploadId>1</UploadId></InitiateMultipartUploadResult>";
    EXPECT_EQ(judged(begin, answer(200, begun)), "done");
    EXPECT_NE(judged(complete, answer(200, begun)), "done");
    EXPECT_NE(judged(complete, answer(200, "")), "done");
    EXPECT_EQ(judged(complete, answer(200, "<Error><Code>InternalError</Code></Error>")),
              "for now: answers 200 InternalError");
    EXPECT_EQ(judged(complete, answer(200,
                                      "<CompleteMultipartUploadResult xmlns=\"http://s3\">"
                                      "</CompleteMultipartUploadResult>")),
              "done");
}

}  // namespace
}  // namespace lucerna::store
