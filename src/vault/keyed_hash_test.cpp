#include "vault/keyed_hash.h"

#include <gtest/gtest.h>

namespace lucerna::vault {
namespace {

// RFC 4231 has no key of 32 bytes; a shorter one is the same as itself with zeros behind it
// (RFC 2104 section 2): its test case 2, "Jefe".
TEST(KeyedHash, AgreesWithRfc4231) {
    Bytes key(SecretKey::kBytes, 0);
    const std::string_view jefe = "Jefe";
    std::copy(jefe.begin(), jefe.end(), key.begin());
    EXPECT_EQ(
        to_hex(hmac_sha256(SecretKey::from(key), as_byte_view("what do ya want for nothing?"))),
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

}  // namespace
}  // namespace lucerna::vault
