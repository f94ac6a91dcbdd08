#include "vault/sealed_object.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <bit>
#include <string>

#include "base/error.h"

namespace lucerna::vault {
namespace {

// Layout of the header; numbers are big-endian.
constexpr std::string_view kMagic = "LUCSEAL";
constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kChunkSizeAt = 8;
constexpr std::size_t kKindAt = 9;
constexpr std::size_t kReceivedAt = 10;
constexpr std::size_t kReceivedBytes = 6;
constexpr std::size_t kObjectAt = 16;
constexpr std::size_t kDataKeyAt = 32;
constexpr std::size_t kSaltAt = 48;
constexpr std::string_view kPurpose = "lucerna sealed object 1";

[[noreturn]] void corrupt(const std::string& what) {
    throw Error(ErrorCode::kCorrupt, "sealed object: " + what);
}

SecretKey object_key(const SecretKey& data_key, const Id& salt) {
    Bytes derived = hkdf_sha256(data_key.bytes(), salt, as_byte_view(kPurpose), SecretKey::kBytes);
    const SecretKey key = SecretKey::from(derived);
    OPENSSL_cleanse(derived.data(), derived.size());
    return key;
}

/// 11 bytes of chunk number, 1 byte that says whether it is the last.
AesGcm::Nonce nonce_of(std::uint64_t number, Chunk which) {
    AesGcm::Nonce nonce{};
    for (std::size_t i = 0; i < 8; ++i)
        nonce[10 - i] = static_cast<std::uint8_t>((number >> (8 * i)) & 0xff);
    nonce[11] = which == Chunk::kLast ? 1 : 0;
    return nonce;
}

}  // namespace

std::array<std::uint8_t, kSealedHeaderBytes> encode(const SealedHeader& header) {
    std::array<std::uint8_t, kSealedHeaderBytes> bytes{};
    std::copy(kMagic.begin(), kMagic.end(), bytes.begin());
    bytes[kMagic.size()] = kVersion;
    bytes[kChunkSizeAt] = static_cast<std::uint8_t>(std::countr_zero(header.chunk_bytes));
    bytes[kKindAt] = header.kind;
    for (std::size_t i = 0; i < kReceivedBytes; ++i)
        bytes[kReceivedAt + kReceivedBytes - 1 - i] =
            static_cast<std::uint8_t>((header.received_ms >> (8 * i)) & 0xff);
    std::copy(header.object.begin(), header.object.end(), bytes.begin() + kObjectAt);
    std::copy(header.data_key.begin(), header.data_key.end(), bytes.begin() + kDataKeyAt);
    std::copy(header.salt.begin(), header.salt.end(), bytes.begin() + kSaltAt);
    return bytes;
}

SealedHeader decode_header(ByteView bytes) {
    if (bytes.size() < kSealedHeaderBytes) corrupt("the header is cut short");
    if (as_text(bytes.first(kMagic.size())) != kMagic) corrupt("the magic is not LUCSEAL");
    if (bytes[kMagic.size()] != kVersion)
        throw Error(ErrorCode::kUnsupported, "sealed object: format version " +
                                                 std::to_string(bytes[kMagic.size()]) +
                                                 ", this program reads version 1");
    SealedHeader header;
    const unsigned power = bytes[kChunkSizeAt];
    if (power < 12 || power > 24) corrupt("a chunk size of 2^" + std::to_string(power));
    header.chunk_bytes = std::uint32_t{1} << power;
    header.kind = bytes[kKindAt];
    for (std::size_t i = 0; i < kReceivedBytes; ++i)
        header.received_ms = (header.received_ms << 8) | bytes[kReceivedAt + i];
    std::copy_n(bytes.begin() + kObjectAt, header.object.size(), header.object.begin());
    std::copy_n(bytes.begin() + kDataKeyAt, header.data_key.size(), header.data_key.begin());
    std::copy_n(bytes.begin() + kSaltAt, header.salt.size(), header.salt.begin());
    return header;
}

std::uint64_t sealed_size(std::uint64_t plain_bytes, std::uint32_t chunk_bytes) {
    const std::uint64_t chunks =
        plain_bytes == 0 ? 1 : (plain_bytes + chunk_bytes - 1) / chunk_bytes;
    return kSealedHeaderBytes + plain_bytes + chunks * AesGcm::kTagBytes;
}

std::uint64_t plain_size(std::uint64_t sealed_bytes, std::uint32_t chunk_bytes) {
    if (sealed_bytes < kSealedHeaderBytes + AesGcm::kTagBytes) corrupt("it is cut short");
    const std::uint64_t body = sealed_bytes - kSealedHeaderBytes;
    const std::uint64_t sealed_chunk = chunk_bytes + AesGcm::kTagBytes;
    const std::uint64_t chunks = (body + sealed_chunk - 1) / sealed_chunk;
    if (body < chunks * AesGcm::kTagBytes) corrupt("the last chunk is cut short");
    const std::uint64_t plain = body - chunks * AesGcm::kTagBytes;
    if (sealed_size(plain, chunk_bytes) != sealed_bytes) corrupt("the last chunk is cut short");
    return plain;
}

ChunkCipher::ChunkCipher(const SecretKey& data_key, const SealedHeader& header)
    : header_(encode(header)), cipher_(object_key(data_key, header.salt)) {}

void ChunkCipher::seal(std::uint64_t number, Chunk which, ByteView plain,
                       std::span<std::uint8_t> sealed) {
    cipher_.seal(nonce_of(number, which), header_, plain, sealed);
}

bool ChunkCipher::open(std::uint64_t number, Chunk which, ByteView sealed,
                       std::span<std::uint8_t> plain) {
    return cipher_.open(nonce_of(number, which), header_, sealed, plain);
}

}  // namespace lucerna::vault
