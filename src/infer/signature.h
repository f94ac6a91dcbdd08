#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/encoding.h"

namespace lucerna::infer {

/// Whose model packages may be run.
struct Trust {
    enum class Unsigned { kAccepted, kRefused };
    /// Raw Ed25519 public keys, 32 bytes each. A signature, where there is one, must verify under
    /// one of them, unless the list is empty and unsigned packages are accepted.
    std::vector<Bytes> public_keys;
    Unsigned unsigned_packages = Unsigned::kAccepted;
};

/// Reads a file with one public key a line, base64, '#' begins a comment.
/// Throws Error(kInvalidInput) naming the line.
[[nodiscard]] std::vector<Bytes> read_public_keys(const std::filesystem::path& path);

/// RFC 8032 Ed25519. `signature` of another size than 64 bytes is simply wrong.
[[nodiscard]] bool verify_ed25519(ByteView message, ByteView signature, ByteView public_key);

/// Applies `trust` to manifest.json's bytes and the text of manifest.sig (base64; empty when there
/// is none). Throws Error(kInvalidInput) with the reason for a refusal.
void check_signature(ByteView manifest, std::string_view signature, const Trust& trust);

}  // namespace lucerna::infer
