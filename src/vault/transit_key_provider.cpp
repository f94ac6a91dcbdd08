#include "vault/transit_key_provider.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "base/error.h"
#include "base/hash.h"
#include "base/loopback.h"
#include "vault/held_keys.h"
#include "vault/transit_service.h"

namespace lucerna::vault {
namespace {

using nlohmann::json;

[[noreturn]] void refuse(const std::string& what) {
    throw Error(ErrorCode::kInvalidInput,
                "keys = \"transit:URL/keys/NAME?token-file=PATH\": " + what);
}

void put_option(TransitOptions& options, std::string_view option) {
    const std::size_t equals = option.find('=');
    const std::string_view name = option.substr(0, equals);
    if (equals == std::string_view::npos) refuse("an option is NAME=VALUE");
    const std::string value(option.substr(equals + 1));
    if (name == "token-file")
        options.token_file = value;
    else if (name == "ca")
        options.authorities = value;
    else if (name == "namespace")
        options.name_space = value;
    else
        refuse("there is no option \"" + std::string(name) + "\" (token-file, ca, namespace)");
}

/// A member of the answer's "data", or an Error that says what the service left out.
json data_in(const TransitOptions& options, const std::string& body, const char* member) {
    json answer = json::parse(body, nullptr, false);
    if (answer.is_object() && answer.contains("data") && answer["data"].is_object() &&
        answer["data"].contains(member))
        return std::move(answer["data"][member]);
    throw Error(ErrorCode::kUnavailable,
                "the key service " + options.engine + " answers without data." + member);
}

std::string text_in(const TransitOptions& options, const std::string& body, const char* member) {
    json value = data_in(options, body, member);
    // Moved, as it may be a key: no copy of that is left behind.
    if (value.is_string()) return std::move(value.get_ref<std::string&>());
    throw Error(ErrorCode::kUnavailable,
                "the key service " + options.engine + " answers without a text data." + member);
}

Bytes digest_of(std::string_view purpose) {
    return from_hex(sha256(as_byte_view(purpose)));
}

/// A data key and the digest of its purpose.
constexpr std::size_t kPlainBytes = SecretKey::kBytes + 32;

/// Nothing where it is not base64.
std::optional<Bytes> decoded(std::string_view text) {
    try {
        return from_base64(text);
    } catch (const Error&) {
        return {};
    }
}

/// "v3" of "vault:v3:BASE64"; empty where nothing stands between two colons.
std::string_view version_in(std::string_view ciphertext) {
    const std::size_t first = ciphertext.find(':');
    if (first == std::string_view::npos) return {};
    const std::size_t second = ciphertext.find(':', first + 1);
    if (second == std::string_view::npos) return {};
    return ciphertext.substr(first + 1, second - first - 1);
}

/// Whether it can be what a data key was sealed into: what is not would be kept, and never open.
bool is_ciphertext(std::string_view text) {
    const std::string_view version = version_in(text);
    const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    if (text.starts_with(':') || version.size() < 2 || version.front() != 'v' ||
        !std::all_of(version.begin() + 1, version.end(), is_digit))
        return false;
    const auto behind = static_cast<std::size_t>(version.data() + version.size() + 1 - text.data());
    const auto sealed = decoded(text.substr(behind));
    return sealed && sealed->size() > kPlainBytes;
}

}  // namespace

TransitOptions transit_options_from(std::string_view text) {
    TransitOptions options;
    const std::size_t question = std::min(text.find('?'), text.size());
    const std::string_view url = text.substr(0, question);
    const std::size_t keys = url.rfind("/keys/");
    if (keys == std::string_view::npos) refuse("there is no /keys/NAME in it");
    options.engine = url.substr(0, keys);
    options.key = url.substr(keys + 6);
    if (options.key.empty() || options.key.find_first_of("/:") != std::string::npos)
        refuse("NAME is empty, or not one name");
    const std::string_view engine = options.engine;
    if (engine.starts_with("http://")) {
        // Data keys travel in it.
        if (!is_this_machine(engine.substr(7))) refuse("http:// is for this machine; use https://");
    } else if (!engine.starts_with("https://")) {
        refuse("URL begins with https://");
    }
    std::string_view rest = question < text.size() ? text.substr(question + 1) : std::string_view();
    while (!rest.empty()) {
        const std::size_t end = std::min(rest.find('&'), rest.size());
        put_option(options, rest.substr(0, end));
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    if (options.token_file.empty()) refuse("token-file is missing");
    return options;
}

struct TransitKeyProvider::Service {
    explicit Service(TransitOptions of) : options(std::move(of)) {}

    const TransitOptions options;
    mutable TransitWaits waits{options.patience};
    /// Version, that was heard of.
    mutable std::atomic<long long> newest = 0;

    [[nodiscard]] std::string post(const char* what, const json& body,
                                   const char* behind = "") const {
        // What an altered record holds need not be UTF-8; the service then says what it thinks of
        // it.
        std::string text = body.dump(-1, ' ', false, json::error_handler_t::replace);
        std::string answer = ask_transit(options, waits, what + options.key + behind, text);
        wipe(text);
        return answer;
    }
    /// "transit:NAME:v3".
    [[nodiscard]] bool is_of_an_older_version(std::string_view provider_key) const {
        const std::size_t at = provider_key.rfind('v') + 1;
        long long version = 0;
        std::from_chars(provider_key.data() + at, provider_key.data() + provider_key.size(),
                        version);
        return version < newest;
    }
    [[nodiscard]] long long latest_version() const {
        const json version = data_in(
            options, ask_transit(options, waits, "/keys/" + options.key, ""), "latest_version");
        if (version.is_number_integer() && version.get<long long>() > 0) {
            const auto now = version.get<long long>();
            auto before = newest.load();
            while (before < now && !newest.compare_exchange_weak(before, now)) continue;
            return now;
        }
        throw Error(ErrorCode::kUnavailable,
                    "the key service " + options.engine + " answers with no version of its key");
    }
};

TransitKeyProvider::TransitKeyProvider(TransitOptions options)
    : service_(std::make_unique<Service>(std::move(options))) {
    (void)service_->latest_version();
}

TransitKeyProvider::~TransitKeyProvider() = default;

std::string TransitKeyProvider::current_key() const {
    return "transit:" + service_->options.key + ":v" + std::to_string(service_->latest_version());
}

/// "vault:v3:..." is of version 3.
std::string TransitKeyProvider::name_of_version(std::string_view ciphertext) const {
    const std::string_view version = version_in(ciphertext);
    if (version.empty())
        throw Error(ErrorCode::kCorrupt, "a wrapped data key is not a transit ciphertext");
    return "transit:" + service_->options.key + ":" + std::string(version);
}

WrappedKey TransitKeyProvider::wrapped_from(const std::string& answer) const {
    const std::string ciphertext = text_in(service_->options, answer, "ciphertext");
    if (!is_ciphertext(ciphertext))
        throw Error(ErrorCode::kUnavailable, "the key service " + service_->options.engine +
                                                 " answers with what is no transit ciphertext");
    const ByteView bytes = as_byte_view(ciphertext);
    return {name_of_version(ciphertext), Bytes(bytes.begin(), bytes.end())};
}

WrappedKey TransitKeyProvider::wrap(const SecretKey& key, std::string_view purpose) {
    Bytes plain(key.bytes().begin(), key.bytes().end());
    const Bytes digest = digest_of(purpose);
    plain.insert(plain.end(), digest.begin(), digest.end());
    std::string text = to_base64(plain);
    OPENSSL_cleanse(plain.data(), plain.size());
    json request = {{"plaintext", text}};
    wipe(text);
    try {
        WrappedKey wrapped = wrapped_from(service_->post("/encrypt/", request));
        wipe(request["plaintext"].get_ref<std::string&>());
        // One of several services that have not heard of the newest version yet: once all are
        // wrapped again, the older ones end.
        if (service_->is_of_an_older_version(wrapped.provider_key))
            throw Error(ErrorCode::kUnavailable, "the key service " + service_->options.engine +
                                                     " wraps by an older version of its key");
        // Of one that has answered another's request, or is behind its like in another place, it
        // is seen now, and not once nothing else is left of the key.
        if (unwrap(wrapped, purpose) != key)
            throw Error(ErrorCode::kUnavailable, "the key service " + service_->options.engine +
                                                     " does not open what it wrapped");
        return wrapped;
    } catch (const Error& error) {
        // Nothing of ours is damaged or gone by it: once the service wraps again, it goes on.
        throw Error(ErrorCode::kUnavailable, "a data key is not wrapped", error);
    }
}

/// The whole answer.
std::string TransitKeyProvider::decrypted(const std::string& ciphertext) const {
    try {
        return service_->post("/decrypt/", {{"ciphertext", ciphertext}});
    } catch (const Error& error) {
        // An engine that is not mounted may be in a moment; nobody mounts a retired version.
        const bool is_retired = error.code() == ErrorCode::kConflict;
        if (!is_retired && error.code() != ErrorCode::kNotFound) throw;
        throw Error(is_retired ? ErrorCode::kNotFound : ErrorCode::kUnavailable, error.what());
    }
}

SecretKey TransitKeyProvider::unwrap(const WrappedKey& wrapped, std::string_view purpose) {
    const std::string ours = "transit:" + service_->options.key + ":";
    if (!wrapped.provider_key.starts_with(ours))
        throw Error(ErrorCode::kNotFound, "the key service " + service_->options.engine +
                                              " is not asked for the key-encryption key " +
                                              wrapped.provider_key);
    const std::string ciphertext(as_text(wrapped.bytes));
    if (name_of_version(ciphertext) != wrapped.provider_key)
        throw Error(ErrorCode::kCorrupt, "a wrapped data key is not of " + wrapped.provider_key);
    std::string answer = decrypted(ciphertext);
    std::string text = text_in(service_->options, answer, "plaintext");
    wipe(answer);
    auto opened = decoded(text);
    wipe(text);
    if (!opened || opened->empty())
        throw Error(ErrorCode::kUnavailable,
                    "the key service " + service_->options.engine + " answers with no plaintext");
    Bytes plain = *std::move(opened);
    const Bytes digest = digest_of(purpose);
    if (plain.size() != kPlainBytes ||
        !std::equal(digest.begin(), digest.end(), plain.begin() + SecretKey::kBytes)) {
        OPENSSL_cleanse(plain.data(), plain.size());
        throw Error(ErrorCode::kCorrupt,
                    "a wrapped data key does not open for its purpose: it is another's");
    }
    const SecretKey key = SecretKey::from(ByteView(plain).first(SecretKey::kBytes));
    OPENSSL_cleanse(plain.data(), plain.size());
    return key;
}

void TransitKeyProvider::rotate() {
    (void)service_->post("/keys/", json::object(), "/rotate");
}

void TransitKeyProvider::forget_older(const std::string& kept) {
    const std::string ours = "transit:" + service_->options.key + ":v";
    long long version = 0;
    const char* const end = kept.data() + kept.size();
    if (!kept.starts_with(ours) ||
        std::from_chars(kept.data() + ours.size(), end, version).ptr != end || version < 1)
        throw Error(ErrorCode::kNotFound, "the key service " + service_->options.engine +
                                              " is not asked for the key-encryption key " + kept);
    (void)service_->post("/keys/", {{"min_decryption_version", version}}, "/config");
}

void TransitKeyProvider::end_waits() {
    service_->waits.end();
}

namespace {

std::unique_ptr<KeyProvider> open(std::string_view rest, const std::filesystem::path&,
                                  const IsUsed&) {
    return std::make_unique<TransitKeyProvider>(transit_options_from(rest));
}

}  // namespace

extern const KeyProviderKind kTransitKeys;
const KeyProviderKind kTransitKeys{"transit", open};

}  // namespace lucerna::vault
