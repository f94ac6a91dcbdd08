#include "base/memory_budget.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/current_peer.h"
#include "base/error.h"

namespace lucerna {
namespace {

using namespace std::chrono_literals;

ErrorCode refusal_of(MemoryBudget& budget, std::size_t bytes) {
    try {
        (void)budget.take(bytes, "a frame");
    } catch (const Error& error) {
        EXPECT_NE(std::string(error.what()).find("the test's"), std::string::npos) << error.what();
        return error.code();
    }
    ADD_FAILURE() << "it was given";
    return ErrorCode::kInternal;
}

/// Of whoever is gone.
class GivenUp final : public MemoryBudget::Waiting {
  public:
    bool begin(bool /*again*/) noexcept override { return true; }
    void end() noexcept override {}
    [[nodiscard]] bool is_over() const noexcept override { return true; }
};

TEST(MemoryBudget, GivesUpToItsLimitAndTakesBack) {
    MemoryBudget budget("the test's", 100);
    {
        const MemoryBudget::Share one = budget.take(60, "one");
        MemoryBudget::Share other = budget.take(40, "other");
        EXPECT_EQ(budget.held(), 100U);
        const MemoryBudget::Share moved = std::move(other);
        EXPECT_EQ(budget.held(), 100U);
    }
    EXPECT_EQ(budget.held(), 0U);
}

TEST(MemoryBudget, RefusesWhatCanNeverFit) {
    MemoryBudget budget("the test's", 100);
    EXPECT_EQ(refusal_of(budget, 101), ErrorCode::kUnsupported);
    budget.set_limit(101);
    (void)budget.take(101, "it");
    EXPECT_EQ(budget.held(), 0U);
}

TEST(MemoryBudget, EndsTheWaitOfWhoGetsNothing) {
    MemoryBudget budget("the test's", 100, 1ms);
    const MemoryBudget::Share all = budget.take(100, "all");
    std::jthread([&] { EXPECT_EQ(refusal_of(budget, 1), ErrorCode::kUnavailable); }).join();
    // Who gave up is not in the way of the next.
    std::jthread([&] { EXPECT_EQ(refusal_of(budget, 1), ErrorCode::kUnavailable); }).join();
}

TEST(MemoryBudget, WaitsAsLongAsOthersMove) {
    MemoryBudget budget("the test's", 100, 2s);
    std::vector<MemoryBudget::Share> shares;
    for (int i = 0; i < 10; ++i) shares.push_back(budget.take(10, "one of many"));
    std::jthread waiting([&] { (void)budget.take(100, "all"); });
    // Longer than its patience, all in all.
    while (!shares.empty()) {
        std::this_thread::sleep_for(250ms);
        shares.pop_back();
    }
}

TEST(MemoryBudget, LetsNobodyWaitForItself) {
    MemoryBudget budget("the test's", 100, 1ms);
    const MemoryBudget::Share all = budget.take(100, "all");
    const MemoryBudget::Share more = budget.take(50, "more");
    EXPECT_EQ(budget.held(), 150U);
    std::jthread([&] { EXPECT_EQ(refusal_of(budget, 1), ErrorCode::kUnavailable); }).join();
}

TEST(MemoryBudget, LetsNobodyWaitForWhoWaitsForHim) {
    MemoryBudget first("the test's first", 100, 1ms), second("the test's second", 100);
    MemoryBudget::Share all;
    std::jthread([&] { all = first.take(100, "all of another's"); }).join();
    EXPECT_THROW((void)first.take_beside(second, 10, "a frame"), Error);
    const MemoryBudget::Share held = second.take(10, "what it waits for");
    (void)first.take_beside(second, 10, "a frame");
    EXPECT_EQ(first.held(), 100U);
}

TEST(MemoryBudget, CountsWhatAnotherHoldsButForWhoIsAlone) {
    MemoryBudget other("the other", 100), budget("the test's", 100, 1ms, 1ms, &other);
    MemoryBudget::Share beside, one;
    std::jthread([&] {
        beside = other.take(30, "beside");
        one = budget.take(40, "one");
    }).join();
    EXPECT_EQ(refusal_of(budget, 40), ErrorCode::kUnavailable);
    (void)budget.take(30, "what is left");
    one = {};
    (void)budget.take(100, "all, alone");
    // It is seen when the other gives back.
    MemoryBudget patient("the test's", 100, 20s, 1ms, &other);
    MemoryBudget::Share another;
    std::jthread([&] { another = patient.take(40, "one"); }).join();
    std::jthread gives_back([&] {
        std::this_thread::sleep_for(20ms);
        beside = {};
    });
    (void)patient.take(60, "what comes free");
}

TEST(MemoryBudget, IsNotTheHoldersOnceAnotherThreadGaveItBack) {
    MemoryBudget budget("the test's", 100, 1ms);
    std::optional<MemoryBudget::Share> mine = budget.take(100, "mine");
    std::jthread([&] { mine.reset(); }).join();
    std::optional<MemoryBudget::Share> others;
    std::jthread([&] { others = budget.take(100, "others"); }).join();
    EXPECT_EQ(refusal_of(budget, 1), ErrorCode::kUnavailable);
}

TEST(MemoryBudget, GetsBackWhatIsNotKept) {
    MemoryBudget budget("the test's", 100, 1ms);
    MemoryBudget::Share share = budget.take(100, "all");
    share.keep_only(30);
    share.keep_only(60);
    EXPECT_EQ(budget.held(), 30U);
    std::jthread([&] { (void)budget.take(70, "the rest"); }).join();
    share = {};
    EXPECT_EQ(budget.held(), 0U);
}

TEST(MemoryBudget, LetsWhoGaveAShareAwayWaitAsOthersDo) {
    MemoryBudget budget("the test's", 100, 1ms);
    MemoryBudget::Share away = budget.take(100, "an answer");
    away.detach();
    EXPECT_EQ(refusal_of(budget, 1), ErrorCode::kUnavailable);
    away = {};
    EXPECT_EQ(budget.held(), 0U);
    const MemoryBudget::Share again = budget.take(100, "again");
}

TEST(MemoryBudget, IsNotTheNextTasksWhatOneLeftBehind) {
    MemoryBudget budget("the test's", 100, 1ms);
    std::jthread([&] {
        MemoryBudget::begin_task();
        std::optional<MemoryBudget::Share> left = budget.take(100, "an answer that is on its way");
        const MemoryBudget::Share more = budget.take(1, "more of it");
        MemoryBudget::begin_task();
        EXPECT_EQ(refusal_of(budget, 1), ErrorCode::kUnavailable) << "as any other's";
        left.reset();
        const MemoryBudget::Share others = budget.take(50, "another answer");
        const MemoryBudget::Share too_much = budget.take(80, "more of that");
    }).join();
    EXPECT_EQ(budget.held(), 0U);
}

/// Holds a share until it is asked for it.
class Made final : public MemoryBudget::Renewable {
  public:
    Made(MemoryBudget& budget, std::size_t bytes) : share(budget.take(bytes, "made")) {
        share.detach();
    }
    bool let_go() noexcept override {
        ++asked;
        if (in_use) return false;
        share = {};
        return true;
    }

