#include "store/subscription_book.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "store/erasure.h"
#include "store/parts.h"
#include "store/store_test_support.h"

namespace lucerna::store {
namespace {

using test::error_of;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr const char* kAll = "1.2.840.10008.5.1.4.34.5";
constexpr const char* kFiltered = "1.2.840.10008.5.1.4.34.5.1";

class Subscriptions : public testing::Test {
  protected:
    bool add(const std::string& uid, const std::string& json = "{}") {
        Workitem item;
        item.sop_instance_uid = uid;
        item.state = "SCHEDULED";
        item.patient_id = "P-" + uid;
        item.json = json;
        item.reports = {"new " + uid};
        return store.workitems().add(
            item, [&](const std::string& filter) { return json.find(filter) != json.npos; });
    }
    void change(const std::string& uid, const std::string& report) {
        store.workitems().change(uid, [&](Workitem& item) { item.reports = {report}; });
    }
    bool is_watched(const std::string& uid) {
        bool watched = false;
        store.workitems().change(uid, [&](Workitem& item) { watched = item.is_watched; });
        return watched;
    }
    /// What the subscriber was not told yet; the present state as its item's UID.
    std::vector<std::string> untold(const std::string& subscriber) {
        std::vector<std::string> texts;
        SubscriptionBook& book = store.subscriptions();
        for (const auto& one : book.reports_after(subscriber, book.last_told(subscriber), 1000))
            texts.push_back(one.report.empty() ? one.sop_instance_uid : one.report);
        return texts;
    }
    SubscriptionBook& book() { return store.subscriptions(); }
    static bool all_fit(const std::string&) { return true; }

