#include "retrieve/search_room.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "base/error.h"

namespace lucerna::retrieve {
namespace {

std::vector<std::string> items(std::size_t count, std::size_t bytes) {
    return std::vector<std::string>(count, std::string(bytes, 'x'));
}

TEST(FoundItems, ComeOneByOne) {
    const auto found = FoundItems::hold({"a", "b"});
    EXPECT_EQ(found->next(), "a");
    EXPECT_TRUE(found->let_go()) << "nobody needs to, of so little";
    EXPECT_THROW((void)found->next(), Error) << "the answer does not end as if that were all";
    const auto all = FoundItems::hold({"a"});
    EXPECT_EQ(all->next(), "a");
    EXPECT_TRUE(all->let_go());
    EXPECT_EQ(all->next(), std::nullopt);
}

TEST(FoundItems, GoForWhoNeedsTheirMemory) {
    constexpr std::size_t kMegabyte = std::size_t{1} << 20;
    std::vector<std::shared_ptr<FoundItems>> slow;
    for (int i = 0; i < 4; ++i) {
        MemoryBudget::begin_task();
        slow.push_back(FoundItems::hold(items(7, kMegabyte)));
        EXPECT_TRUE(slow.back()->next());
    }
    MemoryBudget::begin_task();
    SearchRoom room(8 * kMegabyte);
    room.take_all();
    EXPECT_THROW((void)slow.front()->next(), Error) << "the one that came first";
    EXPECT_TRUE(slow.back()->next());
}

}  // namespace
}  // namespace lucerna::retrieve
