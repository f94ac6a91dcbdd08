#include "store/s3.h"

#include <curl/curl.h>

#include <algorithm>
#include <cstdlib>
#include <sstream>
#include <string_view>
#include <thread>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/outside_wait.h"

namespace lucerna::store {
namespace {

constexpr std::size_t kLongestAnswer = std::size_t{64} << 20;

struct EndCurl {
    void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

std::size_t receive_body(char* bytes, std::size_t size, std::size_t count, void* into) {
    auto& answer = *static_cast<S3::Answer*>(into);
    if (answer.body.size() + size * count > kLongestAnswer) return 0;
    answer.body.append(bytes, size * count);
    return size * count;
}

std::string lower(std::string_view text) {
    std::string result(text);
    for (char& c : result)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
    return result;
}

std::size_t receive_header(char* bytes, std::size_t size, std::size_t count, void* into) {
    auto& answer = *static_cast<S3::Answer*>(into);
    const std::string_view line(bytes, size * count);
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) return line.size();
    const std::string name = lower(line.substr(0, colon));
    const std::size_t begin = std::min(line.find_first_not_of(' ', colon + 1), line.size());
    const std::size_t end = line.find_last_not_of("\r\n ");
    const std::string value(line.substr(begin, end < begin ? 0 : end - begin + 1));
    if (name == "etag") answer.etag = value;
    if (name == "content-range")
        answer.whole_size = std::strtoull(value.c_str() + value.find('/') + 1, nullptr, 10);
    return line.size();
}

/// The service or the way to it failed: another try may do.
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

std::string error_in(const S3::Answer& answer) {
    const auto codes = xml_texts(answer.body, "Code");
    return codes.empty() ? std::string() : codes.front();
}

/// What a range of no byte is answered with (RFC 9110 15.5.17): of an empty object, every one is.
constexpr long kNoSuchRange = 416;

/// A copy, or a completed upload, can fail after the status was sent.
bool succeeded(const S3::Answer& answer) {
    return answer.status >= 200 && answer.status < 300 &&
           answer.body.find("<Error>") == std::string::npos;
}

struct Failure {
    ErrorCode code = ErrorCode::kUnavailable;
    std::string what;
    bool may_pass = false;
};

}  // namespace

/// A connection to the service, kept for the next request.
struct S3::Line {
    std::unique_ptr<CURL, EndCurl> handle{curl_easy_init()};
};

struct S3::Lines {
    Guarded<std::vector<Line>> idle;
};

std::vector<std::string> xml_texts(const std::string& xml, const std::string& name) {
    constexpr std::pair<std::string_view, char> kEntities[] = {
        {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&apos;", '\''}, {"&amp;", '&'}};
    const std::string open = "<" + name + ">";
    const std::string close = "</" + name + ">";
    std::vector<std::string> texts;
    for (std::size_t at = xml.find(open); at != std::string::npos; at = xml.find(open, at)) {
        at += open.size();
        const std::size_t end = xml.find(close, at);
        if (end == std::string::npos) break;
        std::string text = xml.substr(at, end - at);
        for (const auto& [entity, character] : kEntities)
            for (std::size_t i = text.find(entity); i != std::string::npos;
                 i = text.find(entity, i + 1))
                text.replace(i, entity.size(), 1, character);
        texts.push_back(std::move(text));
    }
    return texts;
}

S3Credentials s3_credentials(const std::filesystem::path& file) {
    S3Credentials who;
    if (file.empty()) {
        const auto from = [](const char* name) {
            const char* value = std::getenv(name);
            return std::string(value == nullptr ? "" : value);
        };
        who = {from("AWS_ACCESS_KEY_ID"), from("AWS_SECRET_ACCESS_KEY"), from("AWS_SESSION_TOKEN")};
        if (who.access_key.empty() || who.secret_key.empty())
            throw Error(ErrorCode::kInvalidInput,
                        "neither store.s3_keys nor AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY "
                        "say who asks the object store");
        return who;
    }
    const Bytes content = read_file(file, 1 << 16);
    std::istringstream words{std::string(as_text(content))};
    std::string name;
    std::string value;
    while (words >> name >> value) {
        if (name == "access_key") who.access_key = value;
        if (name == "secret_key") who.secret_key = value;
        if (name == "session_token") who.session_token = value;
    }
    if (who.access_key.empty() || who.secret_key.empty())
        throw Error(ErrorCode::kInvalidInput,
                    file.string() + ": wants lines \"access_key VALUE\" and \"secret_key VALUE\"");
    return who;
}

S3::S3(S3Options options) : options_(std::move(options)), lines_(std::make_unique<Lines>()) {
    static const CURLcode kReady = curl_global_init(CURL_GLOBAL_DEFAULT);
    if (kReady != CURLE_OK) throw Error(ErrorCode::kInternal, "libcurl cannot be had");
    const bool scheme =
        options_.endpoint.starts_with("http://") || options_.endpoint.starts_with("https://");
    while (options_.endpoint.ends_with('/')) options_.endpoint.pop_back();
    if (!scheme || options_.endpoint.find('/', 8) != std::string::npos)
        throw Error(ErrorCode::kInvalidInput,
                    "store.s3_endpoint is https://HOST or https://HOST:PORT, not \"" +
                        options_.endpoint + "\"");
    if (options_.bucket.empty())
        throw Error(ErrorCode::kInvalidInput, "store.s3_bucket is not given");
    try {
        ask({.query = {{"list-type", "2"}, {"max-keys", "1"}}});
    } catch (const Error& error) {
        if (error.code() != ErrorCode::kNotFound) throw;
        ask({.method = "PUT"});
    }
}

S3::~S3() = default;

std::string S3::path_of(const Request& request) const {
    return "/" + options_.bucket + (request.key.empty() ? "" : "/" + options_.prefix + request.key);
}

std::vector<std::string> S3::headers_for(const Request& request) const {
    const std::size_t host = options_.endpoint.find("//") + 2;
    S3ToSign sign{request.method,
                  path_of(request),
                  request.query,
                  {{"host", options_.endpoint.substr(host)},
                   {"x-amz-date", s3_date(clock_.now())},
                   {"x-amz-content-sha256", sha256(request.body)}}};
    if (request.last > 0)
        sign.headers["range"] =
            "bytes=" + std::to_string(request.first) + "-" + std::to_string(request.last);
    if (request.existing == Request::Existing::kStays) sign.headers["if-none-match"] = "*";
    if (!options_.credentials.session_token.empty())
        sign.headers["x-amz-security-token"] = options_.credentials.session_token;
    std::vector<std::string> lines;
    for (const auto& [name, value] : sign.headers) lines.push_back(name + ": " + value);
    lines.push_back("Authorization: " +
                    s3_authorization(sign, options_.credentials, options_.region));
    lines.emplace_back("Content-Type: application/octet-stream");
    lines.emplace_back("Expect:");
    return lines;
}

S3::Answer S3::attempt(const Request& request) {
    std::unique_ptr<curl_slist, EndCurl> headers;
    for (const std::string& line : headers_for(request))
        headers.reset(curl_slist_append(headers.release(), line.c_str()));
    Line line = lines_->idle.with([](std::vector<Line>& idle) {
        if (idle.empty()) return Line();
        Line taken = std::move(idle.back());
        idle.pop_back();
        return taken;
    });
    CURL* curl = line.handle.get();
    if (curl == nullptr) throw Error(ErrorCode::kInternal, "libcurl cannot be had");
    std::string url = options_.endpoint + s3_encoded(path_of(request), S3Encoding::kPath);
    if (!request.query.empty()) url += "?" + s3_query(request.query);
    Answer answer;
    curl_easy_reset(curl);
    curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers.get());
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, static_cast<long>(options_.connect.count()));
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, static_cast<long>(options_.stall.count()));
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, receive_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &answer);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, receive_header);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, &answer);
    if (!options_.authorities.empty())
        curl_easy_setopt(curl, CURLOPT_CAINFO, options_.authorities.c_str());
    if (request.method == "PUT" || request.method == "POST") {
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE,
                         static_cast<curl_off_t>(request.body.size()));
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS,
                         request.body.empty() ? "" : as_text(request.body).data());
    }
    if (request.method == "HEAD") curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request.method.c_str());
    // Grown bit by bit it takes up to twice as much.
    if (request.last != 0)
        answer.body.reserve(static_cast<std::size_t>(request.last - request.first + 1));
    const CURLcode code = curl_easy_perform(curl);
    if (code != CURLE_OK)
        throw Error(ErrorCode::kUnavailable, "the object store " + options_.endpoint +
                                                 " can't be reached: " + curl_easy_strerror(code));
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &answer.status);
    curl_off_t sent = 0;
    curl_easy_getinfo(curl, CURLINFO_SIZE_UPLOAD_T, &sent);
    if (succeeded(answer) && static_cast<std::uint64_t>(sent) < request.body.size())
        throw Error(ErrorCode::kUnavailable, "the object store " + options_.endpoint +
                                                 " answers when it has taken " +
                                                 std::to_string(sent) + " of " +
                                                 std::to_string(request.body.size()) + " bytes");
    lines_->idle.with([&](std::vector<Line>& idle) {
        if (idle.size() < 64) idle.push_back(std::move(line));
    });
    return answer;
}

