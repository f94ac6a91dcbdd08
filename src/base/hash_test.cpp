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

}  // namespace
}  // namespace lucerna
