#include "store/s3_signature.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/encoding.h"
#include "base/hash.h"

namespace lucerna::store {
namespace {

// The four examples of "Authenticating Requests: Using the Authorization Header (AWS Signature
// Version 4)" in the Amazon S3 API Reference.
const S3Credentials kExample{"AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"};

S3ToSign example(const std::string& path, std::map<std::string, std::string> query = {}) {
    return {"GET",
            path,
            std::move(query),
            {{"host", "examplebucket.s3.amazonaws.com"},
             {"x-amz-date", "20130524T000000Z"},
             {"x-amz-content-sha256", sha256({})}}};
}

std::string signature_of(const S3ToSign& request) {
    const std::string all = s3_authorization(request, kExample, "us-east-1");
    return all.substr(all.find("Signature=") + 10);
}

TEST(S3Signature, SignsARangeOfAnObject) {
    S3ToSign request = example("/test.txt");
    request.headers["range"] = "bytes=0-9";
    EXPECT_EQ(s3_authorization(request, kExample, "us-east-1"),
              "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
              "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,"
              "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
}

TEST(S3Signature, SignsABodyAndANameThatIsEncoded) {
    S3ToSign request = example("/test$file.text");
    request.method = "PUT";
    request.headers["date"] = "Fri, 24 May 2013 00:00:00 GMT";
    request.headers["x-amz-storage-class"] = "REDUCED_REDUNDANCY";
    request.headers["x-amz-content-sha256"] = sha256(as_byte_view("Welcome to Amazon S3."));
    EXPECT_EQ(signature_of(request),
              "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");
}

TEST(S3Signature, SignsAParameterWithoutAValue) {
    EXPECT_EQ(signature_of(example("/", {{"lifecycle", ""}})),
              "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
}

TEST(S3Signature, SignsParametersInTheOrderOfTheirNames) {
    EXPECT_EQ(signature_of(example("/", {{"prefix", "J"}, {"max-keys", "2"}})),
              "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
}

TEST(S3Signature, EncodesEachByteThatIsNotPlain) {
    EXPECT_EQ(s3_encoded("a b/ü~", S3Encoding::kPath), "a%20b/%C3%BC~");
    EXPECT_EQ(s3_encoded("a/b", S3Encoding::kQuery), "a%2Fb");
    EXPECT_EQ(s3_date(from_rfc3339("2013-05-24T00:00:00.000Z")), "20130524T000000Z");
}

}  // namespace
}  // namespace lucerna::store
