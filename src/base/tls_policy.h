#pragma once

namespace lucerna {

/// What is spoken below TLS 1.3, which brings its own: forward secrecy and authenticated encryption
/// only (RFC 9325 4.2, which is BCP 195; PS3.15 B.12). In OpenSSL's words; the lowest version is
/// TLS 1.2 wherever this is set.
inline constexpr const char* kTls12Ciphers =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384";

}  // namespace lucerna
