#include "vault/aes_gcm.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string_view>

#include "base/error.h"

namespace lucerna::vault {
namespace {

AesGcm::Nonce nonce_from(std::string_view hex) {
    const Bytes bytes = from_hex(hex);
    AesGcm::Nonce nonce{};
    std::copy(bytes.begin(), bytes.end(), nonce.begin());
    return nonce;
}

struct Vector {
    std::string_view key, nonce, associated, plain, sealed;
};

// McGrew and Viega, "The Galois/Counter Mode of Operation (GCM)", appendix B, test cases 13,
// 14, 16.
constexpr std::string_view kZeroKey =
    "0000000000000000000000000000000000000000000000000000000000000000";
const Vector kVectors[] = {
    {kZeroKey, "000000000000000000000000", "", "", "530f8afbc74536b9a963b4f1c4cb738b"},
    {kZeroKey, "000000000000000000000000", "", "00000000000000000000000000000000",
     "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919"},
    {"feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308", "cafebabefacedbaddecaf888",
     "feedfacedeadbeeffeedfacedeadbeefabaddad2",
     "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
     "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
     "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
     "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"
     "76fc6ece0f4e1768cddf8853bb2d551b"},
};

TEST(AesGcm, GivesThePublishedCiphertextsAndTags) {
    for (const Vector& known : kVectors) {
        AesGcm cipher(SecretKey::from(from_hex(known.key)));
        const Bytes plain = from_hex(known.plain);
        Bytes sealed(plain.size() + AesGcm::kTagBytes);
        cipher.seal(nonce_from(known.nonce), from_hex(known.associated), plain, sealed);
        EXPECT_EQ(to_hex(sealed), known.sealed);
        Bytes opened(plain.size());
        EXPECT_TRUE(
            cipher.open(nonce_from(known.nonce), from_hex(known.associated), sealed, opened));
        EXPECT_EQ(opened, plain);
    }
}

TEST(AesGcm, RefusesEveryFlippedBit) {
    const Vector& known = kVectors[2];
    AesGcm cipher(SecretKey::from(from_hex(known.key)));
    const Bytes sealed = from_hex(known.sealed);
    Bytes opened(sealed.size() - AesGcm::kTagBytes);
    for (std::size_t bit = 0; bit < sealed.size() * 8; ++bit) {
        Bytes altered = sealed;
        altered[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
        EXPECT_FALSE(
            cipher.open(nonce_from(known.nonce), from_hex(known.associated), altered, opened))
            << "bit " << bit;
        EXPECT_EQ(opened, Bytes(opened.size())) << "nothing unproven may be seen";
    }
}

TEST(AesGcm, RefusesOtherAssociatedDataAndOtherNonces) {
    const Vector& known = kVectors[2];
    AesGcm cipher(SecretKey::from(from_hex(known.key)));
    const Bytes sealed = from_hex(known.sealed);
    Bytes opened(sealed.size() - AesGcm::kTagBytes);
    EXPECT_FALSE(cipher.open(nonce_from(known.nonce), {}, sealed, opened));
    EXPECT_FALSE(cipher.open(AesGcm::Nonce{}, from_hex(known.associated), sealed, opened));
}

TEST(Hkdf, GivesThePublishedKeys) {
    // RFC 5869, A.1 and A.3.
    const Bytes key(22, 0x0b);
    EXPECT_EQ(
        to_hex(hkdf_sha256(key, from_hex("000102030405060708090a0b0c"),
                           from_hex("f0f1f2f3f4f5f6f7f8f9"), 42)),
        "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865");
    EXPECT_EQ(
        to_hex(hkdf_sha256(key, {}, {}, 42)),
        "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8");
}

TEST(SecretKey, HasThirtyTwoBytesAndNoOtherNumber) {
    EXPECT_THROW((void)SecretKey::from(Bytes(31)), Error);
    EXPECT_THROW((void)SecretKey::from(Bytes(33)), Error);
    EXPECT_FALSE(SecretKey::random() == SecretKey::random());
}

}  // namespace
}  // namespace lucerna::vault
