#include "vault/transit_service.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/answer_due.h"
#include "base/error.h"
#include "base/file.h"
#include "base/outgoing_http.h"
#include "base/outside_wait.h"
#include "vault/held_keys.h"

namespace lucerna::vault {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

constexpr long kConnectSeconds = 5;
constexpr std::size_t kLongestAnswer = 1 << 20;

struct Answer {
    long status = 0;
    std::string body;
};

std::string token_in(const std::filesystem::path& path) {
    std::string text;
    try {
        text = read_secretly(path);
    } catch (const Error& error) {
        throw Error(ErrorCode::kUnavailable, "transit token", error);
    }
    if (text.empty())
        throw Error(ErrorCode::kUnavailable, "there is no token file " + path.string());
    return text.substr(0, text.find_last_not_of(" \r\n") + 1);
}

std::size_t receive(char* bytes, std::size_t size, std::size_t count, void* into) {
    auto& body = *static_cast<std::string*>(into);
    if (body.size() + size * count > kLongestAnswer) return 0;
    body.append(bytes, size * count);
    return size * count;
}

std::unique_ptr<curl_slist, EndCurl> headers_for(const TransitOptions& options) {
    std::string token = "X-Vault-Token: " + token_in(options.token_file);
    curl_slist* list = curl_slist_append(nullptr, token.c_str());
    wipe(token);
    list = curl_slist_append(list, "X-Vault-Request: true");
    list = curl_slist_append(list, "Content-Type: application/json");
    if (!options.name_space.empty())
        list = curl_slist_append(list, ("X-Vault-Namespace: " + options.name_space).c_str());
    return std::unique_ptr<curl_slist, EndCurl>(list);
}

struct Waiting {
    const TransitWaits& waits;
    const TransitWaits::Time begun = steady_clock::now();
};

/// libcurl asks every second at least.
int is_over(void* waiting, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
    const auto& one = *static_cast<const Waiting*>(waiting);
    return one.waits.is_over(one.begun) ? 1 : 0;
}

long milliseconds_to(TransitWaits::Time end) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - steady_clock::now());
    // None would be no limit to libcurl.
    return static_cast<long>(std::max(left, 1ms).count());
}

Answer exchange(const TransitOptions& options, TransitWaits& waits, const std::string& path,
                const std::string& body) {
    const TransitWaits::Time end = waits.begin();
    Waiting waiting{waits};
    const OutsideWait outside("the key service", OutsideWait::Crowded::kIsRefused);
    static const CURLcode kReady = curl_global_init(CURL_GLOBAL_DEFAULT);
    const std::unique_ptr<CURL, EndCurl> handle(kReady == CURLE_OK ? curl_easy_init() : nullptr);
    if (!handle) throw Error(ErrorCode::kInternal, "libcurl cannot be had");
    const auto headers = headers_for(options);
    Answer answer;
    CURL* curl = handle.get();
    send_straight_to(curl, options.engine + path, options.authorities);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers.get());
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, kConnectSeconds);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, milliseconds_to(end));
    // A resolver that is silent is not waited for either.
    curl_easy_setopt(curl, CURLOPT_QUICK_EXIT, 1L);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, is_over);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, &waiting);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, receive);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &answer.body);
    if (!body.empty()) {
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, static_cast<long>(body.size()));
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body.c_str());
    }
    const CURLcode code = curl_easy_perform(curl);
    if (code == CURLE_OPERATION_TIMEDOUT) waits.unanswered(waiting.begun);
    if (code != CURLE_OK)
        throw Error(ErrorCode::kUnavailable, "the key service " + options.engine +
                                                 " can't be reached: " + curl_easy_strerror(code));
    waits.answered();
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &answer.status);
    return answer;
}

/// The service's own words: {"errors": ["..."]}. Nothing where they are somebody else's.
std::optional<std::string> errors_in(const std::string& body) {
    const auto json = nlohmann::json::parse(body, nullptr, false);
    if (!json.is_object() || !json.contains("errors") || !json["errors"].is_array()) return {};
    std::string text;
    for (const auto& one : json["errors"])
        if (one.is_string()) text += (text.empty() ? "" : "; ") + one.get<std::string>();
    return text;
}

/// What a proxy before it says is nothing about a key; nor is what it says itself of a request, or
/// of a version that another one of several services has already.
ErrorCode code_for(long status, const std::optional<std::string>& errors) {
    if (status == 404 && errors) return ErrorCode::kNotFound;
    if (status != 400 || !errors) return ErrorCode::kUnavailable;
    const auto says = [&](const char* words) { return errors->find(words) != std::string::npos; };
    if (says("key not found")) return ErrorCode::kNotFound;
    if (says("disallowed by policy")) return ErrorCode::kConflict;
    const bool is_damaged = says("message authentication failed") ||
                            (says("invalid ciphertext") && !says("version is too new"));
    return is_damaged ? ErrorCode::kCorrupt : ErrorCode::kUnavailable;
}

}  // namespace

TransitWaits::Time TransitWaits::begin() const {
    const Time now = steady_clock::now();
    if (AnswerDue::of_this_thread() && now < silent_until_.load())
        throw Error(ErrorCode::kUnavailable,
                    "the key service left others without an answer a moment ago");
    const Time end = AnswerDue::end_of(patience_.whole);
    return now < ending_since_.load() ? end : std::min(end, now + patience_.ending);
}

void TransitWaits::unanswered(Time begun) {
    const Time now = steady_clock::now();
    if (now >= begun + patience_.telling) silent_until_ = now + patience_.silence;
}

bool TransitWaits::is_over(Time begun) const {
    const Time since = ending_since_.load();
    return since != Time::max() && steady_clock::now() > std::max(begun, since) + patience_.ending;
}

std::string ask_transit(const TransitOptions& options, TransitWaits& waits, const std::string& path,
                        const std::string& body) {
    Answer answer = exchange(options, waits, path, body);
    if (answer.status >= 200 && answer.status < 300) return std::move(answer.body);
    const auto errors = errors_in(answer.body);
    throw Error(code_for(answer.status, errors),
                "the key service " + options.engine + " answers " + std::to_string(answer.status) +
                    " to " + path + (errors.value_or("").empty() ? "" : ": " + *errors));
}

}  // namespace lucerna::vault
