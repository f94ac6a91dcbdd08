#include "store/s3.h"

#include <algorithm>
#include <cstdlib>
#include <set>
#include <sstream>
#include <string_view>
#include <thread>
#include <utility>

#include "base/answer_due.h"
#include "base/error.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/outgoing_http.h"
#include "base/outside_wait.h"
#include "store/s3_answer.h"

namespace lucerna::store {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

constexpr std::size_t kLongestAnswer = std::size_t{64} << 20;

std::size_t receive_body(char* bytes, std::size_t size, std::size_t count, void* into) {
    auto& answer = *static_cast<S3::Answer*>(into);
    if (answer.body.size() + size * count > kLongestAnswer) return 0;
    answer.body.append(bytes, size * count);
    return size * count;
}

std::size_t receive_header(char* bytes, std::size_t size, std::size_t count, void* into) {
    take_header(*static_cast<S3::Answer*>(into), std::string_view(bytes, size * count));
    return size * count;
}

/// Whatever is due: what is begun has as long. A large object is several requests, and the last
/// ones begin when its bytes have taken their time.
constexpr std::chrono::milliseconds kAtLeast = 2s;
/// To make one object of its parts, which services take minutes for.
constexpr std::chrono::milliseconds kToComplete = 60s;
/// What the slowest line moves that is put up with, where many share it: of what is large, and
/// before it is taken for one that stalls.
constexpr std::uint64_t kBytesASecond = 32 << 10;
constexpr long kNextToNothing = 4 << 10;
/// libcurl may end an attempt so much before or behind its end.
constexpr auto kAboutThen = 50ms;
/// Of an answer that may have any size: a listing.
constexpr std::uint64_t kSmall = 1 << 20;

/// What goes and comes with it, as far as it is known. Nobody who is owed an answer is to wait for
/// bytes of which there may be none: what needs them asks for a range.
std::uint64_t bytes_to_move(const S3::Request& request) {
    if (!request.body.empty()) return request.body.size();
    if (request.last > 0) return request.last - request.first + 1;
    return request.method == "GET" && !AnswerDue::of_this_thread() ? kSmall : 0;
}

bool completes(const S3::Request& request) {
    return request.method == "POST" && request.query.contains("uploadId");
}

/// Which is looked for, or is to be gone.
bool is_of_an_object(const S3::Request& request) {
    return request.method == "GET" || request.method == "HEAD" ||
           (request.method == "DELETE" && request.query.empty());
}

/// Of what may take `time`: sooner where an answer is due, though not at once.
steady_clock::time_point end_of(std::chrono::milliseconds time, const S3::Request& request) {
    if (!AnswerDue::of_this_thread()) return steady_clock::now() + time;
    const auto at_least = completes(request) ? kToComplete : std::min(time, kAtLeast);
    return std::max(AnswerDue::end_of(time), steady_clock::now() + at_least);
}

[[noreturn]] void goes_in_circles(const std::string& endpoint) {
    throw Error(ErrorCode::kUnavailable,
                "the object store " + endpoint + " gives a part of a listing again and again");
}

long milliseconds_to(steady_clock::time_point end) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - steady_clock::now());
    // None would be no limit to libcurl.
    return static_cast<long>(std::max(left, 1ms).count());
}

}  // namespace

/// A connection to the service, kept for the next request.
struct S3::Line {
    std::unique_ptr<CURL, EndCurl> handle{curl_easy_init()};
};

struct S3::Lines {
    Guarded<std::vector<Line>> idle;
};

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

S3::Time S3::end_of_attempt(const Request& request) const {
    const std::chrono::milliseconds whole = options_.whole;
    return end_of(completes(request) ? std::max(whole, kToComplete) : whole, request) +
           std::chrono::milliseconds(bytes_to_move(request) * 1000 / kBytesASecond);
}

