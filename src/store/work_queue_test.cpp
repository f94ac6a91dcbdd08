#include "store/work_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <thread>

#include "base/guarded.h"
#include "store/store_test_support.h"

namespace lucerna::store {
namespace {

using namespace std::chrono_literals;
using test::error_of;

TEST(WorkQueue, QueuesAJobOfAKindAndKeyOnce) {
    TestStore store;
    EXPECT_TRUE(store.queue().enqueue({"read", "a", "first"}));
    EXPECT_FALSE(store.queue().enqueue({"read", "a", "second"}));
    EXPECT_TRUE(store.queue().enqueue({"deliver", "a", "other kind"}));
    const auto job = store.queue().lease("read", "w", 10s);
    ASSERT_TRUE(job);
    EXPECT_EQ(job->payload, "first");
    EXPECT_EQ(job->attempts, 1);
    store.queue().complete(*job);
    EXPECT_FALSE(store.queue().enqueue({"read", "a", "third"})) << "done is done";
    EXPECT_FALSE(store.queue().lease("read", "w", 10s));
}

TEST(WorkQueue, GivesEachJobToOneWorkerOldestFirst) {
    TestStore store;
    for (const char* key : {"a", "b", "c"}) {
        store.queue().enqueue({"read", key, ""});
        store.clock.advance(1s);
    }
    EXPECT_EQ(store.queue().lease("read", "w1", 10s)->key, "a");
    EXPECT_EQ(store.queue().lease("read", "w2", 10s)->key, "b");
    EXPECT_EQ(store.queue().lease("read", "w1", 10s)->key, "c");
    EXPECT_FALSE(store.queue().lease("read", "w1", 10s));
    EXPECT_FALSE(store.queue().lease("deliver", "w1", 10s));
}

TEST(WorkQueue, AClockThatIsSetBackDelaysNothing) {
    TestStore store;
    store.queue().enqueue({"read", "at once", ""});
    store.queue().enqueue({"deliver", "later", ""});
    store.queue().retry(*store.queue().lease("deliver", "w", 10s), store.clock.now() + 30s, "");
    store.clock.advance(-3h);
    EXPECT_EQ(store.queue().lease("read", "w", 10s)->key, "at once");
    EXPECT_FALSE(store.queue().lease("deliver", "w", 10s));
    store.clock.advance(10s);
    EXPECT_EQ(store.queue().lease("read", "w2", 10s)->key, "at once") << "the lease ran out";
    store.clock.advance(20s);
    EXPECT_EQ(store.queue().lease("deliver", "w", 10s)->key, "later");
}

TEST(WorkQueue, AClockThatWasSetBackMeanwhileDelaysNothing) {
    TestStore store;
    store.queue().enqueue({"read", "a", ""});
    store.close();
    store.clock.advance(-48h);
    store.open();
    EXPECT_TRUE(store.queue().lease("read", "w", 10s));
}

TEST(WorkQueue, ALeaseThatRanOutGoesToAnother) {
    TestStore store;
    store.queue().enqueue({"read", "a", ""});
    const auto first = store.queue().lease("read", "w1", 10s);
    store.clock.advance(9999ms);
    EXPECT_FALSE(store.queue().lease("read", "w2", 10s));
    store.queue().extend(*first, 10s);
    store.clock.advance(5s);
    EXPECT_FALSE(store.queue().lease("read", "w2", 10s));
    store.clock.advance(5s);
    const auto second = store.queue().lease("read", "w2", 10s);
    ASSERT_TRUE(second);
    EXPECT_EQ(second->attempts, 2);
    EXPECT_EQ(error_of([&] { store.queue().complete(*first); }), "conflict");
    EXPECT_EQ(error_of([&] { store.queue().retry(*first, {}, "late"); }), "conflict");
    EXPECT_EQ(error_of([&] { store.queue().extend(*first, 10s); }), "conflict");
    store.queue().complete(*second);
    EXPECT_EQ(error_of([&] { store.queue().complete(*second); }), "conflict");
}

TEST(WorkQueue, RetriesWhatIsLeft) {
    TestStore store;
    store.queue().enqueue({"deliver", "a", "all"});
    const auto first = store.queue().lease("deliver", "w", 10s);
    store.queue().retry(*first, {}, "busy", "the rest");
    const auto second = store.queue().lease("deliver", "w", 10s);
    ASSERT_TRUE(second);
    EXPECT_EQ(second->payload, "the rest");
    EXPECT_EQ(error_of([&] { store.queue().retry(*first, {}, "late", "all"); }), "conflict");
    EXPECT_EQ(store.queue().list("deliver").at(0).payload, "the rest");
}

TEST(WorkQueue, DoesNotWaitAfterAStartForAssociationsThatEndedWithTheLastProcess) {
    TestStore store;
    const Instant later = store.clock.now() + 10min;
    store.queue().enqueue({kCommitmentJob, "tried", "", {}});
    const auto tried = store.queue().lease(kCommitmentJob, "w", 10s);
    store.queue().retry(*tried, later, "it is away");
    store.queue().enqueue({kCommitmentJob, "waits", "", later});
    store.queue().enqueue({"deliver", "another", "", later});
    EXPECT_FALSE(store.queue().lease(kCommitmentJob, "w", 10s));
    store.open();
    const auto job = store.queue().lease(kCommitmentJob, "w", 10s);
    ASSERT_TRUE(job);
    EXPECT_EQ(job->key, "waits");
    EXPECT_FALSE(store.queue().lease(kCommitmentJob, "w", 10s));
    EXPECT_FALSE(store.queue().lease("deliver", "w", 10s));
}

TEST(WorkQueue, HastensAndWithdrawsJobsThatWait) {
    TestStore store;
    const Instant later = store.clock.now() + 10min;
    store.queue().enqueue({"commitment", "a", "", later});
    store.queue().enqueue({"commitment", "b", "", later});
    EXPECT_FALSE(store.queue().lease("commitment", "w", 10s));
    store.queue().hasten("commitment", "b");
    const auto job = store.queue().lease("commitment", "w", 10s);
    ASSERT_TRUE(job);
    EXPECT_EQ(job->key, "b");
    store.queue().withdraw("commitment", "a");
    store.queue().withdraw("commitment", "b");
    store.queue().withdraw("commitment", "never");
    store.clock.advance(11min);
    EXPECT_EQ(store.queue().list("commitment").size(), 1U) << "what is leased stays";
    const auto again = store.queue().lease("commitment", "w", 10s);
    EXPECT_EQ(again->key, "b");
    EXPECT_THAT(test::error_of([&] { store.queue().drop(*job); }), "conflict");
    store.queue().drop(*again);
    EXPECT_TRUE(store.queue().list("commitment").empty());
}

TEST(WorkQueue, RetriesNotBeforeItsTime) {
    TestStore store;
    store.queue().enqueue({"deliver", "a", ""});
    auto job = store.queue().lease("deliver", "w", 10s);
    store.queue().retry(*job, store.clock.now() + 60s, "the peer does not answer");
    EXPECT_FALSE(store.queue().lease("deliver", "w", 10s));
    store.clock.advance(60s);
    job = store.queue().lease("deliver", "w", 10s);
    ASSERT_TRUE(job);
    EXPECT_EQ(job->attempts, 2);
    EXPECT_EQ(job->problem, "the peer does not answer");
    store.queue().give_up(*job, "refused");
    store.clock.advance(24h);
    EXPECT_FALSE(store.queue().lease("deliver", "w", 10s));
    const auto listed = store.queue().list("deliver");
    ASSERT_EQ(listed.size(), 1U);
    EXPECT_EQ(listed[0].state, JobState::kGivenUp);
    EXPECT_EQ(listed[0].problem, "refused");
    store.queue().revive(listed[0].id);
    EXPECT_EQ(store.queue().lease("deliver", "w", 10s)->attempts, 1);
    EXPECT_EQ(error_of([&] { store.queue().revive(listed[0].id); }), "conflict");
}

TEST(WorkQueue, WaitsForTheTimeOfANewJob) {
    TestStore store;
    store.queue().enqueue({"read", "a", "", store.clock.now() + 5s});
    EXPECT_FALSE(store.queue().lease("read", "w", 10s));
    store.clock.advance(5s);
    EXPECT_TRUE(store.queue().lease("read", "w", 10s));
}

TEST(WorkQueue, KeepsJobsAndFreesLeasesOverARestart) {
    TestStore store;
    store.queue().enqueue({"read", "a", "payload", {}, "1.2.3"});
    (void)store.queue().lease("read", "w", 1h);
    store.open();
    const auto job = store.queue().lease("read", "w", 10s);
    ASSERT_TRUE(job);
    EXPECT_EQ(job->payload, "payload");
    EXPECT_EQ(job->study_instance_uid, "1.2.3");
    EXPECT_EQ(job->attempts, 2) << "a job that kills its process can be told by this";
}

TEST(WorkQueue, ForgetsOldJobsThatAreDone) {
    TestStore store;
    store.queue().enqueue({"read", "a", ""});
    store.queue().enqueue({"read", "b", ""});
    store.queue().complete(*store.queue().lease("read", "w", 10s));
    store.clock.advance(1h);
    EXPECT_EQ(store.queue().forget_done(store.clock.now() - 2h), 0U);
    EXPECT_EQ(store.queue().forget_done(store.clock.now()), 1U);
    EXPECT_EQ(store.queue().list("").size(), 1U);
    store.queue().enqueue({kCommitmentJob, "c", ""});
    EXPECT_EQ(store.queue().forget_done(store.clock.now()), 0U);
    store.queue().give_up(*store.queue().lease(kCommitmentJob, "w", 10s), "as the test wants");
    EXPECT_EQ(store.queue().forget_done(store.clock.now() - 2h), 1U);
}

TEST(WorkQueue, ForgetsNoMoreAtOnceThanItIsTold) {
    TestStore store;
    for (const char* key : {"a", "b", "c", "d", "e"}) {
        store.queue().enqueue({"read", key, ""});
        store.queue().complete(*store.queue().lease("read", "w", 10s));
    }
    store.clock.advance(1h);
    EXPECT_EQ(store.queue().forget_done(store.clock.now(), 2), 2U);
    EXPECT_EQ(store.queue().forget_done(store.clock.now(), 2), 2U);
    EXPECT_EQ(store.queue().forget_done(store.clock.now(), 2), 1U);
    EXPECT_EQ(store.queue().forget_done(store.clock.now(), 2), 0U);
}

TEST(WorkQueue, WakesAWorkerThatWaits) {
    TestStore store;
    std::optional<Job> got;
    {
        const std::jthread worker([&](const std::stop_token& stop) {
            got = store.queue().wait_and_lease("read", "w", 10s, 1h, stop);
        });
        store.queue().enqueue({"read", "a", ""});
        while (store.queue().list("read").at(0).state != JobState::kLeased)
            std::this_thread::yield();
    }
    ASSERT_TRUE(got);
    EXPECT_EQ(got->key, "a");
}

TEST(WorkQueue, StopsWaitingWhenAskedTo) {
    TestStore store;
    std::jthread worker([&](const std::stop_token& stop) {
        EXPECT_FALSE(store.queue().wait_and_lease("read", "w", 10s, 1h, stop));
    });
    worker.request_stop();
    worker.join();
    EXPECT_FALSE(store.queue().wait_and_lease("read", "w", 10s, 1ms, {}));
}

TEST(WorkQueue, ManyWorkersDoEachJobOnce) {
    TestStore store;
    constexpr int kJobs = 60;
    for (int i = 0; i < kJobs; ++i) store.queue().enqueue({"read", std::to_string(i), ""});
    Guarded<std::multiset<std::string>> done;
    {
        std::vector<std::jthread> workers;
        for (int worker = 0; worker < 4; ++worker)
            workers.emplace_back([&] {
                while (const auto job = store.queue().lease("read", "w", 1h)) {
                    done.with([&](auto& keys) { keys.insert(job->key); });
                    store.queue().complete(*job);
                }
            });
    }
    done.with([](const auto& keys) {
        EXPECT_EQ(keys.size(), static_cast<std::size_t>(kJobs));
        EXPECT_EQ(std::set<std::string>(keys.begin(), keys.end()).size(), keys.size());
    });
}

TEST(WorkQueue, CountsWhatIsNotDoneOfEachKind) {
    TestStore store;
    for (const char* key : {"a", "b", "c", "d", "e"}) store.queue().enqueue({"one", key, ""});
    store.queue().enqueue({"not asked for", "a", ""});
    store.queue().complete(store.queue().lease("one", "w", 1h).value());
    store.queue().give_up(store.queue().lease("one", "w", 1h).value(), "never");
    const Job held = store.queue().lease("one", "w", 1h).value();
    const auto open = store.queue().open(std::vector<std::string>{"a \"kind\"", "one"});
    ASSERT_EQ(open.size(), 2U);
    EXPECT_EQ(open[0].waiting + open[0].given_up, 0U);
    EXPECT_EQ(open[1].waiting, 3U) << "with the one that is leased";
    EXPECT_EQ(open[1].given_up, 1U);
    EXPECT_TRUE(store.queue().open({}).empty());
}

TEST(WorkQueue, ReplacesAJobByWhatFollowsFromItOrDoesNothing) {
    TestStore store;
    store.queue().enqueue({"a", "1", "{}"});
    const Job lost = store.queue().lease("a", "test", 1s).value();
    store.clock.advance(2s);
    const Job held = store.queue().lease("a", "test", 1s).value();
    const std::vector<NewJob> next{{"b", "1", "x", {}, "1.2"}, {"b", "2", "y", {}, "1.3"}};
    EXPECT_EQ(test::error_of([&] { store.queue().replace(lost, next); }), "conflict");
    EXPECT_TRUE(store.queue().list("b").empty());
    store.queue().replace(held, next);
    EXPECT_TRUE(store.queue().list("a").empty());
    EXPECT_EQ(store.queue().list("b").size(), 2U);
    EXPECT_EQ(store.queue().payloads("b", "1.2"), std::vector<std::string>{"x"});
    store.queue().forget_kind("b");
    EXPECT_TRUE(store.queue().list("").empty());
}

}  // namespace
}  // namespace lucerna::store