    MemoryBudget::Share share;
    std::atomic<bool> in_use = false;
    std::atomic<int> asked = 0;
};

TEST(MemoryBudget, AsksForWhatCanBeMadeAgainAndForNoMoreThanItTakes) {
    MemoryBudget budget("the test's", 100, 1min, 1ms);
    std::vector<std::shared_ptr<Made>> made;
    for (int i = 0; i < 4; ++i) {
        made.push_back(std::make_shared<Made>(budget, 25));
        budget.may_ask(made.back());
    }
    made[0]->in_use = true;
    {
        const MemoryBudget::Share share = budget.take(40, "a frame");
        EXPECT_EQ(budget.held(), 25 + 25 + 40U);
    }
    EXPECT_EQ(made[1]->asked, 1);
    EXPECT_EQ(made[2]->asked, 1);
    EXPECT_EQ(made[3]->asked, 0) << "it came last";
    made[0]->in_use = false;
    made[3].reset();
    const MemoryBudget::Share all = budget.take(100, "all");
    EXPECT_EQ(budget.held(), 100U);
    EXPECT_GE(made[0]->asked, 2) << "it was kept the first time";
    EXPECT_EQ(made[1]->asked, 1) << "it has nothing to give";
}

TEST(MemoryBudget, LeavesWhatWasJustMade) {
    MemoryBudget budget("the test's", 100, 50ms, 1min);
    const auto made = std::make_shared<Made>(budget, 100);
    budget.may_ask(made);
    EXPECT_EQ(refusal_of(budget, 1), ErrorCode::kUnavailable);
    EXPECT_EQ(made->asked, 0);
}

TEST(MemoryBudget, AsksForWhomeverIsTheFirstInLine) {
    MemoryBudget budget("the test's", 100, 1min, 100ms);
    std::vector<std::shared_ptr<Made>> made;
    for (int i = 0; i < 4; ++i) {
        made.push_back(std::make_shared<Made>(budget, 25));
        budget.may_ask(made.back());
    }
    std::vector<std::jthread> waiting;
    for (int i = 0; i < 4; ++i) waiting.emplace_back([&] { (void)budget.take(90, "one of many"); });
    waiting.clear();
    EXPECT_EQ(budget.held(), 0U);
}

TEST(MemoryBudget, GivesEachHostItsTurnAfterTheOthers) {
    MemoryBudget budget("the test's", 100, 1min);
    std::optional<MemoryBudget::Share> all = budget.take(100, "all");
    std::mutex mutex;
    std::string served;
    std::vector<std::jthread> waiting;
    for (const std::string host : {"a", "a", "a", "b", "a", "b", "c"}) {
        waiting.emplace_back([&, host] {
            const CurrentPeer asked_by(host);
            const MemoryBudget::Share share = budget.take(100, "all of it");
            const std::lock_guard lock(mutex);
            served += host;
        });
        while (budget.waiting() < waiting.size()) std::this_thread::yield();
    }
    MemoryBudget::begin_task();
    all.reset();
    waiting.clear();
    EXPECT_EQ(served, "abcabaa");
    EXPECT_EQ(budget.waiting(), 0U);
}

TEST(MemoryBudget, TakesNoTurnFromTheHostOfWhoGivesUp) {
    MemoryBudget budget("the test's", 100, 1min);
    std::string served;
    std::mutex mutex;
    std::vector<std::jthread> threads;
    std::optional<MemoryBudget::Share> all = budget.take(100, "all");
    const auto waits = [&](const char* host) {
        const std::size_t before = budget.waiting();
        threads.emplace_back([&, host] {
            const CurrentPeer one(host);
            const MemoryBudget::Share share = budget.take(100, "a frame");
            const std::lock_guard lock(mutex);
            served += host;
        });
        while (budget.waiting() == before) std::this_thread::yield();
    };
    waits("b");
    waits("a");
    {
        GivenUp waiting;
        std::jthread gives_up([&] {
            MemoryBudget::begin_task(&waiting);
            const CurrentPeer one("b");
            EXPECT_EQ(refusal_of(budget, 100), ErrorCode::kUnavailable);
        });
    }
    all.reset();
    threads.clear();
    EXPECT_EQ(served, "ba");
}

TEST(MemoryBudget, ServesManyWithoutEverHoldingMore) {
    MemoryBudget budget("the test's", 100, 1min);
    std::atomic<std::size_t> held = 0;
    std::atomic<std::size_t> most = 0;
    {
        std::vector<std::jthread> threads;
        for (std::size_t thread = 0; thread < 8; ++thread)
            threads.emplace_back([&, thread] {
                for (std::size_t i = 0; i < 200; ++i) {
                    const std::size_t bytes = 1 + (thread * 37 + i * 13) % 100;
                    const MemoryBudget::Share share = budget.take(bytes, "some");
                    const std::size_t now = held += bytes;
                    for (std::size_t before = most; now > before;)
                        if (most.compare_exchange_weak(before, now)) break;
                    held -= bytes;
                }
            });
    }
    EXPECT_LE(most, 100U);
    EXPECT_GT(most, 50U);
    EXPECT_EQ(budget.held(), 0U);
}

TEST(MemoryBudget, AsksFirstWhoseGraceEndsFirst) {
    MemoryBudget budget("the test's", 100, 1min, 1min);
    const auto costly = std::make_shared<Made>(budget, 50);
    const auto cheap = std::make_shared<Made>(budget, 50);
    budget.may_ask(costly);
    budget.may_ask(cheap, 1ms);
    const MemoryBudget::Share share = budget.take(50, "a frame");
    EXPECT_EQ(cheap->asked, 1);
    EXPECT_EQ(costly->asked, 0);
}

TEST(MemoryBudget, GivesMoreGraceToWhatTakesLongToMake) {
    const MemoryBudget budget("the test's", 100, 1min, 2s);
    EXPECT_EQ(budget.grace_of(1ms), 300ms);
    EXPECT_EQ(budget.grace_of(200ms), 800ms);
    EXPECT_EQ(budget.grace_of(10s), 2s);
}

/// Lets threads wait, or not, and counts them.
class Counted final : public MemoryBudget::Waiting {
  public:
    bool begin(bool again) noexcept override {
        if (may_wait || again) ++begun;
        return may_wait || again;
    }
    void end() noexcept override { ++ended; }

