#include "infer/signature.h"

#include <openssl/evp.h>

#include <memory>
#include <sstream>

#include "base/error.h"
#include "base/file.h"

namespace lucerna::infer {
namespace {

constexpr std::size_t kKeySize = 32;
constexpr std::size_t kSignatureSize = 64;

std::string trimmed(std::string_view text) {
    const auto first = text.find_first_not_of(" \t\r\n");
    if (first == std::string_view::npos) return {};
    return std::string(text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1));
}

}  // namespace

std::vector<Bytes> read_public_keys(const std::filesystem::path& path) {
    const Bytes content = read_file(path, 1 << 20);
    std::istringstream lines{std::string(as_text(content))};
    std::vector<Bytes> keys;
    std::string line;
    for (int number = 1; std::getline(lines, line); ++number) {
        const std::string key = trimmed(std::string_view(line).substr(0, line.find('#')));
        if (key.empty()) continue;
        const std::string place = path.string() + ", line " + std::to_string(number);
        try {
            keys.push_back(from_base64(key));
        } catch (const Error& cause) {
            throw Error(ErrorCode::kInvalidInput, place, cause);
        }
        if (keys.back().size() != kKeySize)
            throw Error(ErrorCode::kInvalidInput, place + ": an Ed25519 public key has 32 bytes");
    }
    return keys;
}

bool verify_ed25519(ByteView message, ByteView signature, ByteView public_key) {
    if (signature.size() != kSignatureSize || public_key.size() != kKeySize) return false;
    const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(
        EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, public_key.data(),
                                    public_key.size()),
        &EVP_PKEY_free);
    const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                          &EVP_MD_CTX_free);
    return key && context &&
           EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key.get()) == 1 &&
           EVP_DigestVerify(context.get(), signature.data(), signature.size(), message.data(),
                            message.size()) == 1;
}

void check_signature(ByteView manifest, std::string_view signature, const Trust& trust) {
    const std::string written = trimmed(signature);
    if (written.empty()) {
        if (trust.unsigned_packages == Trust::Unsigned::kAccepted) return;
        throw Error(ErrorCode::kInvalidInput,
                    "the package has no manifest.sig, and unsigned packages are not accepted here");
    }
    if (trust.public_keys.empty() && trust.unsigned_packages == Trust::Unsigned::kAccepted) return;
    Bytes raw;
    try {
        raw = from_base64(written);
    } catch (const Error& cause) {
        throw Error(ErrorCode::kInvalidInput, "manifest.sig", cause);
    }
    for (const Bytes& key : trust.public_keys)
        if (verify_ed25519(manifest, raw, key)) return;
    throw Error(ErrorCode::kInvalidInput,
                "manifest.sig does not verify under any of the trusted public keys");
}

}  // namespace lucerna::infer
