#include "http/guard.h"

#include <algorithm>
#include <filesystem>

#include "base/error.h"
#include "base/hash.h"

namespace lucerna::http {
namespace {

constexpr std::size_t kShortestToken = 16;

bool contains(const std::vector<std::string>& list, std::string_view item) {
    return std::find(list.begin(), list.end(), item) != list.end();
}

std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return out;
}

/// Takes as long for any two texts of one length.
bool equal_in_constant_time(std::string_view a, std::string_view b) {
    if (a.size() != b.size()) return false;
    unsigned difference = 0;
    for (std::size_t i = 0; i < a.size(); ++i)
        difference |= static_cast<unsigned>(static_cast<unsigned char>(a[i]) ^
                                            static_cast<unsigned char>(b[i]));
    return difference == 0;
}

BearerToken::Rights rights_for(Access access) {
    if (access == Access::kDelete) return BearerToken::Rights::kDelete;
    return access == Access::kWrite ? BearerToken::Rights::kReadAndWrite
                                    : BearerToken::Rights::kRead;
}

struct Origin {
    std::string_view scheme;
    std::string_view authority;
};
/// RFC 6454 6.2: scheme, host and port, nothing behind them.
std::optional<Origin> parse_origin(std::string_view text) {
    for (const std::string_view scheme : {"http", "https"}) {
        if (!text.starts_with(scheme)) continue;
        const std::string_view rest = text.substr(scheme.size());
        if (!rest.starts_with("://")) continue;
        const std::string_view authority = rest.substr(3);
        if (authority.empty() || authority.find_first_of("/?#@* \t,") != std::string_view::npos)
            return std::nullopt;
        return Origin{scheme, authority};
    }
    return std::nullopt;
}

/// The authority without the port that its scheme has anyway.
std::string without_default_port(std::string_view authority, std::string_view scheme) {
    std::string host = lower(authority);
    const std::string_view port = scheme == "https" ? ":443" : ":80";
    if (host.ends_with(port)) host.resize(host.size() - port.size());
    return host;
}

/// The origin of a base URL: all before its path. Empty where it is no base URL.
std::string origin_of_base(std::string_view url) {
    const std::size_t path = url.find('/', std::min(url.size(), url.find("://") + 3));
    const bool is_path = path == std::string_view::npos ||
                         url.find_first_of("?#* \t,", path) == std::string_view::npos;
    const std::string_view origin = url.substr(0, path);
    return is_path && !url.ends_with('/') && parse_origin(origin) ? std::string(origin)
                                                                  : std::string();
}

void check_base_url(const ServerOptions& options) {
    if (!options.base_url.empty() && origin_of_base(options.base_url).empty())
        throw Error(ErrorCode::kInvalidInput,
                    "http: base URL \"" + options.base_url +
                        "\" is not of the form https://host, https://host:port or one of them "
                        "with a path, without a slash at its end");
}

void check_tokens(const ServerOptions& options) {
    std::vector<std::string> seen;
    for (const BearerToken& token : options.tokens) {
        if (token.principal.empty())
            throw Error(ErrorCode::kInvalidInput, "http: a token has no name");
        if (token.token.size() < kShortestToken)
            throw Error(ErrorCode::kInvalidInput,
                        "http: the token of " + token.principal + " has fewer than 16 characters");
        if (token.token.find_first_of(" \t\r\n\"") != std::string::npos)
            throw Error(ErrorCode::kInvalidInput,
                        "http: the token of " + token.principal + " has a blank or quote in it");
        if (contains(seen, token.token))
            throw Error(ErrorCode::kInvalidInput,
                        "http: the token of " + token.principal + " is somebody else's too");
        seen.push_back(token.token);
    }
}

void check_origins(const ServerOptions& options) {
    for (const std::string& origin : options.allowed_origins)
        if (!parse_origin(origin))
            throw Error(ErrorCode::kInvalidInput,
                        "http: allowed origin \"" + origin +
                            "\" is not of the form https://host or https://host:port");
}

}  // namespace

bool is_loopback(std::string_view address) {
    return address.starts_with("127.") || address == "::1" || address.starts_with("::ffff:127.");
}

bool names_loopback(std::string_view host) {
    return same_name(host, "localhost") || host == "[::1]" || is_loopback(host);
}

std::string host_without_port(std::string_view authority) {
    const std::size_t bracket = authority.rfind(']');
    const std::size_t colon = authority.rfind(':');
    const bool has_port =
        colon != std::string_view::npos && (bracket == std::string_view::npos || bracket < colon);
    return lower(has_port ? authority.substr(0, colon) : authority);
}

void check(const ServerOptions& options) {
    if (!is_loopback(options.address) && options.tokens.empty())
        throw Error(ErrorCode::kInvalidInput,
                    "http: a server on " + options.address +
                        ", which is not loopback, needs at least one bearer token");
    if (options.tls_certificate_chain.empty() != options.tls_private_key.empty())
        throw Error(ErrorCode::kInvalidInput,
                    "http: TLS needs both a certificate chain and a private key");
    if (options.threads == 0 || options.upload_threads == 0 || options.max_connections == 0)
        throw Error(ErrorCode::kInvalidInput,
                    "http: threads, upload threads and connections must be at least 1");
    check_tokens(options);
    check_origins(options);
    check_base_url(options);
}

