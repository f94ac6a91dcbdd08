#include "store/key_ring.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <semaphore>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/answer_due.h"
#include "store/arrival.h"
#include "store/store_test_support.h"
#include "support/forwarding_keys.h"
#include "support/forwarding_records.h"

namespace lucerna::store {
namespace {

using namespace std::chrono_literals;

/// A key service that wraps no new key before it is let.
class SlowKeys final : public test::ForwardingKeys {
  public:
    using ForwardingKeys::ForwardingKeys;
    [[nodiscard]] vault::WrappedKey wrap(const vault::SecretKey& key,
                                         std::string_view purpose) override {
        if (is_slow) {
            asked.release();
            go_on.acquire();
        }
        return ForwardingKeys::wrap(key, purpose);
    }

    std::atomic<bool> is_slow = false;
    std::counting_semaphore<> asked{0};
    std::counting_semaphore<> go_on{0};
};

test::StoredInstance of_patient(const std::string& id, int number = 1) {
    test::StoredInstance instance;
    instance.patient_id = id;
    instance.study = "1.2." + id;
    instance.series = instance.study + ".1";
    instance.sop_instance = instance.series + "." + std::to_string(number);
    return instance;
}

// However many there are, one of them shares whatever is shared with the one whose key is at hand.
TEST(KeyRing, LetsNobodyWaitForTheKeysOfOthers) {
    constexpr int kNew = 40;
    TestStore test;
    test.close();
    SlowKeys keys(test.keys);
    Store store(test.options(), keys, test.clock);
    store.archive().keep(of_patient("1").file());
    keys.is_slow = true;
    {
        std::vector<std::jthread> others;
        for (int i = 0; i < kNew; ++i)
            others.emplace_back([&, i] {
                EXPECT_EQ(store.archive().keep(of_patient(std::to_string(10 + i)).file()),
                          Kept::kNew);
            });
        keys.asked.acquire();
        EXPECT_EQ(store.archive().keep(of_patient("1", 2).file()), Kept::kNew);
        EXPECT_EQ(store.archive().totals().instances, 2U);
        keys.go_on.release(kNew);
    }
    EXPECT_EQ(store.archive().totals().instances, 2U + kNew);
    EXPECT_EQ(test.key_records(), 1U + kNew);
}

// Each of them until its own answer is due, however many there are.
TEST(KeyRing, LetsNobodyWaitForAKeyBeyondWhatHisAnswerMayTake) {
    constexpr int kWaiting = 4;
    TestStore test;
    test.close();
    SlowKeys keys(test.keys);
    Store store(test.options(), keys, test.clock);
    keys.is_slow = true;
    std::jthread first([&] { store.archive().keep(of_patient("1").file()); });
    keys.asked.acquire();
    // Whoever waits for the first waits for ever.
    {
        std::vector<std::jthread> others;
        for (int i = 0; i < kWaiting; ++i)
            others.emplace_back([&, i] {
                const AnswerDue due(300ms);
                EXPECT_EQ(
                    test::error_of([&] { store.archive().keep(of_patient("1", 2 + i).file()); }),
                    "unavailable");
            });
    }
    keys.go_on.release();
    first.join();
    EXPECT_EQ(store.archive().keep(of_patient("1", 2).file()), Kept::kNew) << "come again";
}

/// Nothing is heard of a new one until an answer is due.
class SilentRecords final : public test::ForwardingRecords {
  public:
    using ForwardingRecords::ForwardingRecords;
    void write_new(const std::string& name, ByteView bytes) override {
        ForwardingRecords::write_new(name, bytes);
        std::this_thread::sleep_until(*AnswerDue::of_this_thread());
        throw Error(ErrorCode::kUnavailable, "no answer");
    }
    void remove(const std::string& name) override {
        ++removed;
        ForwardingRecords::remove(name);
    }
    int removed = 0;
};

// Who waits would wait twice as long. What it did write the next start removes.
TEST(KeyRing, AsksNothingMoreOfWhatWasSilentUntilAnAnswerWasDue) {
    TestStore test;
    auto made = std::make_unique<SilentRecords>(test.records());
    SilentRecords& silent = *made;
    test.open_behind(std::move(made));
    {
        const AnswerDue due(10ms);
        EXPECT_EQ(test::error_of([&] { test.archive().keep(of_patient("1").file()); }),
                  "unavailable");
    }
    EXPECT_EQ(silent.removed, 0);
    test.open();
    EXPECT_EQ(test.key_records(), 0U);
    EXPECT_TRUE(test.archive().verify().empty());
}

/// Of the one patient there is.
std::string name_of_key(const TestStore& test) {
    std::string found;
    test.records()->for_each([&](const std::string& name) {
        if (!is_of_the_index(name)) found = name;
    });
    return found;
}

std::string refusal_of(TestStore& test, const std::string& patient, int number) {
    return test::error_of([&] { test.archive().keep(of_patient(patient, number).file()); });
}

// The key is in memory: it would open everything until the program ends, and nothing from then on.
// Nor is the record written again from there: it may have been taken away for that.
TEST(KeyRing, SealsNothingUnderAKeyWhoseRecordIsGoneOrDamaged) {
    TestStore test;
    test.archive().keep(of_patient("1").file());
    const std::string object = test.archive().instance(of_patient("1").sop_instance)->object;
    const std::string name = name_of_key(test);
    const Bytes whole = test.records()->read(name);
    Bytes damaged = whole;
    damaged.at(damaged.size() - 9) ^= 1;
    // In the name of what it is wrapped by.
    Bytes of_nobody = whole;
    of_nobody.at(as_text(whole).find("provider-key ") + 15) ^= 1;
    int next = 2;
    for (const Bytes& now : {Bytes{}, damaged, of_nobody}) {
        now.empty() ? test.records()->remove(name) : test.records()->write(name, now);
        for (bool is_at_hand : {true, false}) {
            test.clock.advance(2min);
            EXPECT_EQ(refusal_of(test, "1", next), "unavailable") << is_at_hand;
            EXPECT_EQ(refusal_of(test, "1", 1), is_at_hand ? "unavailable" : "corrupt")
                << "nor is it said that it is kept already";
            const auto again = test.archive().arriving();
            const Bytes file = of_patient("1").file();
            EXPECT_NE(test::error_of([&] {
                          (void)again->take(file);
                          (void)again->keep(file);
                      }),
                      "none");
            EXPECT_EQ(refusal_of(test, "2", next + is_at_hand), "none") << "another's is whole";
            EXPECT_EQ(
                test::error_of([&] { test.archive().require_lasting(object, test.clock.now()); }),
                "corrupt")
                << "nor does it pass";
            test.open();
        }
        EXPECT_EQ(is_readable(*test.records(), name), !now.empty());
        test.records()->write(name, whole);
        EXPECT_EQ(refusal_of(test, "1", next), "none");
        test.archive().require_lasting(object, test.clock.now());
        next += 2;
    }
    EXPECT_TRUE(test.archive().verify().empty());
}

// An index elsewhere is not sealed by it: it is the mark of the archive there.
TEST(KeyRing, WritesTheRecordOfASealedIndexAgainThatIsGoneOrDamaged) {
    TestStore test;
    const std::string name(kIndexKeyName);
    for (bool is_gone : {true, false}) {
        test.archive().keep(of_patient("1", is_gone ? 1 : 2).file());
        const Bytes whole = test.records()->read(name);
        Bytes damaged = whole;
        damaged.at(damaged.size() - 9) ^= 1;
        is_gone ? test.records()->remove(name) : test.records()->write(name, damaged);
        test.clock.advance(2min);
        EXPECT_EQ(refusal_of(test, "1", is_gone ? 3 : 4),
                  test.on_sqlite() ? "none" : "unavailable");
        if (!test.on_sqlite()) test.records()->write(name, whole);
        test.open();
        EXPECT_TRUE(test.archive().verify().empty());
    }
}

TEST(KeyRing, SealsNothingWhereTheRecordOfTheIndexIsAnothers) {
    TestStore test;
    test.archive().keep(of_patient("1").file());
    const std::string name(kIndexKeyName);
    const Bytes whole = test.records()->read(name);
    write_key(*test.records(), test.keys, name, vault::SecretKey::random());
    const Bytes anothers = test.records()->read(name);
    test.clock.advance(2min);
    EXPECT_EQ(refusal_of(test, "1", 2), "unavailable");
    EXPECT_EQ(test.records()->read(name), anothers);
    test.records()->write(name, whole);
    EXPECT_EQ(refusal_of(test, "1", 2), "none");
}

/// A key service that is away.
class AbsentKeys final : public test::ForwardingKeys {
  public:
    using ForwardingKeys::ForwardingKeys;
    [[nodiscard]] vault::SecretKey unwrap(const vault::WrappedKey& wrapped,
                                          std::string_view purpose) override {
        if (is_away) throw Error(ErrorCode::kUnavailable, "away");
        return ForwardingKeys::unwrap(wrapped, purpose);
    }
    std::atomic<bool> is_away = false;
};

TEST(KeyRing, GoesOnWithAKeyAtHandWhileTheKeyServiceIsAway) {
    TestStore test;
    test.close();
    AbsentKeys keys(test.keys);
    Store store(test.options(), keys, test.clock);
    store.archive().keep(of_patient("1").file());
    keys.is_away = true;
    test.clock.advance(2min);
    EXPECT_EQ(store.archive().keep(of_patient("1", 2).file()), Kept::kNew);
}

TEST(KeyRing, SealsNothingUnderAKeyOfWhichTheRecordHasAnother) {
    TestStore test;
    test.archive().keep(of_patient("1").file());
    const std::string name = name_of_key(test);
    const Bytes whole = test.records()->read(name);
    write_key(*test.records(), test.keys, name, vault::SecretKey::random());
    test.clock.advance(2min);
    EXPECT_EQ(refusal_of(test, "1", 2), "unavailable");
    EXPECT_EQ(refusal_of(test, "2", 1), "none") << "another's is whole";
    test.records()->write(name, whole);
    EXPECT_EQ(refusal_of(test, "1", 2), "none");
}

TEST(KeyRing, SealsNothingThatTheNextStartWouldNotOpen) {
    TestStore test;
    test.archive().keep(of_patient("1").file());
    const auto expect_refused_without = [&](const std::string& what, const auto& take,
                                            const auto& put_back) {
        take();
        test.clock.advance(2min);
        EXPECT_EQ(refusal_of(test, "1", 2), "unavailable") << what;
        EXPECT_EQ(refusal_of(test, "2", 1), "unavailable") << what;
        put_back();
    };
    const auto file = test.folder.path() / "secret" / "keys";
    const Bytes keys = read_file(file);
    expect_refused_without(
        "the key file", [&] { std::filesystem::rename(file, file.string() + ".away"); },
        [&] { std::filesystem::rename(file.string() + ".away", file); });
    expect_refused_without(
        "its content",
        [&] {
            Bytes others = keys;
            others.at(others.size() / 2) ^= 1;
            write_file(file, others);
        },
        [&] { write_file(file, keys); });
    EXPECT_EQ(refusal_of(test, "1", 2), "none");
    EXPECT_EQ(refusal_of(test, "2", 1), "none");
    EXPECT_TRUE(test.archive().verify().empty());
}

/// Somebody erases the patient while a record is looked for.
class RecordsErasedMeanwhile final : public test::ForwardingRecords {
  public:
    using ForwardingRecords::ForwardingRecords;
    [[nodiscard]] Bytes read(const std::string& name) override {
        if (name == erased && erase) std::exchange(erase, nullptr)();
        return ForwardingRecords::read(name);
    }
    std::string erased;
    std::function<void()> erase;
};

TEST(KeyRing, MakesAnotherKeyWhereOneIsErasedWhileItsRecordIsLookedFor) {
    TestStore test;
    auto made = std::make_unique<RecordsErasedMeanwhile>(test.records());
    RecordsErasedMeanwhile& records = *made;
    test.open_behind(std::move(made));
    test.archive().keep(of_patient("1").file());
    const std::string erased = name_of_key(test);
    records.erase = [&] { test.archive().erase_study(of_patient("1").study, "test"); };
    records.erased = erased;
    test.clock.advance(2min);
    EXPECT_EQ(refusal_of(test, "1", 2), "none");
    EXPECT_FALSE(records.erase) << "it was erased in between";
    EXPECT_EQ(test.key_records(), 1U);
    EXPECT_NE(name_of_key(test), erased);
    EXPECT_TRUE(test.archive().verify().empty());
}

TEST(KeyRing, LooksInVainForTheRecordOfWhatWasErased) {
    TestStore test;
    test.archive().keep(of_patient("1").file());
    const std::string object = test.archive().instance(of_patient("1").sop_instance)->object;
    test.clock.advance(1ms);
    test.archive().require_lasting(object, test.clock.now());
    test.archive().erase_study(of_patient("1").study, "test");
    EXPECT_EQ(test::error_of([&] { test.archive().require_lasting(object, test.clock.now()); }),
              "not-found");
    EXPECT_EQ(test.key_records(), 0U);
}

}  // namespace
}  // namespace lucerna::store
