#include "dicom/tls_context.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>

#include "base/error.h"
#include "base/tls_policy.h"

namespace lucerna::dicom {
namespace {

std::string openssl_error() {
    const unsigned long code = ERR_get_error();
    ERR_clear_error();
    if (code == 0) return "no reason given";
    if (ERR_SYSTEM_ERROR(code)) return std::strerror(ERR_GET_REASON(code));
    const char* reason = ERR_reason_error_string(code);
    return reason != nullptr ? reason : "code " + std::to_string(code);
}

[[noreturn]] void refuse_file(const char* what, const std::filesystem::path& file) {
    throw Error(ErrorCode::kInvalidInput,
                std::string(what) + " " + file.string() + " can't be used: " + openssl_error());
}

int socket_of(BIO* bio) {
    return static_cast<int>(reinterpret_cast<std::intptr_t>(BIO_get_data(bio)));
}

// OpenSSL's own socket BIO writes without MSG_NOSIGNAL: a peer that leaves would end the process.
int write_to_socket(BIO* bio, const char* bytes, int count) {
    BIO_clear_retry_flags(bio);
    const ssize_t sent =
        ::send(socket_of(bio), bytes, static_cast<std::size_t>(count), MSG_NOSIGNAL);
    if (sent < 0 && (errno == EAGAIN || errno == EINTR)) BIO_set_retry_write(bio);
    return static_cast<int>(sent);
}

int read_from_socket(BIO* bio, char* into, int count) {
    BIO_clear_retry_flags(bio);
    const ssize_t received = ::recv(socket_of(bio), into, static_cast<std::size_t>(count), 0);
    if (received < 0 && (errno == EAGAIN || errno == EINTR)) BIO_set_retry_read(bio);
    return static_cast<int>(received);
}

long control_socket(BIO*, int command, long, void*) {
    return command == BIO_CTRL_FLUSH ? 1 : 0;
}

int create_bio(BIO* bio) {
    BIO_set_init(bio, 1);
    return 1;
}

BIO_METHOD* socket_method() {
    static BIO_METHOD* const method = [] {
        BIO_METHOD* made =
            BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "lucerna socket");
        BIO_meth_set_write(made, write_to_socket);
        BIO_meth_set_read(made, read_from_socket);
        BIO_meth_set_ctrl(made, control_socket);
        BIO_meth_set_create(made, create_bio);
        return made;
    }();
    return method;
}

void load_identity(SSL_CTX* context, const TlsOptions& options, TlsRole role) {
    if (options.certificate_file.empty() && options.key_file.empty() && role == TlsRole::kClient)
        return;
    if (SSL_CTX_use_certificate_chain_file(context, options.certificate_file.c_str()) != 1)
        refuse_file("the certificate file", options.certificate_file);
    if (SSL_CTX_use_PrivateKey_file(context, options.key_file.c_str(), SSL_FILETYPE_PEM) != 1)
        refuse_file("the key file", options.key_file);
    if (SSL_CTX_check_private_key(context) != 1)
        refuse_file("the key does not fit the certificate: the key file", options.key_file);
}

void load_trust(SSL_CTX* context, const TlsOptions& options, TlsRole role) {
    if (options.peer_certificate == PeerCertificate::kUnchecked) {
        SSL_CTX_set_verify(context, SSL_VERIFY_NONE, nullptr);
        return;
    }
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    if (options.trusted_file.empty()) {
        SSL_CTX_set_default_verify_paths(context);
        return;
    }
    if (SSL_CTX_load_verify_locations(context, options.trusted_file.c_str(), nullptr) != 1)
        refuse_file("the file of trusted certificates", options.trusted_file);
    if (role == TlsRole::kServer)
        SSL_CTX_set_client_CA_list(context, SSL_load_client_CA_file(options.trusted_file.c_str()));
}

}  // namespace

void TlsContext::Free::operator()(ssl_ctx_st* context) const {
    SSL_CTX_free(context);
}

