#pragma once

#include <filesystem>
#include <memory>
#include <string>

namespace lucerna::dicom {

/// Whether the other end of a TLS connection has to show a certificate that we trust.
enum class PeerCertificate {
    kRequired,
    /// For a server: clients need none. For a client: encrypts without knowing to whom.
    kUnchecked,
};

/// TLS for DICOM by the BCP 195 profile (PS3.15 B.9; RFC 9325): TLS 1.2 with ephemeral keys and
/// AEAD ciphers, or TLS 1.3; nothing older is negotiated.
struct TlsOptions {
    /// PEM: our certificate, followed by its chain. A client may leave both empty.
    std::filesystem::path certificate_file;
    /// PEM, not encrypted.
    std::filesystem::path key_file;
    /// PEM with the certificates that peers are checked against; empty means the system's.
    std::filesystem::path trusted_file;
    PeerCertificate peer_certificate = PeerCertificate::kRequired;
    /// For a client: the name that the server's certificate must bear; empty: any trusted one.
    std::string expected_host;
};

}  // namespace lucerna::dicom
