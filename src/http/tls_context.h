#pragma once

#include <memory>

#include "http/server.h"

struct ssl_ctx_st;

namespace lucerna::http {

struct FreeTlsContext {
    void operator()(ssl_ctx_st* context) const;
};
using TlsContext = std::unique_ptr<ssl_ctx_st, FreeTlsContext>;

/// What a TLS server needs of OpenSSL: version 1.2 and later, no renegotiation. Null where the
/// options name no certificate. Throws Error(kInvalidInput), naming the file that does not fit.
[[nodiscard]] TlsContext tls_context_of(const ServerOptions& options);

}  // namespace lucerna::http
