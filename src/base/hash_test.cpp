#include "base/hash.h"

#include <gtest/gtest.h>

namespace lucerna {
namespace {

// FIPS 180-4 example: "abc".
constexpr const char* kAbc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

TEST(Sha256, FitsThePublishedExample) {
    EXPECT_EQ(sha256(as_byte_view("abc")), kAbc);
}

TEST(Sha256, IsTheSameInPieces) {
    Sha256 hash;
    hash.add(as_byte_view("a"));
    hash.add({});
    hash.add(as_byte_view("bc"));
    EXPECT_EQ(hash.finish(), kAbc);
}

TEST(Sha256, FitsPublishedExamplesOfSeveralBlocks) {
    // FIPS 180-4 examples of two blocks and of a million "a".
    EXPECT_EQ(sha256(as_byte_view("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")),
              "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    EXPECT_EQ(sha256(Bytes(1'000'000, 'a')),
              "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    EXPECT_EQ(sha256({}), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

}  // namespace
}  // namespace lucerna
