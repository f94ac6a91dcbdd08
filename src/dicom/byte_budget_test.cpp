#include "dicom/byte_budget.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <future>
#include <latch>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace lucerna::dicom {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using Holding = ByteBudget::Holding;

constexpr std::size_t kMib = std::size_t{1} << 20;

/// What it says on another thread.
bool elsewhere(const std::function<bool()>& take) {
    return std::async(std::launch::async, take).get();
}

TEST(ByteBudget, GivesOneHolderAllThereIs) {
    ByteBudget budget(60 * kMib);
    Holding large(budget);
    for (int i = 0; i < 60; ++i) EXPECT_TRUE(large.take(kMib)) << i;
    EXPECT_FALSE(large.take(1));
    EXPECT_FALSE(large.may_pass_later());
    EXPECT_THAT(large.refusal(), HasSubstr("more than may be held at once"));
}

TEST(ByteBudget, LetsOneHoldMuchAtATime) {
    ByteBudget budget(60 * kMib);
    Holding first(budget);
    Holding second(budget);
    EXPECT_TRUE(first.take(3 * kMib));
    EXPECT_TRUE(second.take(kMib)) << "a little is free for all";
    EXPECT_FALSE(elsewhere([&] { return second.take(2 * kMib); }));
    EXPECT_TRUE(second.may_pass_later());
    EXPECT_TRUE(first.take(20 * kMib));
    first.give_back(22 * kMib);
    EXPECT_FALSE(second.take(2 * kMib)) << "who was refused gives up first";
    second.give_back(kMib);
    EXPECT_TRUE(second.take(3 * kMib)) << "the first holds little now";
}

TEST(ByteBudget, LeavesTheTurnToOthersWhereItIsAskedTo) {
    ByteBudget budget(60 * kMib);
    Holding lasting(budget);
    EXPECT_TRUE(lasting.take_as_small(2 * kMib));
    EXPECT_FALSE(lasting.take_as_small(1)) << "with more it were no small one";
    EXPECT_FALSE(lasting.may_pass_later());
    std::vector<std::unique_ptr<Holding>> small;
    for (int i = 0; i < 14; ++i) {
        small.push_back(std::make_unique<Holding>(budget));
        EXPECT_TRUE(small.back()->take(2 * kMib));
    }
    Holding other(budget);
    EXPECT_FALSE(other.take_as_small(1)) << "the half of the small ones is taken";
    EXPECT_TRUE(other.may_pass_later());
    other.give_back(0);
    EXPECT_TRUE(other.take(1)) << "it may have the turn";
}

TEST(ByteBudget, SaysWhoseTurnOthersWant) {
    ByteBudget budget(60 * kMib);
    Holding first(budget);
    Holding small(budget);
    Holding other(budget);
    EXPECT_TRUE(first.take(3 * kMib));
    EXPECT_TRUE(small.take(kMib));
    EXPECT_FALSE(first.is_wanted());
    EXPECT_FALSE(elsewhere([&] { return other.take(3 * kMib); }));
    EXPECT_TRUE(first.is_wanted());
    EXPECT_FALSE(small.is_wanted()) << "it has no turn";
    first.give_back(3 * kMib);
    EXPECT_TRUE(first.take(3 * kMib));
    EXPECT_FALSE(first.is_wanted()) << "nobody has waited for this one";
}

TEST(ByteBudget, LetsOneThreadHoldMuchInSeveralPlaces) {
    ByteBudget budget(60 * kMib);
    Holding other(budget);
    {
        Holding parts(budget);
        Holding joined(budget);
        EXPECT_TRUE(parts.take(20 * kMib));
        EXPECT_TRUE(joined.take(20 * kMib));
        EXPECT_FALSE(joined.take(30 * kMib)) << "together they keep to the limit";
        EXPECT_FALSE(elsewhere([&] { return other.take(3 * kMib); }));
        joined.give_back(20 * kMib);
        other.give_back(0);
        EXPECT_FALSE(elsewhere([&] { return other.take(3 * kMib); })) << "the first has it still";
    }
    other.give_back(0);
    EXPECT_TRUE(elsewhere([&] { return other.take(50 * kMib); }));
    other.give_back(50 * kMib);
    EXPECT_EQ(budget.held(), 0U);
}

