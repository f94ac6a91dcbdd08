#include "vault/sealed_object.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace lucerna::vault {
namespace {

SealedHeader a_header() {
    SealedHeader header;
    header.object = id_from("000102030405060708090a0b0c0d0e0f");
    header.data_key = id_from("101112131415161718191a1b1c1d1e1f");
    header.salt = id_from("202122232425262728292a2b2c2d2e2f");
    header.kind = 1;
    header.received_ms = 1700000000123;
    return header;
}

ErrorCode code_of_decoding(ByteView bytes) {
    try {
        (void)decode_header(bytes);
    } catch (const Error& error) {
        return error.code();
    }
    return ErrorCode::kInternal;
}

TEST(SealedObject, HeaderReadsBackAsItWasWritten) {
    const auto bytes = encode(a_header());
    EXPECT_EQ(to_hex(bytes),
              "4c55435345414c011001018bcfe5687b00010203040506070809"
              "0a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f");
    const SealedHeader read = decode_header(bytes);
    EXPECT_EQ(read.object, a_header().object);
    EXPECT_EQ(read.data_key, a_header().data_key);
    EXPECT_EQ(read.salt, a_header().salt);
    EXPECT_EQ(read.chunk_bytes, kChunkBytes);
    EXPECT_EQ(read.kind, 1);
    EXPECT_EQ(read.received_ms, 1700000000123U);
}

TEST(SealedObject, HeaderIsRefusedWhereItIsNotOurs) {
    auto bytes = encode(a_header());
    EXPECT_EQ(code_of_decoding(ByteView(bytes).first(63)), ErrorCode::kCorrupt);
    bytes[0] = 'X';
    EXPECT_EQ(code_of_decoding(bytes), ErrorCode::kCorrupt);
    bytes = encode(a_header());
    bytes[7] = 2;
    EXPECT_EQ(code_of_decoding(bytes), ErrorCode::kUnsupported);
    bytes = encode(a_header());
    bytes[8] = 0xff;
    EXPECT_EQ(code_of_decoding(bytes), ErrorCode::kCorrupt);
    bytes[8] = 11;
    EXPECT_EQ(code_of_decoding(bytes), ErrorCode::kCorrupt);
}

TEST(SealedObject, SizesGoThereAndBack) {
    for (const std::uint64_t plain : {0U, 1U, 65535U, 65536U, 65537U, 131072U, 17000000U})
        EXPECT_EQ(plain_size(sealed_size(plain)), plain);
    EXPECT_EQ(sealed_size(0), 80U);
    EXPECT_EQ(sealed_size(65537), 64U + 65537U + 32U);
    EXPECT_THROW((void)plain_size(79), Error);
    // One whole chunk and a rest too short to hold even a tag.
    EXPECT_THROW((void)plain_size(64 + 65552 + 16), Error);
    EXPECT_THROW((void)plain_size(64 + 65552 + 5), Error);
}

TEST(SealedObject, AChunkOpensOnlyInItsPlaceOfItsObject) {
    const SecretKey key = SecretKey::random();
    ChunkCipher cipher(key, a_header());
    const Bytes plain(1000, 7);
    Bytes sealed(plain.size() + AesGcm::kTagBytes);
    cipher.seal(3, Chunk::kMore, plain, sealed);
    Bytes opened(plain.size());
    EXPECT_TRUE(cipher.open(3, Chunk::kMore, sealed, opened));
    EXPECT_EQ(opened, plain);
    EXPECT_FALSE(cipher.open(2, Chunk::kMore, sealed, opened)) << "moved";
    EXPECT_FALSE(cipher.open(3, Chunk::kLast, sealed, opened)) << "cut off behind it";

    SealedHeader renamed = a_header();
    renamed.object[0] ^= 1;
    EXPECT_FALSE(ChunkCipher(key, renamed).open(3, Chunk::kMore, sealed, opened));
    EXPECT_FALSE(
        ChunkCipher(SecretKey::random(), a_header()).open(3, Chunk::kMore, sealed, opened));
}

TEST(SealedObject, KnownAnswer) {
    // Computed by Python's cryptography 38 from docs/formats/sealed-object.md.
    ChunkCipher cipher(SecretKey::from(Bytes(32, 0x42)), a_header());
    Bytes sealed(7 + AesGcm::kTagBytes);
    cipher.seal(0, Chunk::kLast, as_byte_view("lucerna"), sealed);
    EXPECT_EQ(to_hex(sealed), "98397aa6c2d5119dc81ae088b69252835c0e9d0d327f40");
}

}  // namespace
}  // namespace lucerna::vault