S3::Answer S3::ask(const Request& request) {
    const OutsideWait waits("the object store", OutsideWait::Crowded::kIsRefused);
    const auto begun = std::chrono::steady_clock::now();
    auto pause = options_.pause;
    for (int number = 1;; ++number) {
        Failure failure;
        try {
            Answer answer = attempt(request);
            if (succeeded(answer)) return answer;
            if (answer.status == kNoSuchRange) {
                answer.body.clear();
                return answer;
            }
            const std::string code = error_in(answer);
            failure = {code_for(answer.status, code),
                       "the object store " + options_.endpoint + " answers " +
                           std::to_string(answer.status) + (code.empty() ? "" : " " + code) +
                           " to " + request.method + " " + path_of(request),
                       may_pass(answer.status, code)};
        } catch (const Error& error) {
            if (error.code() != ErrorCode::kUnavailable) throw;
            failure = {error.code(), error.what(), true};
        }
        const bool is_late = std::chrono::steady_clock::now() - begun >= options_.patience;
        if (!failure.may_pass || is_late || number >= options_.tries)
            throw Error(failure.code, failure.what);
        log_event(LogLevel::kDebug, "store.s3-retry", {{"attempt", number}, {"why", failure.what}});
        std::this_thread::sleep_for(pause);
        pause *= 2;
    }
}