TEST(ByteBudget, KeepsHalfForWhoeverHoldsLittle) {
    ByteBudget budget(4 * kMib);
    Holding large(budget);
    EXPECT_TRUE(large.take(5 * kMib / 2));
    Holding small(budget);
    EXPECT_TRUE(small.take(kMib));
    Holding other(budget);
    EXPECT_FALSE(other.take(kMib)) << "nothing is free";
    EXPECT_TRUE(other.may_pass_later());
}

TEST(ByteBudget, LetsSmallHoldersTakeTheTurnWhereTheirHalfIsTaken) {
    ByteBudget budget(4 * kMib);
    Holding first(budget);
    Holding second(budget);
    Holding third(budget);
    EXPECT_TRUE(first.take(2 * kMib));
    EXPECT_TRUE(second.take(kMib));
    EXPECT_FALSE(elsewhere([&] { return third.take(kMib / 2); })) << "the second has the turn";
    EXPECT_TRUE(second.take(kMib));
}

/// So many of one host, each of which takes some of it in its turn. All threads are there at once,
/// as those that come one after the other may be of one name.
std::vector<std::unique_ptr<Holding>> crowd_of_one(ByteBudget& budget, int count,
                                                   const std::function<void(Holding&)>& take) {
    std::vector<std::unique_ptr<Holding>> crowd;
    std::latch all(count);
    std::mutex mutex;
    std::vector<std::jthread> threads;
    for (int i = 0; i < count; ++i)
        threads.emplace_back([&] {
            const CurrentPeer one("192.0.2.1");
            {
                const std::lock_guard lock(mutex);
                take(*crowd.emplace_back(new Holding(budget)));
            }
            all.arrive_and_wait();
        });
    threads.clear();
    return crowd;
}

TEST(ByteBudget, LetsNoHostKeepOutOthers) {
    ByteBudget budget(64 * kMib);
    const CurrentPeer other("192.0.2.2");
    auto crowd = crowd_of_one(budget, 16, [](Holding& each) { (void)each.take(2 * kMib); });
    EXPECT_EQ(budget.held(), (24 + 2) * kMib) << "and what has the turn";
    std::vector<std::unique_ptr<Holding>> others;
    for (int i = 0; i < 4; ++i)
        EXPECT_TRUE(others.emplace_back(new Holding(budget))->take(2 * kMib)) << i;
    crowd.clear();
    others.clear();
    EXPECT_EQ(budget.held(), 0U);
    std::unique_ptr<Holding> large;
    std::jthread([&] {
        const CurrentPeer one("192.0.2.1");
        large = std::make_unique<Holding>(budget);
        EXPECT_TRUE(large->take(56 * kMib));
        EXPECT_FALSE(large->take(1));
        EXPECT_FALSE(large->may_pass_later());
        EXPECT_THAT(large->refusal(), HasSubstr("58720257 bytes of 58720256 "));
    }).join();
    for (int i = 0; i < 4; ++i)
        EXPECT_TRUE(others.emplace_back(new Holding(budget))->take(2 * kMib)) << i;
    // Whom nobody asked is no host.
    large.reset();
    std::jthread([&] { EXPECT_TRUE(Holding(budget).take(56 * kMib)); }).join();
}

// Whoever held more for a moment is one of the small ones then only where those have room.
TEST(ByteBudget, GivesUpTheTurnForARoomThatThereIs) {
    ByteBudget budget(64 * kMib);
    auto crowd = crowd_of_one(budget, 24, [](Holding& each) {
        if (each.take(2 * kMib) && each.take(1000)) each.give_back(1000);
    });
    EXPECT_LE(budget.held(), (24 + 4) * kMib);
    const CurrentPeer other("192.0.2.2");
    std::vector<std::unique_ptr<Holding>> others;
    for (int i = 0; i < 4; ++i)
        EXPECT_TRUE(others.emplace_back(new Holding(budget))->take(2 * kMib)) << i;
    crowd.clear();
    EXPECT_TRUE(others.emplace_back(new Holding(budget))->take(30 * kMib)) << "nobody has the turn";
    others.clear();
    EXPECT_EQ(budget.held(), 0U);
}

