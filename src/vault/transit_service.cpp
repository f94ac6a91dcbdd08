#include "vault/transit_service.h"

#include <curl/curl.h>
#include <openssl/crypto.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/error.h"
#include "base/file.h"
#include "base/outside_wait.h"
#include "vault/held_keys.h"

namespace lucerna::vault {
namespace {

constexpr long kConnectSeconds = 5;
constexpr long kWholeSeconds = 20;
constexpr std::size_t kLongestAnswer = 1 << 20;

struct EndCurl {
    void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

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

Answer exchange(const TransitOptions& options, const std::string& path, const std::string& body) {
    const OutsideWait waits("the key service", OutsideWait::Crowded::kIsRefused);
    static const CURLcode kReady = curl_global_init(CURL_GLOBAL_DEFAULT);
    const std::unique_ptr<CURL, EndCurl> handle(kReady == CURLE_OK ? curl_easy_init() : nullptr);
    if (!handle) throw Error(ErrorCode::kInternal, "libcurl cannot be had");
    const auto headers = headers_for(options);
    Answer answer;
    CURL* curl = handle.get();
    curl_easy_setopt(curl, CURLOPT_URL, (options.engine + path).c_str());
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers.get());
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    // Neither a proxy of the environment nor a redirection is to see a data key.
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, kConnectSeconds);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, kWholeSeconds);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, receive);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &answer.body);
    if (!options.authorities.empty())
        curl_easy_setopt(curl, CURLOPT_CAINFO, options.authorities.c_str());
    if (!body.empty()) {
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, static_cast<long>(body.size()));
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body.c_str());
    }
    const CURLcode code = curl_easy_perform(curl);
    if (code != CURLE_OK)
        throw Error(ErrorCode::kUnavailable, "the key service " + options.engine +
                                                 " can't be reached: " + curl_easy_strerror(code));
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

/// What a proxy before it says is nothing about a key.
ErrorCode code_for(long status, const std::optional<std::string>& errors) {
    if (status == 404 && errors) return ErrorCode::kNotFound;
    if (status != 400 || !errors || errors->empty()) return ErrorCode::kUnavailable;
    const bool gone = errors->find("key not found") != std::string::npos ||
                      errors->find("disallowed by policy") != std::string::npos;
    return gone ? ErrorCode::kNotFound : ErrorCode::kCorrupt;
}

}  // namespace

std::string ask_transit(const TransitOptions& options, const std::string& path,
                        const std::string& body) {
    Answer answer = exchange(options, path, body);
    if (answer.status >= 200 && answer.status < 300) return std::move(answer.body);
    const auto errors = errors_in(answer.body);
    throw Error(code_for(answer.status, errors),
                "the key service " + options.engine + " answers " + std::to_string(answer.status) +
                    " to " + path + (errors.value_or("").empty() ? "" : ": " + *errors));
}

}  // namespace lucerna::vault