    TestStore store;
};

TEST_F(Subscriptions, ToOneItemReportItsStateAndThenItsChanges) {
    EXPECT_EQ(error_of([&] { book().subscribe("WATCHER", "1.1", DeletionLock::kNo); }),
              "not-found");
    add("1.1");
    add("1.2");
    EXPECT_FALSE(is_watched("1.1"));
    book().subscribe("WATCHER", "1.1", DeletionLock::kNo);
    EXPECT_TRUE(is_watched("1.1"));
    EXPECT_FALSE(is_watched("1.2"));
    change("1.1", "a");
    change("1.2", "b");
    EXPECT_THAT(untold("WATCHER"), ElementsAre("1.1", "a"));
    EXPECT_THAT(untold("OTHER"), IsEmpty());
    book().note_told("WATCHER", book().newest());
    change("1.1", "c");
    EXPECT_THAT(untold("WATCHER"), ElementsAre("c")) << "what was told is not told again";
    store.open();
    EXPECT_THAT(untold("WATCHER"), ElementsAre("c")) << "and the rest survives the process";
    EXPECT_TRUE(book().unsubscribe("WATCHER", "1.1"));
    EXPECT_FALSE(book().unsubscribe("WATCHER", "1.1"));
    change("1.1", "d");
    EXPECT_THAT(untold("WATCHER"), IsEmpty());
}

TEST_F(Subscriptions, ToAllReachThoseThatAreThereAndThoseToCome) {
    add("1.1");
    book().subscribe_to_all("WATCHER", kAll, "", all_fit, DeletionLock::kNo);
    EXPECT_THAT(untold("WATCHER"), IsEmpty()) << "without a lock nothing is said of what is there";
    change("1.1", "a");
    add("1.2");
    EXPECT_THAT(untold("WATCHER"), ElementsAre("a", "new 1.2"));
    book().subscribe_to_all("LOCKER", kAll, "", all_fit, DeletionLock::kYes);
    EXPECT_THAT(untold("LOCKER"), ElementsAre("1.1", "1.2"));
    EXPECT_THAT(book().subscribers(), ElementsAre("LOCKER", "WATCHER"));

    EXPECT_TRUE(book().suspend("WATCHER", kAll));
    EXPECT_FALSE(book().suspend("WATCHER", kAll));
    add("1.3");
    change("1.1", "b");
    EXPECT_THAT(untold("WATCHER"), ElementsAre("a", "new 1.2", "b"))
        << "suspended: those that are there, not those to come";
    EXPECT_TRUE(book().unsubscribe_from_all("WATCHER", {kAll, kFiltered}));
    EXPECT_FALSE(book().unsubscribe_from_all("WATCHER", {kAll, kFiltered}));
    change("1.1", "c");
    EXPECT_THAT(untold("WATCHER"), IsEmpty());
    EXPECT_THAT(untold("LOCKER"), ElementsAre("1.1", "1.2", "new 1.3", "b", "c"));
}

TEST_F(Subscriptions, ByAFilterReachWhatFitsIt) {
    for (int i = 0; i < 450; ++i)
        add("1." + std::to_string(i + 10), i % 2 == 0 ? "{\"a\":\"read\"}" : "{\"a\":\"print\"}");
    const auto reads = [](const std::string& json) { return json.find("read") != json.npos; };
    book().subscribe_to_all("READER", kFiltered, "read", reads, DeletionLock::kYes);
    EXPECT_EQ(untold("READER").size(), 225U);
    book().note_told("READER", book().newest());
    add("2.1", "{\"a\":\"print\"}");
    add("2.2", "{\"a\":\"read\"}");
    change("1.11", "not theirs");
    change("1.10", "theirs");
    EXPECT_THAT(untold("READER"), ElementsAre("new 2.2", "theirs"));
}

TEST_F(Subscriptions, MadeAgainSayNothingThatIsStillToBeTold) {
    for (int i = 0; i < 450; ++i) add("1." + std::to_string(i + 10));
    for (int i = 0; i < 3; ++i)
        book().subscribe_to_all("LOCKER", kAll, "", all_fit, DeletionLock::kYes);
    book().subscribe("LOCKER", "1.10", DeletionLock::kYes);
    EXPECT_EQ(untold("LOCKER").size(), 450U);
    for (int i = 0; i < 3; ++i) {
        book().note_told("LOCKER", book().newest());
        EXPECT_THAT(untold("LOCKER"), IsEmpty());
        book().subscribe_to_all("LOCKER", kAll, "", all_fit, DeletionLock::kYes);
        EXPECT_EQ(untold("LOCKER").size(), 450U);
    }
    EXPECT_EQ(book().lengths_after("LOCKER", 0, 10000).size(), 451U)
        << "of those that were told the last";
}

TEST_F(Subscriptions, EndWithAllThatIsToBeTold) {
    for (int i = 0; i < 400; ++i) add("1." + std::to_string(i + 10));
    for (const char* who : {"LOCKER", "OTHER"})
        book().subscribe_to_all(who, kAll, "", all_fit, DeletionLock::kYes);
    for (const char* report : {"a", "b"})
        for (int i = 0; i < 400; ++i) change("1." + std::to_string(i + 10), report);
    EXPECT_EQ(book().lengths_after("LOCKER", 0, 10000).size(), 1200U);
    EXPECT_TRUE(book().unsubscribe_from_all("LOCKER", {kAll, kFiltered}));
    EXPECT_THAT(book().lengths_after("LOCKER", 0, 10000), IsEmpty());
    EXPECT_THAT(book().subscribers(), ElementsAre("OTHER"));
    EXPECT_EQ(book().lengths_after("OTHER", 0, 10000).size(), 1200U);
    book().subscribe("LOCKER", "1.10", DeletionLock::kNo);
    EXPECT_TRUE(book().unsubscribe_from_all("LOCKER", {kAll, kFiltered}));
    EXPECT_THAT(book().subscribers(), ElementsAre("OTHER"));
}

TEST_F(Subscriptions, GoWithTheWorkItemAndReportsWithTime) {
    add("1.1");
    add("1.2");
    book().subscribe_to_all("WATCHER", kAll, "", all_fit, DeletionLock::kYes);
    (void)store.archive().erase_patient("P-1.1", "");
    EXPECT_THAT(untold("WATCHER"), ElementsAre("1.2"));
    store.clock.advance(std::chrono::hours(25));
    change("1.2", "later");
    EXPECT_THAT(untold("WATCHER"), ElementsAre("later")) << "nobody came for it within a day";
}

TEST_F(Subscriptions, AreNoMoreThanEachChangeCanBeWrittenDownFor) {
    add("1.1");
    for (int i = 0; i < 256; ++i)
        book().subscribe("S" + std::to_string(i), "1.1", DeletionLock::kNo);
    EXPECT_EQ(error_of([&] { book().subscribe("ONE-MORE", "1.1", DeletionLock::kNo); }),
              "conflict");
    EXPECT_EQ(
        error_of([&] { book().subscribe_to_all("ONE-MORE", kAll, {}, {}, DeletionLock::kNo); }),
        "conflict");
    book().subscribe("S7", "1.1", DeletionLock::kYes);
    EXPECT_TRUE(book().unsubscribe("S8", "1.1"));
    book().subscribe("ONE-MORE", "1.1", DeletionLock::kNo);
}

TEST_F(Subscriptions, AreToldOfMuchALittleAtATime) {
    add("1.1");
    book().subscribe("S", "1.1", DeletionLock::kNo);
    const std::string much(700'000, 'x');
    for (int i = 0; i < 4; ++i) change("1.1", much);
    std::size_t told = 0;
    std::int64_t last = 0;
    for (;;) {
        const auto some = book().reports_after("S", last, 64);
        if (some.empty()) break;
        EXPECT_LE(some.size(), 3U);
        told += some.size();
        last = some.back().id;
    }
    EXPECT_EQ(told, 5U) << "the state at first, and the four";
}

}  // namespace
}  // namespace lucerna::store