TEST(ByteBudget, GivesTheTurnToAllHostsBeforeItComesToTheSame) {
    ByteBudget budget(64 * kMib, "the test's", 1min);
    std::string served;
    const auto waits = [&](const char* host) {
        return std::jthread([&, host] {
            const CurrentPeer one(host);
            Holding large(budget);
            EXPECT_TRUE(large.take(3 * kMib));
            served += host;
        });
    };
    std::vector<std::jthread> threads;
    {
        const CurrentPeer one("a");
        Holding first(budget);
        EXPECT_TRUE(first.take(3 * kMib));
        for (const char* host : {"a", "a", "a", "b", "b", "b", "c"}) threads.push_back(waits(host));
        while (budget.waiting_for_turn() < 7) std::this_thread::yield();
    }
    threads.clear();
    ASSERT_EQ(served.size(), 7U);
    std::string round = served.substr(0, 3);
    EXPECT_EQ(round.back(), 'a') << "whose it was";
    std::sort(round.begin(), round.end());
    EXPECT_EQ(round, "abc") << served;
    EXPECT_NE(served[3], served[4]) << "of the two that are left";
    EXPECT_EQ(budget.held(), 0U);
}

TEST(ByteBudget, CountsForWhomeverItIsTaken) {
    ByteBudget budget(64 * kMib);
    Holding used_again(budget);
    Holding others(budget);
    {
        const CurrentPeer first("192.0.2.1");
        EXPECT_TRUE(used_again.take(kMib));
        used_again.give_back(kMib);
        EXPECT_TRUE(others.take(56 * kMib));
    }
    const CurrentPeer second("2001:db8::1");
    EXPECT_TRUE(used_again.take(kMib)) << "of a host that has nothing";
}

TEST(ByteBudget, LeavesRoomForSomeObjectsOfOthersHoweverSmallItIs) {
    ByteBudget budget(8 * kMib);
    Holding all(budget);
    {
        const CurrentPeer one("192.0.2.1");
        while (all.take(kMib)) continue;
    }
    EXPECT_TRUE(elsewhere([&] {
        const CurrentPeer asked_by("192.0.2.2");
        Holding first(budget), second(budget);
        return first.take(kMib) && second.take(kMib);
    }));
}

TEST(ByteBudget, WaitsForWhatIsGivenBack) {
    ByteBudget budget(4 * kMib, "the test's", 1h);
    auto first = std::make_unique<Holding>(budget);
    ASSERT_TRUE(first->take(3 * kMib));
    std::jthread soon([&] {
        std::this_thread::sleep_for(20ms);
        first.reset();
    });
    Holding second(budget);
    EXPECT_TRUE(second.take(3 * kMib));
    EXPECT_EQ(budget.held(), 3 * kMib);
}

TEST(ByteBudget, LetsThoseWaitWhoHavePatience) {
    ByteBudget budget(4 * kMib, "the test's", 0ms);
    auto first = std::make_unique<Holding>(budget);
    ASSERT_TRUE(first->take(3 * kMib));
    Holding impatient(budget);
    EXPECT_FALSE(elsewhere([&] { return impatient.take(3 * kMib); }));
    std::jthread soon([&] {
        std::this_thread::sleep_for(20ms);
        first.reset();
    });
    Holding patient(budget, 1h);
    EXPECT_TRUE(elsewhere([&] { return patient.take(3 * kMib); }));
    // Not for as long each time: it has been refused, and gave back what it had.
    Holding weary(budget, 20ms);
    EXPECT_TRUE(elsewhere([&] { return weary.take(kMib / 8); }));
    EXPECT_FALSE(elsewhere([&] { return weary.take(kMib); }));
    weary.give_back(kMib / 8);
    EXPECT_FALSE(elsewhere([&] { return weary.take(2 * kMib); }));
    EXPECT_TRUE(weary.may_pass_later());
}

TEST(ByteBudget, RefusesAtOnceWhomItRefused) {
    ByteBudget budget(4 * kMib, "the test's", 10ms);
    Holding first(budget);
    ASSERT_TRUE(first.take(3 * kMib));
    Holding second(budget);
    EXPECT_FALSE(second.take(3 * kMib));
    EXPECT_THAT(second.refusal(),
                HasSubstr("send it later: 3145728 bytes of 4194304 (the test's)"));
    EXPECT_FALSE(second.take(1));
    second.give_back(0);
    EXPECT_TRUE(second.take(1));
}

TEST(ByteBudget, TakesALimitThatComesLater) {
    ByteBudget budget(ByteBudget::kNoLimit);
    Holding first(budget);
    EXPECT_TRUE(first.take(10 * kMib));
    budget.set_limit(4 * kMib);
    Holding second(budget);
    EXPECT_FALSE(second.take(1));
    first.give_back(8 * kMib);
    second.give_back(0);
    EXPECT_TRUE(second.take(kMib));
}

}  // namespace
}  // namespace lucerna::dicom
