#include "dicom/sparse_buffer.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace lucerna::dicom {
namespace {

void append(SparseBuffer& buffer, std::size_t count, std::uint8_t value) {
    const auto room = buffer.grow(count);
    ASSERT_EQ(room.size(), count);
    std::fill(room.begin(), room.end(), value);
}

TEST(SparseBuffer, ForgetsWholePagesWithinARange) {
    ByteBudget budget(std::size_t{64} << 20);
    SparseBuffer buffer(budget);
    append(buffer, 3'000'000, 7);
    buffer.forget({1000, 2'000'001});
    append(buffer, 3'000'000, 9);
    EXPECT_EQ(buffer.size(), 6'000'000U);
    EXPECT_LT(buffer.held(), 4'010'000U);
    EXPECT_GE(buffer.held(), 4'001'000U);
    const ByteView bytes = buffer.bytes();
    EXPECT_TRUE(std::all_of(bytes.begin(), bytes.begin() + 1000, [](auto b) { return b == 7; }));
    EXPECT_EQ(bytes[1'000'000], 0);
    EXPECT_EQ(bytes[2'000'001], 7);
    EXPECT_EQ(bytes[5'999'999], 9);
}

TEST(SparseBuffer, ForgetsAsMuchOfARangeThatIsNamedPieceByPiece) {
    ByteBudget budget(std::size_t{64} << 20);
    SparseBuffer whole(budget);
    SparseBuffer pieces(budget);
    append(whole, 1'000'000, 7);
    append(pieces, 1'000'000, 7);
    whole.forget({1000, 900'000});
    std::size_t begin = 1000;
    for (const std::size_t end : {1001, 3000, 300'001, 300'002, 600'003, 900'000}) {
        pieces.forget({begin, end});
        begin = end;
    }
    EXPECT_EQ(pieces.held(), whole.held());
    const ByteView bytes = pieces.bytes();
    EXPECT_TRUE(std::equal(bytes.begin(), bytes.end(), whole.bytes().begin()));
    EXPECT_EQ(bytes[999], 7);
    EXPECT_EQ(bytes[300'001], 0);
    EXPECT_EQ(bytes[900'000], 7);
}

TEST(SparseBuffer, LeavesARangeAloneThatHoldsNoWholePage) {
    ByteBudget budget(1 << 20);
    SparseBuffer buffer(budget);
    append(buffer, 10'000, 7);
    buffer.forget({1, 4095});
    buffer.forget({9'000, 20'000});
    EXPECT_EQ(buffer.held(), 10'000U);
    EXPECT_EQ(buffer.bytes()[100], 7);
    EXPECT_EQ(buffer.bytes()[9'999], 7);
}

TEST(SparseBuffer, GivesBackToTheBudgetWhatItForgets) {
    ByteBudget budget(2'000'000);
    SparseBuffer buffer(budget);
    append(buffer, 1'500'000, 1);
    EXPECT_TRUE(buffer.grow(1'000'000).empty());
    buffer.forget({0, 1'500'000});
    append(buffer, 1'000'000, 2);
    buffer.clear();
    EXPECT_EQ(budget.held(), 0U);
}

}  // namespace
}  // namespace lucerna::dicom
