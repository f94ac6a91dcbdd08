#include "store/s3_answer.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <limits>
#include <string_view>
#include <utility>
#include <vector>

namespace lucerna::store {
namespace {

std::string lower(std::string_view text) {
    std::string result(text);
    for (char& c : result)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
    return result;
}

/// "bytes 0-99/1000"; nothing where it is anything else, a size that is not told among it.
std::optional<S3::Span> span_in(std::string_view value) {
    S3::Span span;
    const auto take = [&](std::string_view before, std::uint64_t& number) {
        if (!value.starts_with(before)) return false;
        value.remove_prefix(before.size());
        const auto [end, error] =
            std::from_chars(value.data(), value.data() + value.size(), number);
        if (error != std::errc()) return false;
        value.remove_prefix(static_cast<std::size_t>(end - value.data()));
        return true;
    };
    if (take("bytes ", span.first) && take("-", span.last) && take("/", span.whole) &&
        value.empty())
        return span;
    return {};
}

bool may_pass(long status, const std::string& code) {
    return status == 429 || status == 500 || status == 502 || status == 503 || status == 504 ||
           code == "RequestTimeout" || code == "InternalError" || code == "SlowDown" ||
           code == "ConditionalRequestConflict";
}

ErrorCode code_for(long status, const std::string& code) {
    if (status == 404) return ErrorCode::kNotFound;
    if (status == 412) return ErrorCode::kConflict;
    if (status == 501) return ErrorCode::kUnsupported;
    if (status == 507 || code == "QuotaExceeded") return ErrorCode::kOutOfSpace;
    return ErrorCode::kUnavailable;
}

std::string first_text(const S3::Answer& answer, const char* name) {
    const auto texts = xml_texts(answer.body, name);
    return texts.empty() ? std::string() : texts.front();
}

/// From its first tag to its last: not the half of it.
bool is_whole(std::string_view xml, const std::string& root) {
    const std::size_t end = xml.find_last_not_of("\r\n\t ");
    const std::size_t begin = xml.find("<" + root);
    if (begin == std::string_view::npos) return false;
    const std::size_t behind = begin + 1 + root.size();
    return behind < xml.size() && (xml[behind] == '>' || xml[behind] == ' ') &&
           xml.substr(0, end + 1).ends_with("</" + root + ">");
}

/// More than any listing has where it is no number.
std::size_t count_in(std::string_view text) {
    std::size_t count = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
    const bool is_one = error == std::errc() && end == text.data() + text.size();
    return is_one ? count : std::numeric_limits<std::size_t>::max();
}

std::string lack_in_listing(const S3::Request& request, const S3::Answer& answer) {
    const bool of_uploads = request.query.contains("uploads");
    if (!is_whole(answer.body, of_uploads ? "ListMultipartUploadsResult" : "ListBucketResult"))
        return "what is no listing";
    const std::string truncated = first_text(answer, "IsTruncated");
    if (truncated != "true" && truncated != "false")
        return "a listing that does not say whether it is the last";
    const char* const next = of_uploads ? "NextKeyMarker" : "NextContinuationToken";
    if (truncated == "true" && first_text(answer, next).empty())
        return "a listing that does not say how it goes on";
    const auto prefixes = xml_texts(answer.body, "Prefix");
    const auto wanted = request.query.find("prefix");
    if (!prefixes.empty() && wanted != request.query.end() && prefixes.front() != wanted->second)
        return "a listing of something else";
    const auto counts = xml_texts(answer.body, "KeyCount");
    const auto keys = xml_texts(answer.body, "Key");
    // One that says fewer than there are has miscounted: nothing is missing.
    if (!counts.empty() && count_in(counts.front()) > keys.size())
        return "a listing of " + std::to_string(keys.size()) + " keys that should have " +
               counts.front();
    const auto is_other = [&](const std::string& key) { return !key.starts_with(wanted->second); };
    if (wanted != request.query.end() && std::any_of(keys.begin(), keys.end(), is_other))
        return "a listing of something else";
    return {};
}

/// Who does not know ranges gives the whole.
std::string lack_in_bytes(const S3::Request& request, const S3::Answer& answer) {
    if (answer.status == 200)
        return answer.span && request.last > 0 ? "the whole of an object, and of a part of it"
                                               : std::string();
    if (answer.status != 206 || request.last == 0 || !answer.span) return "no bytes of an object";
    const S3::Span& span = *answer.span;
    const bool is_wanted = span.whole > request.first && span.first == request.first &&
                           span.last == std::min(request.last, span.whole - 1);
    if (!is_wanted || answer.body.size() != span.last - span.first + 1)
        return "other bytes than were asked for";
    return {};
}

/// Of an answer that says success: what it is instead.
std::string lack_in(const S3::Request& request, const S3::Answer& answer) {
    if (request.method == "PUT") {
        const bool is_taken = answer.status == 200 && !answer.etag.empty() && answer.body.empty();
        return is_taken || request.key.empty() ? "" : "something else than an ETag";
    }
    if (request.method == "POST") {
        const bool begins = request.query.contains("uploads");
        const char* const root =
            begins ? "InitiateMultipartUploadResult" : "CompleteMultipartUploadResult";
        return is_whole(answer.body, root) ? "" : std::string("something else than ") + root;
    }
    if (request.method == "DELETE") {
        // Whether an object is gone can be looked up.
        const bool can_be_seen = answer.status == 200 && request.query.empty();
        // An upload that is there after all is found by the next start.
        const bool is_aborted =
            answer.status == 200 && request.query.contains("uploadId") && !answer.is_page;
        return answer.status == 204 || can_be_seen || is_aborted ? "" : "not that it is gone";
    }
    if (request.method != "GET") return {};
    return request.key.empty() ? lack_in_listing(request, answer) : lack_in_bytes(request, answer);
}

/// The service itself says so: that an object, an upload or the bucket is not there.
bool is_missing(const S3::Request& request, const std::string& code) {
    if (request.key.empty() || request.method == "HEAD") return true;
    return code.starts_with("NoSuch") && code != "NoSuchBucket";
}

std::string utf8_of(std::uint32_t code) {
    const auto byte = [](std::uint32_t value) { return static_cast<char>(value); };
    const auto further = [&](int shift) { return byte(0x80 | ((code >> shift) & 0x3f)); };
    if (code == 0 || code > 0x10ffff) return {};
    if (code < 0x80) return {byte(code)};
    if (code < 0x800) return {byte(0xc0 | code >> 6), further(0)};
    if (code < 0x10000) return {byte(0xe0 | code >> 12), further(6), further(0)};
    return {byte(0xf0 | code >> 18), further(12), further(6), further(0)};
}

/// What stands between '&' and ';' as what it stands for; empty where it is none.
std::string character_of(std::string_view entity) {
    constexpr std::pair<std::string_view, char> kNamed[] = {
        {"lt", '<'}, {"gt", '>'}, {"quot", '"'}, {"apos", '\''}, {"amp", '&'}};
    for (const auto& [name, character] : kNamed)
        if (entity == name) return {character};
    if (!entity.starts_with('#')) return {};
    entity.remove_prefix(1);
    const bool is_hexadecimal = entity.starts_with('x');
    if (is_hexadecimal) entity.remove_prefix(1);
    std::uint32_t code = 0;
    const char* const behind = entity.data() + entity.size();
    const auto [end, error] =
        std::from_chars(entity.data(), behind, code, is_hexadecimal ? 16 : 10);
    return error == std::errc() && end == behind ? utf8_of(code) : std::string();
}

std::string without_entities(std::string_view text) {
    constexpr std::size_t kLongest = 12;
    std::string plain;
    while (!text.empty()) {
        const std::size_t end =
            text.front() == '&' ? text.substr(0, kLongest).find(';') : std::string_view::npos;
        const std::string character =
            end == std::string_view::npos ? std::string() : character_of(text.substr(1, end - 1));
        plain += character.empty() ? text.substr(0, 1) : std::string_view(character);
        text.remove_prefix(character.empty() ? 1 : end + 1);
    }
    return plain;
}

}  // namespace

std::vector<std::string> xml_texts(const std::string& xml, const std::string& name) {
    const std::string open = "<" + name + ">";
    const std::string close = "</" + name + ">";
    std::vector<std::string> texts;
    for (std::size_t at = xml.find(open); at != std::string::npos; at = xml.find(open, at)) {
        at += open.size();
        const std::size_t end = xml.find(close, at);
        if (end == std::string::npos) break;
        texts.push_back(without_entities(std::string_view(xml).substr(at, end - at)));
    }
    return texts;
}

void take_header(S3::Answer& answer, std::string_view line) {
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) return;
    const std::string name = lower(line.substr(0, colon));
    const std::size_t begin = std::min(line.find_first_not_of(' ', colon + 1), line.size());
    const std::size_t end = line.find_last_not_of("\r\n ");
    const std::string value(line.substr(begin, end < begin ? 0 : end - begin + 1));
    if (name == "etag") answer.etag = value;
    if (name == "content-range") answer.span = span_in(value);
    if (name == "content-type") answer.is_page = lower(value).starts_with("text/html");
}