TlsContext::TlsContext(const TlsOptions& options, TlsRole role)
    : context_(SSL_CTX_new(role == TlsRole::kServer ? TLS_server_method() : TLS_client_method())),
      role_(role),
      expected_host_(options.expected_host) {
    SSL_CTX* context = context_.get();
    if (context == nullptr)
        throw Error(ErrorCode::kInternal, "TLS does not start: " + openssl_error());
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_cipher_list(context, kTls12Ciphers);
    // Sessions are not resumed (base/tls_policy.h): OpenSSL ends the handshake of who asks a server
    // for it that checks certificates.
    // A DICOM association ends by release: a missing close_notify takes nothing from anybody.
    SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
                                     SSL_OP_NO_TICKET | SSL_OP_CIPHER_SERVER_PREFERENCE |
                                     SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    // A record without data (KeyUpdate, RFC 8446 4.6.3) ends a step: between two steps it is seen
    // that the time is over, or the server, however fast such records come.
    SSL_CTX_clear_mode(context, SSL_MODE_AUTO_RETRY);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_num_tickets(context, 0);
    load_identity(context, options, role);
    load_trust(context, options, role);
}

void TlsSession::Free::operator()(ssl_st* session) const {
    SSL_free(session);
}

TlsSession::TlsSession(const TlsContext& context, int socket)
    : session_(SSL_new(context.context_.get())), role_(context.role_) {
    BIO* bio = session_ ? BIO_new(socket_method()) : nullptr;
    if (bio == nullptr) throw Error(ErrorCode::kInternal, "TLS session: " + openssl_error());
    BIO_set_data(bio, reinterpret_cast<void*>(static_cast<std::intptr_t>(socket)));
    SSL_set_bio(session_.get(), bio, bio);
    if (role_ == TlsRole::kClient && !context.expected_host_.empty()) {
        SSL_set_tlsext_host_name(session_.get(), context.expected_host_.c_str());
        SSL_set1_host(session_.get(), context.expected_host_.c_str());
    }
}

TlsSession::Step TlsSession::outcome(int result, std::size_t bytes) {
    if (result > 0) return {State::kDone, bytes};
    switch (SSL_get_error(session_.get(), result)) {
        case SSL_ERROR_WANT_READ:
            return {State::kWantsToRead, 0};
        case SSL_ERROR_WANT_WRITE:
            return {State::kWantsToWrite, 0};
        case SSL_ERROR_ZERO_RETURN:
            return {State::kClosed, 0};
        default:
            break;
    }
    const long verified = SSL_get_verify_result(session_.get());
    why_ = "TLS: " + openssl_error();
    if (verified != X509_V_OK)
        why_ += std::string(" (") + X509_verify_cert_error_string(verified) + ")";
    return {State::kFailed, 0};
}

TlsSession::Step TlsSession::handshake() {
    ERR_clear_error();
    SSL* session = session_.get();
    return outcome(role_ == TlsRole::kServer ? SSL_accept(session) : SSL_connect(session), 0);
}

TlsSession::Step TlsSession::read(std::span<std::uint8_t> into) {
    ERR_clear_error();
    std::size_t count = 0;
    const int result = SSL_read_ex(session_.get(), into.data(), into.size(), &count);
    return outcome(result, count);
}

TlsSession::Step TlsSession::write(ByteView bytes) {
    ERR_clear_error();
    std::size_t count = 0;
    const int result = SSL_write_ex(session_.get(), bytes.data(), bytes.size(), &count);
    return outcome(result, count);
}

bool TlsSession::has_pending() const {
    return SSL_has_pending(session_.get()) != 0;
}

void TlsSession::close() {
    ERR_clear_error();
    if (SSL_is_init_finished(session_.get()) != 0) SSL_shutdown(session_.get());
    ERR_clear_error();
}

}  // namespace lucerna::dicom
