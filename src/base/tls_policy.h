#pragma once

namespace lucerna {

/// What is spoken below TLS 1.3, which brings its own: forward secrecy and authenticated encryption
/// only (RFC 9325 4.2, which is BCP 195; PS3.15 B.12). In OpenSSL's words; the lowest version is
/// TLS 1.2 wherever this is set.
///
/// No server here gives out tickets or keeps sessions to resume. The key of the tickets would have
/// to change while it runs (RFC 9325 3.4), associations and connections are few and long, and
/// whoever has no trust any more is turned away by the next handshake.
inline constexpr const char* kTls12Ciphers =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384";

}  // namespace lucerna