S3::Answer S3::attempt(const Request& request, Time end) {
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
    send_straight_to(curl, url, options_.authorities);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers.get());
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, static_cast<long>(options_.connect.count()));
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, milliseconds_to(end));
    // A resolver that is silent is not waited for either.
    curl_easy_setopt(curl, CURLOPT_QUICK_EXIT, 1L);
    // Who completes an upload may say nothing for all of its minute.
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, kNextToNothing);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME,
                     completes(request) ? 0L : static_cast<long>(options_.stall.count()));
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, receive_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &answer);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, receive_header);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, &answer);
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
    if (answer.status >= 200 && answer.status < 300 &&
        static_cast<std::uint64_t>(sent) < request.body.size())
        throw Error(ErrorCode::kUnavailable, "the object store " + options_.endpoint +
                                                 " answers when it has taken " +
                                                 std::to_string(sent) + " of " +
                                                 std::to_string(request.body.size()) + " bytes");
    lines_->idle.with([&](std::vector<Line>& idle) {
        if (idle.size() < 64) idle.push_back(std::move(line));
    });
    return answer;
}

/// What asking for it now shows; only where the answer was 200, which says nothing of that.
std::optional<S3Failure> S3::failure_to_remove(const Request& request) {
    const Request look{.method = "HEAD", .key = request.key};
    const Answer answer = attempt(look, end_of_attempt(look));
    const auto failure = failure_in(look, answer);
    if (failure && failure->code == ErrorCode::kNotFound) return {};
    return S3Failure{ErrorCode::kUnavailable, "answers 200, and does not show that it is gone",
                     true};
}

std::optional<S3Failure> S3::failure_of_attempt(const Request& request, Answer& answer) {
    const Time end = end_of_attempt(request);
    try {
        answer = attempt(request, end);
        auto failure = failure_in(request, answer);
        if (!failure && request.method == "DELETE" && answer.status == 200)
            failure = failure_to_remove(request);
        if (failure)
            failure->what = "the object store " + options_.endpoint + " " + failure->what + " to " +
                            request.method + " " + path_of(request);
        return failure;
    } catch (const Error& error) {
        if (error.code() != ErrorCode::kUnavailable) throw;
        // A line that moves next to nothing does so the next time.
        return S3Failure{error.code(), error.what(), steady_clock::now() + kAboutThen < end};
    }
}

S3::Answer S3::ask(const Request& request) {
    const OutsideWait waits("the object store", OutsideWait::Crowded::kIsRefused);
    const Time late = end_of(options_.patience, request);
    int missing = 0;
    auto pause = options_.pause;
    for (int number = 1;; ++number) {
        Answer answer;
        auto failure = failure_of_attempt(request, answer);
        if (!failure) {
            if (answer.status == kNoSuchRange) answer.body.clear();
            return answer;
        }
        const bool is_missing = failure->code == ErrorCode::kNotFound && !request.key.empty();
        if (is_missing) failure->may_pass = is_of_an_object(request) && ++missing < 2;
        const bool is_late =
            steady_clock::now() + (AnswerDue::of_this_thread() ? pause : 0ms) >= late;
        if (!failure->may_pass || is_late || number >= options_.tries)
            // Nothing is called gone for one answer.
            throw Error(is_missing && failure->may_pass ? ErrorCode::kUnavailable : failure->code,
                        failure->what);
        log_event(LogLevel::kDebug, "store.s3-retry",
                  {{"attempt", number}, {"why", failure->what}});
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
    Request request{.query = {{"list-type", "2"}, {"prefix", whole}}};
    std::set<std::string> tokens;
    for (;;) {
        const Answer answer = ask(request);
        for (const std::string& key : xml_texts(answer.body, "Key"))
            visit(key.substr(whole.size()));
        if (xml_texts(answer.body, "IsTruncated").front() != "true") return;
        const std::string next = xml_texts(answer.body, "NextContinuationToken").front();
        if (!tokens.insert(next).second) goes_in_circles(options_.endpoint);
        request.query["continuation-token"] = next;
    }
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
            visit(keys[i].substr(whole.size()), ids[i]);
        const std::string key = text_of(answer, "NextKeyMarker");
        const std::string id = text_of(answer, "NextUploadIdMarker");
        const bool is_further =
            key != request.query["key-marker"] || id != request.query["upload-id-marker"];
        if (text_of(answer, "IsTruncated") != "true") return;
        if (!is_further) goes_in_circles(options_.endpoint);
        request.query["key-marker"] = key;
        request.query["upload-id-marker"] = id;
    }
}

}  // namespace lucerna::store
