#include "store/held_chunks.h"

#include <gtest/gtest.h>

namespace lucerna::store {
namespace {

TEST(HeldChunks, GivesWhatAReaderPutThereLastAndOnce) {
    HeldChunks chunks(100);
    const std::uint64_t one = chunks.new_name();
    const std::uint64_t other = chunks.new_name();
    EXPECT_NE(one, other);
    EXPECT_FALSE(chunks.take(one));
    chunks.put(one, {7, Bytes(40, 'a')});
    chunks.put(other, {8, Bytes(40, 'b')});
    const auto taken = chunks.take(one);
    ASSERT_TRUE(taken);
    EXPECT_EQ(taken->number, 7U);
    EXPECT_EQ(taken->plain, Bytes(40, 'a'));
    EXPECT_FALSE(chunks.take(one)) << "it has it";
    EXPECT_EQ(chunks.bytes(), 40U);
}

TEST(HeldChunks, LetsThoseGoThatWerePutThereFirst) {
    HeldChunks chunks(100);
    std::uint64_t names[3];
    for (std::uint64_t& name : names) {
        name = chunks.new_name();
        chunks.put(name, {1, Bytes(40)});
    }
    EXPECT_EQ(chunks.bytes(), 80U);
    EXPECT_FALSE(chunks.take(names[0]));
    // Who reads on is the last again.
    chunks.put(names[1], *chunks.take(names[1]));
    chunks.put(names[0], {1, Bytes(40)});
    EXPECT_FALSE(chunks.take(names[2]));
    EXPECT_TRUE(chunks.take(names[1]));
    chunks.put(names[2], {1, Bytes(101)});
    EXPECT_EQ(chunks.bytes(), 0U) << "one that is larger than all may be is not held";
}

}  // namespace
}  // namespace lucerna::store