std::optional<S3Failure> failure_in(const S3::Request& request, const S3::Answer& answer) {
    const std::string status = "answers " + std::to_string(answer.status);
    // Some services call every answer one that has no body, but those that tell of an object.
    const bool tells = request.method == "GET" || request.method == "HEAD" || answer.status == 404;
    if (answer.is_page && (tells || !answer.body.empty()))
        return S3Failure{ErrorCode::kUnavailable, status + " with a page", true};
    if (answer.status == kNoSuchRange && request.last > 0) return {};
    const std::string code = first_text(answer, "Code");
    // A completed upload can fail after the status was sent.
    const bool is_success = answer.status >= 200 && answer.status < 300 &&
                            (answer.body.find("<Error>") == std::string::npos ||
                             (request.method == "GET" && !request.key.empty()));
    if (is_success) {
        const std::string lack = lack_in(request, answer);
        if (lack.empty()) return {};
        return S3Failure{ErrorCode::kUnavailable, status + " with " + lack, true};
    }
    const std::string what = status + (code.empty() ? "" : " " + code);
    if (answer.status == 404 && !is_missing(request, code))
        return S3Failure{ErrorCode::kUnavailable, what, true};
    return S3Failure{code_for(answer.status, code), what, may_pass(answer.status, code)};
}

}  // namespace lucerna::store
