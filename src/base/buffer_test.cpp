#include "base/buffer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <utility>

namespace lucerna {
namespace {

TEST(Buffer, IsOfTheSizeThatWasAskedFor) {
    for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{5'000'001}}) {
        Buffer buffer(size);
        ASSERT_EQ(buffer.size(), size);
        std::ranges::fill(buffer.span(), std::uint8_t{7});
        EXPECT_EQ(std::ranges::count(buffer.view(), 7), static_cast<std::ptrdiff_t>(size));
    }
}

TEST(Buffer, TakesBytesOver) {
    Bytes bytes{1, 2, 3};
    const std::uint8_t* where = bytes.data();
    const Buffer buffer(std::move(bytes));
    EXPECT_EQ(buffer.view().data(), where);
    EXPECT_EQ(buffer.size(), 3U);
}

TEST(Buffer, LeavesNothingWhereItWasMovedFrom) {
    Buffer first(100);
    first.span()[99] = 9;
    Buffer second = std::move(first);
    EXPECT_TRUE(first.empty());  // NOLINT(bugprone-use-after-move): that is what is tested.
    EXPECT_EQ(second.view()[99], 9);
    first = Bytes{5};
    second = std::move(first);
    EXPECT_EQ(second.size(), 1U);
    EXPECT_EQ(second.view()[0], 5);
}

TEST(Buffer, KeepsItsMemoryWhereThatIsEnough) {
    Buffer buffer(6'000'000);
    const std::uint8_t* where = buffer.view().data();
    buffer.resize(10);
    EXPECT_EQ(buffer.size(), 10U);
    buffer.resize(6'000'000);
    EXPECT_EQ(buffer.view().data(), where);
    buffer.resize(6'000'001);
    EXPECT_EQ(buffer.size(), 6'000'001U);
    std::ranges::fill(buffer.span(), std::uint8_t{1});
}

}  // namespace
}  // namespace lucerna
