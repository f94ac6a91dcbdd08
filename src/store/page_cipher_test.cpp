#include "store/page_cipher.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace lucerna::store {
namespace {

Bytes page_of(std::uint8_t value) {
    Bytes page(kPageBytes, value);
    std::fill(page.end() - kReservedBytes, page.end(), std::uint8_t{0});
    return page;
}

TEST(PageCipher, OpensAPageInItsPlaceAlone) {
    const vault::SecretKey key = vault::SecretKey::random();
    PageCipher writer(key);
    Bytes sealed(kPageBytes);
    ASSERT_TRUE(writer.seal({PagePlace::In::kFile, 7}, page_of(3), sealed));
    PageCipher reader(key);
    Bytes plain(kPageBytes, 9);
    EXPECT_TRUE(reader.open({PagePlace::In::kFile, 7}, sealed, plain));
    EXPECT_EQ(plain, page_of(3));
    EXPECT_FALSE(reader.open({PagePlace::In::kFile, 8}, sealed, plain));
    EXPECT_EQ(plain, page_of(0)) << "nothing of it is given away";
    EXPECT_FALSE(reader.open({PagePlace::In::kLog, 7}, sealed, plain));
    EXPECT_FALSE(
        PageCipher(vault::SecretKey::random()).open({PagePlace::In::kFile, 7}, sealed, plain));
}

TEST(PageCipher, FindsAFlippedBitAnywhere) {
    PageCipher cipher(vault::SecretKey::random());
    Bytes sealed(kPageBytes);
    Bytes plain(kPageBytes);
    ASSERT_TRUE(cipher.seal({PagePlace::In::kFile, 1}, page_of(3), sealed));
    for (std::size_t at = 0; at < sealed.size(); ++at) {
        Bytes altered = sealed;
        altered[at] ^= static_cast<std::uint8_t>(1U << (at % 8));
        EXPECT_FALSE(cipher.open({PagePlace::In::kFile, 1}, altered, plain)) << at;
    }
}

TEST(PageCipher, NeverUsesANonceTwice) {
    const vault::SecretKey key = vault::SecretKey::random();
    std::set<std::string> salts_and_nonces;
    Bytes sealed(kPageBytes);
    for (int opening = 0; opening < 20; ++opening) {
        PageCipher cipher(key);
        for (int write = 0; write < 20; ++write) {
            ASSERT_TRUE(cipher.seal({PagePlace::In::kFile, 1}, page_of(3), sealed));
            salts_and_nonces.insert(to_hex(ByteView(sealed).last(24)));
        }
    }
    EXPECT_EQ(salts_and_nonces.size(), 400U);
}

TEST(PageCipher, RefusesToLoseWhatStandsInTheReservedBytes) {
    PageCipher cipher(vault::SecretKey::random());
    Bytes sealed(kPageBytes);
    EXPECT_FALSE(cipher.seal({PagePlace::In::kFile, 1}, Bytes(kPageBytes, 1), sealed));
}

}  // namespace
}  // namespace lucerna::store