void S3::create(const std::string& key, ByteView body) {
    Request request{
        .method = "PUT", .key = key, .body = body, .existing = Request::Existing::kStays};
    try {
        ask(request);
        if (knows_conditions_) return;
        // Now there is one: who knows them says so.
        ask(request);
    } catch (const Error& error) {
        if (error.code() == ErrorCode::kConflict) {
            knows_conditions_ = true;
            return;
        }
        if (error.code() != ErrorCode::kUnsupported) throw;
        request.existing = Request::Existing::kReplaced;
        ask(request);
    }
    // The last one's stays: it has been written by then.
    std::this_thread::sleep_for(options_.settling);
}

void S3::for_each(const std::string& prefix, const std::function<void(const std::string&)>& visit) {
    const std::string whole = options_.prefix + prefix;
    std::string next;
    do {
        Request request{.query = {{"list-type", "2"}, {"prefix", whole}}};
        if (!next.empty()) request.query["continuation-token"] = next;
        const Answer answer = ask(request);
        for (const std::string& key : xml_texts(answer.body, "Key"))
            if (key.starts_with(whole)) visit(key.substr(whole.size()));
        const auto more = xml_texts(answer.body, "NextContinuationToken");
        next = more.empty() ? std::string() : more.front();
    } while (!next.empty());
}

void S3::for_each_upload(
    const std::string& prefix,
    const std::function<void(const std::string& key, const std::string& upload_id)>& visit) {
    const std::string whole = options_.prefix + prefix;
    const auto text_of = [](const Answer& answer, const char* name) {
        const auto texts = xml_texts(answer.body, name);
        return texts.empty() ? std::string() : texts.front();
    };
    Request request{.query = {{"uploads", ""}, {"prefix", whole}}};
    for (;;) {
        const Answer answer = ask(request);
        const auto keys = xml_texts(answer.body, "Key");
        const auto ids = xml_texts(answer.body, "UploadId");
        for (std::size_t i = 0; i < std::min(keys.size(), ids.size()); ++i)
            if (keys[i].starts_with(whole)) visit(keys[i].substr(whole.size()), ids[i]);
        const std::string key = text_of(answer, "NextKeyMarker");
        const std::string id = text_of(answer, "NextUploadIdMarker");
        const bool is_further =
            key != request.query["key-marker"] || id != request.query["upload-id-marker"];
        if (text_of(answer, "IsTruncated") != "true" || key.empty() || !is_further) return;
        request.query["key-marker"] = key;
        request.query["upload-id-marker"] = id;
    }
}

}  // namespace lucerna::store
