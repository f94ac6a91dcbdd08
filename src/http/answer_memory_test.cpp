#include "http/answer_memory.h"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "http/pieces.h"

namespace lucerna::http {
namespace {

using namespace std::chrono_literals;

TEST(AnswerMemory, TakesAndGivesBack) {
    AnswerMemory memory({.limit = 100});
    auto first = memory.take(60, {});
    auto second = memory.take(40, {});
    EXPECT_TRUE(first && second);
    EXPECT_EQ(memory.held(), 100U);
    first.reset();
    EXPECT_EQ(memory.held(), 40U);
}

TEST(AnswerMemory, OneAloneMayBeLarger) {
    AnswerMemory memory({.limit = 100, .patience = 0ms});
    const auto alone = memory.take(500, {});
    EXPECT_TRUE(alone);
    EXPECT_FALSE(memory.take(1, {}));
}

TEST(AnswerMemory, CutsWhoHasStalledForLongestAndNobodyMore) {
    AnswerMemory memory({.limit = 100, .stall = 20ms, .patience = 10s});
    std::unique_ptr<AnswerMemory::Holding> held[3];
    int cut[3] = {};
    for (int i = 0; i < 3; ++i)
        held[i] = memory.take(30, [&held, &cut, i] {
            ++cut[i];
            held[i].reset();
        });
    std::this_thread::sleep_for(30ms);
    held[0]->note_progress();
    const auto next = memory.take(30, {});
    EXPECT_TRUE(next);
    EXPECT_EQ(cut[0], 0) << "it had just taken something";
    EXPECT_EQ(cut[1] + cut[2], 1);
    EXPECT_EQ(cut[1], 1) << "it began before the other";
}

TEST(AnswerMemory, CutsNobodyForWhatIsOnItsWayOut) {
    AnswerMemory memory({.limit = 100, .stall = 0ms, .patience = 250ms});
    int cut = 0;
    const auto slow_to_go = memory.take(50, [&] { ++cut; });
    const auto other = memory.take(50, [&] { ++cut; });
    EXPECT_FALSE(memory.take(10, {}));
    EXPECT_EQ(cut, 1) << "one is enough, once it is gone";
}

TEST(AnswerMemory, RefusesWhereNobodyHasStalled) {
    AnswerMemory memory({.limit = 100, .stall = 1h, .patience = 20ms});
    int cut = 0;
    const auto all = memory.take(100, [&] { ++cut; });
    EXPECT_FALSE(memory.take(1, {}));
    EXPECT_EQ(cut, 0);
    EXPECT_EQ(memory.held(), 100U);
}

TEST(AnswerMemory, WaitsForWhatIsGivenBack) {
    AnswerMemory memory({.limit = 100, .stall = 1h, .patience = 1h});
    auto all = memory.take(100, {});
    std::thread later([&] {
        std::this_thread::sleep_for(20ms);
        all.reset();
    });
    EXPECT_TRUE(memory.take(60, {}));
    later.join();
}

TEST(AnswerMemory, LetsOnlySoManyWait) {
    AnswerMemory memory({.limit = 100, .stall = 1h, .patience = 1h, .most_waiting = 0});
    const auto all = memory.take(100, {});
    EXPECT_FALSE(memory.take(1, {}));
}

TEST(AnswerMemory, HoldsWhatCannotBeRefusedAndCutsAsManyAsItNeeds) {
    AnswerMemory memory({.limit = 100, .stall = 20ms});
    int cut = 0;
    const auto first = memory.take(40, [&] { ++cut; });
    const auto second = memory.take(40, [&] { ++cut; });
    const auto quick = memory.take(20, [&] { cut += 100; });
    EXPECT_TRUE(memory.hold(50, {})) << "nobody has stalled yet";
    EXPECT_EQ(cut, 0);
    std::this_thread::sleep_for(30ms);
    quick->note_progress();
    const auto more = memory.hold(60, {});
    EXPECT_EQ(cut, 2);
    EXPECT_EQ(memory.held(), 160U) << "those that are cut are not gone yet";
}

TEST(AnswerMemory, CutsWhoMadeProgressAnotherTime) {
    AnswerMemory memory({.limit = 100, .stall = 20ms});
    int asked = 0;
    std::unique_ptr<AnswerMemory::Holding> slow = memory.take(100, [&] {
        if (++asked == 1) slow->note_progress();
    });
    std::this_thread::sleep_for(30ms);
    const auto one = memory.hold(50, {});
    EXPECT_EQ(asked, 1) << "it shows that its client has taken something";
    std::this_thread::sleep_for(30ms);
    one->note_progress();
    const auto another = memory.hold(50, {});
    EXPECT_EQ(asked, 2) << "it was spared then, and is not now";
    const auto third = memory.hold(50, {});
    EXPECT_EQ(asked, 2) << "it is on its way out";
}

TEST(AnswerMemory, MakesPiecesSmallerTheFullerItIs) {
    AnswerMemory memory({.limit = std::size_t{16} << 20});
    EXPECT_EQ(memory.piece_bytes(), kPieceBytes);
    const auto some = memory.take(std::size_t{4} << 20, {});
    EXPECT_EQ(memory.piece_bytes(), std::size_t{512} << 10);
    const auto half = memory.take(std::size_t{4} << 20, {});
    EXPECT_EQ(memory.piece_bytes(), AnswerMemory::kLeastPiece) << "which needs no room";
}

// It waits for the object store, say, and would be counted as going.
TEST(AnswerMemory, TakesNothingThatIsBeingMadeForWhatIsOnItsWayOut) {
    AnswerMemory memory({.limit = 100, .stall = 0ms, .patience = 10s});
    const auto in_the_making = memory.hold(50, {});
    auto stalled = std::unique_ptr<AnswerMemory::Holding>();
    stalled = memory.take(50, [&] { stalled.reset(); });
    EXPECT_TRUE(memory.hold(20, {}));
    EXPECT_FALSE(stalled);
    EXPECT_TRUE(memory.take(50, {})) << "what has a client that takes nothing makes room";
}

}  // namespace
}  // namespace lucerna::http