    bool may_wait = true;
    int begun = 0;
    int ended = 0;
};

TEST(MemoryBudget, RefusesAtOnceWhoMustNotWait) {
    MemoryBudget budget("the test's", 100, 1ms);
    const MemoryBudget::Share most = budget.take(90, "most");
    std::jthread([&] {
        Counted waiting;
        MemoryBudget::begin_task(&waiting);
        { const MemoryBudget::Share fits = budget.take(10, "what fits"); }
        EXPECT_EQ(waiting.begun, 0);
        EXPECT_EQ(refusal_of(budget, 20), ErrorCode::kUnavailable) << "in vain";
        EXPECT_EQ(waiting.begun, 1);
        EXPECT_EQ(waiting.ended, 1);
        waiting.may_wait = false;
        EXPECT_EQ(refusal_of(budget, 20), ErrorCode::kUnavailable);
        EXPECT_EQ(waiting.ended, 1) << "it did not wait";
        EXPECT_THROW((void)budget.take_again(20, "what gave way"), Error);
        EXPECT_EQ(waiting.ended, 2) << "but who gave way does";
        MemoryBudget::begin_task();
        EXPECT_EQ(refusal_of(budget, 20), ErrorCode::kUnavailable);
        EXPECT_EQ(waiting.begun, 2) << "of another task";
    }).join();
}

}  // namespace
}  // namespace lucerna
