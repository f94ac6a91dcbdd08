#include "http/worker_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <optional>
#include <semaphore>
#include <string>
#include <thread>
#include <utility>

#include "base/current_peer.h"
#include "base/error.h"
#include "base/memory_budget.h"

namespace lucerna::http {
namespace {

// A worker that left something to a slow client's answer waits for memory as the others do.
TEST(WorkerPool, TakesNothingFromOneTaskIntoTheNext) {
    MemoryBudget budget("the test's", 100, std::chrono::milliseconds(1));
    std::optional<MemoryBudget::Share> left;
    std::atomic<bool> waited = false;
    {
        WorkerPool pool({.running = 1});
        pool.submit([&] { left = budget.take(100, "an answer"); });
        pool.submit([&] {
            try {
                (void)budget.take(1, "another");
            } catch (const Error& error) {
                waited = error.code() == ErrorCode::kUnavailable;
            }
        });
    }
    EXPECT_TRUE(waited);
    EXPECT_EQ(budget.held(), 100U);
}

TEST(WorkerPool, PutsOthersInThePlaceOfThoseThatWait) {
    MemoryBudget budget("the test's", 100, std::chrono::minutes(1));
    std::optional<MemoryBudget::Share> all = budget.take(100, "all");
    std::atomic<int> served = 0;
    std::counting_semaphore<8> refused{0};
    std::counting_semaphore<8> ran{0};
    {
        WorkerPool pool({.running = 1, .for_memory = 2});
        const auto wait = [&] {
            try {
                (void)budget.take(1, "one of a crowd");
                ++served;
            } catch (const Error& error) {
                EXPECT_EQ(error.code(), ErrorCode::kUnavailable);
                refused.release();
            }
        };
        for (int i = 0; i < 5; ++i) pool.submit(wait, WorkerPool::Crowded::kIsRefused);
        // Two wait; a third would keep those from running that need no memory.
        for (int i = 0; i < 3; ++i) refused.acquire();
        pool.submit([&] { ran.release(); }, WorkerPool::Crowded::kIsRefused);
        ran.acquire();
        EXPECT_EQ(served, 0);
        // What was begun waits all the same, and is in nobody's way.
        pool.submit(wait);
        pool.submit([&] { ran.release(); });
        ran.acquire();
        all.reset();
    }
    EXPECT_EQ(served, 3);
}

TEST(WorkerPool, LeavesPlacesOfThoseThatWaitToOtherHosts) {
    MemoryBudget budget("the test's", 100, std::chrono::minutes(1));
    std::optional<MemoryBudget::Share> all = budget.take(100, "all");
    std::atomic<int> of_crowd = 0, of_other = 0;
    std::counting_semaphore<8> refused{0};
    {
        WorkerPool pool({.running = 1, .for_memory = 4});
        const auto wait_for = [&](const char* host, std::atomic<int>& served) {
            return [&, host] {
                const CurrentPeer asked_by(host);
                try {
                    (void)budget.take(1, "one of a crowd");
                    ++served;
                } catch (const Error&) {
                    refused.release();
                }
            };
        };
        for (int i = 0; i < 5; ++i)
            pool.submit(wait_for("a", of_crowd), WorkerPool::Crowded::kIsRefused);
        for (int i = 0; i < 2; ++i) refused.acquire();
        pool.submit(wait_for("b", of_other), WorkerPool::Crowded::kIsRefused);
        while (budget.waiting() < 4) std::this_thread::yield();
        all.reset();
    }
    EXPECT_EQ(of_crowd, 3);
    EXPECT_EQ(of_other, 1);
}

TEST(WorkerPool, RefusesNobodyWhoGaveWay) {
    MemoryBudget budget("the test's", 100, std::chrono::minutes(1));
    std::atomic<int> ended = 0;
    std::counting_semaphore<8> begun{0}, refused{0};
    {
        WorkerPool pool({.running = 2, .for_memory = 2});
        const auto give_way = [&] {
            (void)budget.take(60, "a frame");
            begun.release();
            // Newcomers have taken all places by then.
            while (budget.waiting() < 2) std::this_thread::yield();
            (void)budget.take_again(60, "the next");
            ++ended;
        };
        std::optional<MemoryBudget::Share> all = budget.take(40, "what leaves room for one");
        const auto wait = [&] {
            try {
                (void)budget.take(80, "a newcomer's");
            } catch (const Error&) {
                refused.release();
            }
        };
        pool.submit(give_way, WorkerPool::Crowded::kIsRefused);
        begun.acquire();
        pool.submit(wait, WorkerPool::Crowded::kIsRefused);
        pool.submit(wait, WorkerPool::Crowded::kIsRefused);
        while (budget.waiting() < 3) std::this_thread::yield();
        pool.submit(wait, WorkerPool::Crowded::kIsRefused);
        refused.acquire();
        all.reset();
    }
    EXPECT_EQ(ended, 1);
}

TEST(WorkerPool, WaitsForMemoryForNobodyWhoIsGone) {
    // Whoever is not told waits for longer than a test may.
    MemoryBudget budget("the test's", 100, std::chrono::hours(1));
    const MemoryBudget::Share all = budget.take(100, "all");
    std::atomic<bool> is_gone = false;
    std::atomic<bool> refused = false;
    {
        WorkerPool pool({.running = 1, .for_memory = 2});
        pool.submit(
            [&] {
                try {
                    (void)budget.take(1, "an answer");
                } catch (const Error& error) {
                    refused = error.code() == ErrorCode::kUnavailable;
                }
            },
            WorkerPool::Crowded::kIsRefused, {}, [&] { return is_gone.load(); });
        while (budget.waiting() == 0) std::this_thread::yield();
        is_gone = true;
    }
    EXPECT_TRUE(refused);
}

TEST(WorkerPool, EndsWaitsForMemoryWhenItIsTold) {
    // Whoever is not told waits for longer than a test may.
    MemoryBudget budget("the test's", 100, std::chrono::hours(1));
    const MemoryBudget::Share all = budget.take(100, "all");
    std::counting_semaphore<8> begun{0};
    std::atomic<int> refused = 0;
    {
        WorkerPool pool({.running = 1, .for_memory = 2});
        const auto wait = [&] {
            begun.release();
            try {
                (void)budget.take(1, "one of a crowd");
            } catch (const Error& error) {
                refused += error.code() == ErrorCode::kUnavailable ? 1 : 0;
            }
        };
        // Some are queued.
        for (int i = 0; i < 6; ++i) pool.submit(wait);
        begun.acquire();
        pool.end_waits_for_memory();
    }
    EXPECT_EQ(refused, 6);
}

TEST(WorkerPool, TurnsToTheKindOfWhichTheFewestRun) {
    std::counting_semaphore<8> begun{0};
    std::counting_semaphore<8> picture_ends{0};
    std::counting_semaphore<8> other_ends{0};
    std::counting_semaphore<8> done{0};
    std::string order;
    const int picture = 0;
    const int health = 0;
    {
        WorkerPool pool({.running = 2});
        const auto submit = [&](std::function<void()> task, WorkerPool::Kind kind) {
            pool.submit(std::move(task), WorkerPool::Crowded::kWaits, kind);
        };
        const auto until = [&](std::counting_semaphore<8>& end) {
            return [&] {
                begun.release();
                end.acquire();
            };
        };
        submit(until(picture_ends), {&picture});
        submit(until(other_ends), {});
        for (int i = 0; i < 2; ++i) begun.acquire();
        const auto note = [&](char name, WorkerPool::Kind kind) {
            submit(
                [&, name] {
                    order += name;
                    done.release();
                },
                kind);
        };
        for (const char name : {'1', '2', '3'}) note(name, {&picture});
        note('n', {});
        // All places are taken, and none runs of its kind.
        note('h', {&health});
        done.acquire();
        // One thread alone goes on, while the other is at its picture.
        other_ends.release();
        for (int i = 0; i < 4; ++i) done.acquire();
        picture_ends.release();
    }
    EXPECT_EQ(order, "hn123");
}

TEST(WorkerPool, BeginsTheFirstOfARouteWhateverRunsAndNoOtherHostsOfIt) {
    const int route = 0, other_route = 0;
    std::counting_semaphore<8> begun{0};
    std::counting_semaphore<8> ends{0};
    std::counting_semaphore<8> done{0};
    WorkerPool pool({.running = 1});
    for (const char* host : {"a", "b", "c"})
        pool.submit(
            [&] {
                begun.release();
                ends.acquire();
            },
            WorkerPool::Crowded::kWaits, {&route, host});
    pool.submit([&] { done.release(); }, WorkerPool::Crowded::kWaits, {&other_route, "d"});
    done.acquire();
    begun.acquire();
    EXPECT_FALSE(begun.try_acquire_for(std::chrono::milliseconds(50)));
    ends.release(3);
}

TEST(WorkerPool, BeginsWhatAnotherHostAsksWhateverRuns) {
    const int route = 0;
    const WorkerPool::Kind one{&route, "192.0.2.1"}, other{&route, "192.0.2.2"};
    std::counting_semaphore<8> ends{0};
    std::counting_semaphore<8> done{0};
    WorkerPool pool({.running = 1, .firsts = WorkerPool::Firsts::kOfKinds});
    for (int i = 0; i < 3; ++i)
        pool.submit([&] { ends.acquire(); }, WorkerPool::Crowded::kWaits, one);
    pool.submit([&] { done.release(); }, WorkerPool::Crowded::kWaits, other);
    done.acquire();
    ends.release(3);
}

TEST(WorkerPool, BeginsTheFirstsOfNoMoreHostsThanItHasThreadsFor) {
    std::counting_semaphore<128> begun{0};
    std::counting_semaphore<128> ends{0};
    std::atomic<int> all = 0;
    {
        WorkerPool pool({.running = 1, .firsts = WorkerPool::Firsts::kOfKinds});
        for (int i = 0; i < 70; ++i)
            pool.submit(
                [&] {
                    ++all;
                    begun.release();
                    ends.acquire();
                },
                WorkerPool::Crowded::kWaits, {nullptr, std::to_string(i)});
        for (int i = 0; i < 65; ++i) begun.acquire();
        EXPECT_FALSE(begun.try_acquire_for(std::chrono::milliseconds(50)));
        ends.release(70);
    }
    EXPECT_EQ(all, 70);
}

TEST(WorkerPool, IsHeldUpByWhoHasMoreOfThemThanOne) {
    std::counting_semaphore<8> waiting{0};
    std::counting_semaphore<8> ends{0};
    WorkerPool pool({.running = 1, .outside = 1, .firsts = WorkerPool::Firsts::kOfKinds});
    const auto slow = [&] {
        const OutsideWait waits("a client", OutsideWait::Crowded::kWaits);
        waiting.release();
        ends.acquire();
    };
    for (const char* host : {"a", "a", "b"}) {
        pool.submit(slow, WorkerPool::Crowded::kWaits, {nullptr, host});
        waiting.acquire();
    }
    EXPECT_FALSE(pool.is_held_up_by("a")) << "nobody is queued";
    pool.submit(slow, WorkerPool::Crowded::kWaits, {nullptr, "a"});
    EXPECT_TRUE(pool.is_held_up_by("a"));
    EXPECT_FALSE(pool.is_held_up_by("b"));
    ends.release(4);
}

TEST(WorkerPool, HasAThreadForEachThatMayRun) {
    std::counting_semaphore<8> done{0};
    WorkerPool pool({.running = 3});
    pool.submit([&] { done.release(); });
    done.acquire();
    // One waits for the next, for which there is no thread yet.
    std::counting_semaphore<8> second{0};
    std::counting_semaphore<8> third{0};
    pool.submit([&] {
        second.acquire();
        done.release();
    });
    pool.submit([&] {
        third.acquire();
        second.release();
    });
    pool.submit([&] { third.release(); });
    done.acquire();
}

TEST(WorkerPool, RefusesNothingThatWasBegun) {
    std::counting_semaphore<8> answer{0};
    std::counting_semaphore<8> waits{0};
    std::atomic<int> served = 0;
    {
        WorkerPool pool({.running = 2, .outside = 1, .refuses = true});
        const auto ask = [&] {
            const OutsideWait outside("a service", OutsideWait::Crowded::kIsRefused);
            waits.release();
            answer.acquire();
            ++served;
        };
        for (int i = 0; i < 2; ++i) {
            pool.submit(ask, WorkerPool::Crowded::kWaits);
            waits.acquire();
        }
        answer.release(2);
    }
    EXPECT_EQ(served, 2);
}

TEST(WorkerPool, PutsOthersInThePlaceOfThoseThatWaitOutside) {
    std::counting_semaphore<8> answer{0};
    std::counting_semaphore<8> refused{0};
    std::counting_semaphore<8> ran{0};
    std::atomic<int> served = 0;
    {
        WorkerPool pool({.running = 1, .outside = 2, .refuses = true});
        const auto ask = [&] {
            try {
                const OutsideWait waits("a service", OutsideWait::Crowded::kIsRefused);
                // The same wait, seen from further in.
                const OutsideWait within("a service", OutsideWait::Crowded::kIsRefused);
                answer.acquire();
                ++served;
            } catch (const Error& error) {
                EXPECT_STREQ(error.what(), "too many wait for a service");
                refused.release();
            }
        };
        for (int i = 0; i < 4; ++i) pool.submit(ask, WorkerPool::Crowded::kIsRefused);
        for (int i = 0; i < 2; ++i) refused.acquire();
        EXPECT_FALSE(pool.is_held_up_by("")) << "nobody is queued";
        pool.submit([&] { ran.release(); });
        ran.acquire();
        // Who must not be refused keeps its thread.
        pool.submit([&] {
            const OutsideWait waits("a client", OutsideWait::Crowded::kWaits);
            ran.release();
            answer.acquire();
        });
        ran.acquire();
        pool.submit([&] { ran.release(); });
        EXPECT_TRUE(pool.is_held_up_by(""));
        EXPECT_FALSE(ran.try_acquire_for(std::chrono::milliseconds(50)));
        answer.release(3);
        ran.acquire();
    }
    EXPECT_EQ(served, 2);
    // On a thread that is nobody's.
    EXPECT_NO_THROW(OutsideWait("a service", OutsideWait::Crowded::kIsRefused));
}

}  // namespace
}  // namespace lucerna::http
