#pragma once

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <cstdio>
#include <filesystem>
#include <string>

namespace lucerna::test {

/// Writes NAME.crt and NAME.key: a certificate for `name` that signs itself.
inline void write_self_signed(const std::filesystem::path& folder, const std::string& name) {
    EVP_PKEY* key = EVP_EC_gen("P-256");
    X509* certificate = X509_new();
    X509_set_version(certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 24 * 3600);
    X509_NAME* subject = X509_get_subject_name(certificate);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
    X509_set_issuer_name(certificate, subject);
    X509_set_pubkey(certificate, key);
    X509_sign(certificate, key, EVP_sha256());
    if (std::FILE* file = std::fopen((folder / (name + ".crt")).c_str(), "wb")) {
        PEM_write_X509(file, certificate);
        std::fclose(file);
    }
    if (std::FILE* file = std::fopen((folder / (name + ".key")).c_str(), "wb")) {
        PEM_write_PrivateKey(file, key, nullptr, nullptr, 0, nullptr, nullptr);
        std::fclose(file);
    }
    X509_free(certificate);
    EVP_PKEY_free(key);
}

}  // namespace lucerna::test
