#include "store/s3_signature.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <string_view>

#include "base/encoding.h"
#include "base/error.h"
#include "base/hash.h"

namespace lucerna::store {
namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";

Bytes hmac(ByteView key, std::string_view text) {
    std::array<std::uint8_t, EVP_MAX_MD_SIZE> sum;
    unsigned length = 0;
    const ByteView bytes = as_byte_view(text);
    if (HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), bytes.data(), bytes.size(),
             sum.data(), &length) == nullptr)
        throw Error(ErrorCode::kInternal, "HMAC-SHA-256 is not available");
    return {sum.begin(), sum.begin() + length};
}

std::string names_of(const std::map<std::string, std::string>& headers) {
    std::string names;
    for (const auto& [name, value] : headers) names += (names.empty() ? "" : ";") + name;
    return names;
}

/// Task 1: the canonical request.
std::string canonical(const S3ToSign& request) {
    std::string text = request.method + "\n" + s3_encoded(request.path, S3Encoding::kPath) + "\n" +
                       s3_query(request.query) + "\n";
    for (const auto& [name, value] : request.headers) text += name + ":" + value + "\n";
    return text + "\n" + names_of(request.headers) + "\n" +
           request.headers.at("x-amz-content-sha256");
}

}  // namespace

std::string s3_date(Instant instant) {
    const std::string time = to_dicom_time(instant);
    return to_dicom_date(instant) + "T" + time.substr(0, 6) + "Z";
}

std::string s3_encoded(const std::string& text, S3Encoding encoding) {
    constexpr std::string_view kDigits = "0123456789ABCDEF";
    constexpr std::string_view kPlain =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    std::string result;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        const bool plain =
            kPlain.find(c) != std::string_view::npos || (c == '/' && encoding == S3Encoding::kPath);
        if (plain)
            result += c;
        else
            result.append({'%', kDigits[byte >> 4], kDigits[byte & 15]});
    }
    return result;
}

std::string s3_query(const std::map<std::string, std::string>& query) {
    std::string text;
    for (const auto& [name, value] : query)
        text += (text.empty() ? "" : "&") + s3_encoded(name, S3Encoding::kQuery) + "=" +
                s3_encoded(value, S3Encoding::kQuery);
    return text;
}

std::string s3_authorization(const S3ToSign& request, const S3Credentials& who,
                             const std::string& region) {
    const std::string& date = request.headers.at("x-amz-date");
    const std::string day = date.substr(0, 8);
    const std::string scope = day + "/" + region + "/s3/aws4_request";
    // Task 2: the string to sign.
    const std::string to_sign = std::string(kAlgorithm) + "\n" + date + "\n" + scope + "\n" +
                                sha256(as_byte_view(canonical(request)));
    // Task 3: the signature, under a key derived step by step.
    Bytes key = hmac(as_byte_view("AWS4" + who.secret_key), day);
    for (const std::string_view step :
         {std::string_view(region), std::string_view("s3"), std::string_view("aws4_request")})
        key = hmac(key, step);
    return std::string(kAlgorithm) + " Credential=" + who.access_key + "/" + scope +
           ",SignedHeaders=" + names_of(request.headers) +
           ",Signature=" + to_hex(hmac(key, to_sign));
}

}  // namespace lucerna::store
