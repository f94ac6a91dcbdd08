#include "http/tls_context.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <array>
#include <string>

#include "base/error.h"
#include "base/tls_policy.h"

namespace lucerna::http {
namespace {

[[noreturn]] void refuse(const std::string& what) {
    std::array<char, 256> reason{};
    ERR_error_string_n(ERR_get_error(), reason.data(), reason.size());
    ERR_clear_error();
    throw Error(ErrorCode::kInvalidInput, "http: " + what + ": " + reason.data());
}

}  // namespace

void FreeTlsContext::operator()(ssl_ctx_st* context) const {
    SSL_CTX_free(context);
}

TlsContext tls_context_of(const ServerOptions& options) {
    const std::string chain = options.tls_certificate_chain.string();
    const std::string key = options.tls_private_key.string();
    if (chain.empty()) return nullptr;
    TlsContext context(SSL_CTX_new(TLS_server_method()));
    if (!context || SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION) != 1 ||
        SSL_CTX_set_cipher_list(context.get(), kTls12Ciphers) != 1)
        refuse("cannot set TLS up");
    // Sessions are not resumed: see base/tls_policy.h.
    SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE |
                                           SSL_OP_NO_COMPRESSION | SSL_OP_NO_TICKET);
    SSL_CTX_set_num_tickets(context.get(), 0);
    SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
    if (SSL_CTX_use_certificate_chain_file(context.get(), chain.c_str()) != 1)
        refuse("cannot use the certificate chain " + chain);
    if (SSL_CTX_use_PrivateKey_file(context.get(), key.c_str(), SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_check_private_key(context.get()) != 1)
        refuse("cannot use the private key " + key + " with that certificate");
    return context;
}

}  // namespace lucerna::http
