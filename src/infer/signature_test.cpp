#include "infer/signature.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace lucerna::infer {
namespace {

// RFC 8032 section 7.1, test 2: the message is the one byte 0x72.
const Bytes kKey = from_hex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
const Bytes kMessage = from_hex("72");
const Bytes kSignature = from_hex(
    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
    "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00");

TEST(Signature, VerifiesThePublishedVector) {
    EXPECT_TRUE(verify_ed25519(kMessage, kSignature, kKey));
}

TEST(Signature, FailsForAnotherMessageKeyOrLength) {
    EXPECT_FALSE(verify_ed25519(from_hex("73"), kSignature, kKey));
    Bytes other_key = kKey;
    other_key[0] ^= 1;
    EXPECT_FALSE(verify_ed25519(kMessage, kSignature, other_key));
    EXPECT_FALSE(verify_ed25519(kMessage, ByteView(kSignature).first(63), kKey));
}

TEST(Signature, IsRequiredOnlyWhereTheSiteSaysSo) {
    const Trust open;
    EXPECT_NO_THROW(check_signature(kMessage, "", open));
    const Trust strict{{kKey}, Trust::Unsigned::kRefused};
    EXPECT_THROW(check_signature(kMessage, "", strict), Error);
    EXPECT_NO_THROW(check_signature(kMessage, to_base64(kSignature), strict));
}

TEST(Signature, ThatDoesNotVerifyIsRefusedEvenWhereUnsignedIsAccepted) {
    const Trust open{{kKey}, Trust::Unsigned::kAccepted};
    EXPECT_THROW(check_signature(from_hex("73"), to_base64(kSignature), open), Error);
    EXPECT_THROW(check_signature(kMessage, "not base64!", open), Error);
}

}  // namespace
}  // namespace lucerna::infer
