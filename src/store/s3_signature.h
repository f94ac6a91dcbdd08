#pragma once

#include <map>
#include <string>

#include "base/clock.h"

namespace lucerna::store {

struct S3Credentials {
    std::string access_key;
    std::string secret_key;
    /// Of temporary credentials; else empty.
    std::string session_token = {};
};

/// What AWS Signature Version 4 signs of a request to S3.
struct S3ToSign {
    std::string method;
    /// Not encoded: "/bucket/a name".
    std::string path;
    /// Not encoded.
    std::map<std::string, std::string> query;
    /// Names in lower case: at least host, x-amz-date and x-amz-content-sha256. All are signed.
    std::map<std::string, std::string> headers;
};

/// The value of the header Authorization (AWS Signature Version 4, "Authenticating Requests: Using
/// the Authorization Header" of the Amazon S3 API Reference). `headers` holds x-amz-date and
/// x-amz-content-sha256, the hash of the body.
[[nodiscard]] std::string s3_authorization(const S3ToSign& request, const S3Credentials& who,
                                           const std::string& region);

/// "20130524T000000Z", as x-amz-date has it.
[[nodiscard]] std::string s3_date(Instant instant);
/// Percent-encoded as the signature wants it; a path keeps its slashes.
enum class S3Encoding { kPath, kQuery };
[[nodiscard]] std::string s3_encoded(const std::string& text, S3Encoding encoding);
/// "a=1&b=2", encoded, in the order of the names.
[[nodiscard]] std::string s3_query(const std::map<std::string, std::string>& query);

}  // namespace lucerna::store