Guard::Guard(const ServerOptions& options)
    : user_header_(options.user_header),
      trusted_proxies_(options.trusted_proxies),
      origins_(options.allowed_origins),
      must_name_host_(!options.allowed_hosts.empty()),
      own_origin_(lower(origin_of_base(options.base_url))) {
    for (const std::string& host : options.allowed_hosts) hosts_.push_back(lower(host));
    if (hosts_.empty() && is_loopback(options.address))
        hosts_ = {"localhost", "127.0.0.1", "[::1]", host_without_port(options.address)};
    if (const auto own = parse_origin(own_origin_); own && !hosts_.empty())
        hosts_.push_back(host_without_port(own->authority));
    for (const BearerToken& token : options.tokens)
        tokens_.push_back({token.principal, sha256(as_byte_view(token.token)), token.rights});
}

bool Guard::knows_host(const Headers& headers) const {
    if (hosts_.empty()) return true;
    // A program that speaks HTTP/1.0 (RFC 9110 7.2): browsers, which a name that somebody else
    // points at this machine could lead here, always send one.
    if (!must_name_host_ && !headers.has("Host")) return true;
    return contains(hosts_, host_without_port(headers.get_or("Host", "")));
}

std::optional<std::string> Guard::allowed_origin(const Headers& headers) const {
    std::optional<std::string> origin = headers.get("Origin");
    if (origin && contains(origins_, *origin)) return origin;
    return std::nullopt;
}

/// A browser says where a request comes from by Origin, or at least by Sec-Fetch-Site; other
/// programs send neither.
bool Guard::is_from_other_site(const Asking& asking) const {
    const std::optional<std::string> origin = asking.headers.get("Origin");
    if (!origin) {
        const std::string site = asking.headers.get_or("Sec-Fetch-Site", "none");
        return site != "none" && site != "same-origin";
    }
    if (contains(origins_, *origin)) return false;
    const std::optional<Origin> parsed = parse_origin(*origin);
    if (!parsed) return true;
    // A proxy that is not told to hand Host on puts its own there.
    if (!own_origin_.empty() && lower(*origin) == own_origin_) return false;
    return without_default_port(parsed->authority, parsed->scheme) !=
           without_default_port(asking.headers.get_or("Host", ""), parsed->scheme);
}

/// Compares hashes, and all of them: neither length nor place of a token shows in the time taken.
const Guard::Known* Guard::holder_of(std::string_view token) const {
    const std::string hash = sha256(as_byte_view(token));
    const Known* holder = nullptr;
    for (const Known& known : tokens_)
        if (equal_in_constant_time(known.token_sha256, hash)) holder = &known;
    return holder;
}

Verdict Guard::identify(const Asking& asking) const {
    const bool must_identify = !tokens_.empty() || !user_header_.empty();
    if (!user_header_.empty() && contains(trusted_proxies_, asking.remote)) {
        // A proxy that adds its own to what the client sent: whose is whose cannot be told.
        const auto& fields = asking.headers.all();
        if (std::count_if(fields.begin(), fields.end(), [&](const auto& field) {
                return same_name(field.first, user_header_);
            }) > 1)
            return {400,
                    "two-users",
                    "the header that names the user is there twice: the proxy has to take out what "
                    "clients send",
                    {}};
        const std::string user = asking.headers.get_or(user_header_, "");
        if (!user.empty() && asking.access == Access::kDelete)
            return {403, "may-not-delete", "deleting needs a bearer token with the right to", user};
        if (!user.empty()) return {0, {}, {}, user};
    }
    const std::string authorization = asking.headers.get_or("Authorization", "");
    const std::size_t blank = authorization.find(' ');
    if (blank != std::string::npos && same_name(authorization.substr(0, blank), "Bearer")) {
        // RFC 9110 11.4: one blank or more.
        const std::size_t token =
            std::min(authorization.find_first_not_of(' ', blank), authorization.size());
        const Known* holder = holder_of(std::string_view(authorization).substr(token));
        if (holder && holder->rights >= rights_for(asking.access))
            return {0, {}, {}, holder->principal};
        if (holder && asking.access == Access::kDelete)
            return {403, "may-not-delete", "this token may not delete", holder->principal};
        if (holder)
            return {403, "read-only", "this token may read, but not write", holder->principal};
        if (must_identify) return {401, "bad-token", "this bearer token is not known here", {}};
    }
    if (must_identify && asking.access != Access::kOpen)
        return {401, "token-needed", "this address needs a bearer token", {}};
    return {};
}

Verdict Guard::judge(const Asking& asking) const {
    if (!knows_host(asking.headers))
        return {421,
                "unknown-host",
                "this server is not known under the name in the Host header; add it to the "
                "allowed hosts if it should be",
                {}};
    const bool safe = !asking.upgrades && (asking.method == "GET" || asking.method == "HEAD" ||
                                           asking.method == "OPTIONS");
    if (!safe && is_from_other_site(asking))
        return {403,
                "other-origin",
                "a page of another origin may not write or open a channel here; add it to the "
                "allowed origins if it "
                "should",
                {}};
    return identify(asking);
}

}  // namespace lucerna::http
