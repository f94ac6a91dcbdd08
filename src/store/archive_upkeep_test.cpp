#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <set>
#include <stop_token>
#include <thread>

#include "base/file.h"
#include "store/page_cipher.h"
#include "store/store_test_support.h"
#include "support/forwarding_keys.h"
#include "vault/audit_trail.h"

namespace lucerna::store {
namespace {

using test::error_of;
using test::StoredInstance;

StoredInstance instance_of(const std::string& patient, const std::string& study, int number) {
    StoredInstance instance;
    instance.patient_id = patient;
    instance.study = study;
    instance.series = study + ".1";
    instance.sop_instance = study + ".1." + std::to_string(number);
    return instance;
}

/// A word stands somewhere in the index: in a row, or in what a row left on a page or in the log.
bool index_holds(TestStore& store, std::string_view word) {
    RecordFolder records(store.data() / "keys");
    const auto path = store.data() / "index.sqlite";
    PageCipher cipher(index_key(records, store.keys, path));
    Bytes plain(kPageBytes);
    const auto finds = [&](PagePlace::In in, const Bytes& bytes, std::size_t first,
                           std::size_t step) {
        for (std::size_t at = first; at + kPageBytes <= bytes.size(); at += step) {
            const std::size_t place = in == PagePlace::In::kFile ? at / kPageBytes + 1 : at;
            EXPECT_TRUE(cipher.open({in, place}, ByteView(bytes).subspan(at, kPageBytes), plain));
            if (as_text(plain).find(word) != std::string_view::npos) return true;
        }
        return false;
    };
    const auto log = store.data() / "index.sqlite-wal";
    return finds(PagePlace::In::kFile, read_file(path), 0, kPageBytes) ||
           (std::filesystem::exists(log) &&
            finds(PagePlace::In::kLog, read_file(log), 32 + 24, kPageBytes + 24));
}

TEST(Erasure, OfAStudyTakesEverythingOfIt) {
    TestStore store;
    store.archive().keep(instance_of("P1", "1.2.1", 1).file());
    store.archive().keep(instance_of("P1", "1.2.1", 2).file());
    store.archive().keep(instance_of("P1", "1.2.2", 1).file());
    store.queue().enqueue({"deliver", "k", "payload", {}, "1.2.1"});
    EXPECT_EQ(store.archive().erase_study("1.2.1"), 2U);
    EXPECT_TRUE(store.archive().instances_of("1.2.1").empty());
    EXPECT_FALSE(store.exams().exam("1.2.1"));
    EXPECT_TRUE(store.queue().list("").empty());
    EXPECT_EQ(store.objects().size(), 1U);
    EXPECT_EQ(store.key_records(), 1U) << "the other study still needs the key";
    EXPECT_EQ(store.archive().object("1.2.2.1.1"), instance_of("P1", "1.2.2", 1).file());
    EXPECT_EQ(store.archive().erase_study("1.2.2"), 1U);
    EXPECT_EQ(store.key_records(), 0U);
    EXPECT_EQ(store.archive().erase_study("1.2.2"), 0U);
}

TEST(Erasure, OfAPatientLeavesCopiesThatCannotBeRead) {
    LUCERNA_NEEDS_SQLITE();
    TestStore store;
    StoredInstance hers = instance_of("P1", "1.2.1", 1);
    hers.patient_name = "Verschwunden^Vera";
    store.archive().keep(hers.file());
    store.archive().keep(instance_of("P2", "1.2.2", 1).file());
    const auto copy = store.folder.path() / "copy";
    std::filesystem::copy(store.data() / "objects", copy, std::filesystem::copy_options::recursive);
    ASSERT_TRUE(index_holds(store, "Verschwunden"));

    EXPECT_EQ(store.archive().erase_patient("P1", ""), 1U);
    EXPECT_EQ(store.key_records(), 1U);
    EXPECT_FALSE(index_holds(store, "Verschwunden"));
    EXPECT_FALSE(index_holds(store, "verschwunden"));
    EXPECT_EQ(store.archive().object("1.2.2.1.1"), instance_of("P2", "1.2.2", 1).file());

    // Somebody puts the old objects back: they are there, and closed for good.
    store.close();
    std::filesystem::copy(
        copy, store.data() / "objects",
        std::filesystem::copy_options::recursive | std::filesystem::copy_options::skip_existing);
    store.open();
    const auto damages = store.archive().reindex();
    ASSERT_EQ(damages.size(), 1U);
    EXPECT_THAT(damages[0].what, testing::HasSubstr("destroyed"));
    EXPECT_TRUE(store.archive().instances_of("1.2.1").empty());

    EXPECT_EQ(store.archive().keep(instance_of("P1", "1.2.3", 1).file()), Kept::kNew)
        << "a new study of hers gets a new key";
    EXPECT_EQ(error_of([&] { store.archive().erase_patient("", ""); }), "invalid-input");
}

TEST(Erasure, TakesJobsThatWereQueuedWithoutTheirSubject) {
    TestStore store;
    store.archive().keep(instance_of("P1", "1.2.1", 1).file());
    store.queue().enqueue({"read", "1.2.1#4", "1.2.1"});
    store.queue().enqueue({"deliver:pacs", "1.2.1#4#abc", "{}"});
    store.queue().enqueue({"deliver:pacs", "1.2.11#4#abc", "{}"});
    store.archive().erase_patient("P1", "");
    ASSERT_EQ(store.queue().list("").size(), 1U);
    EXPECT_EQ(store.queue().list("")[0].key, "1.2.11#4#abc");
}

TEST(Erasure, TakesJobsThatNameAnObjectOfIt) {
    TestStore store;
    test::StoredInstance object;
    store.archive().keep(object.file());
    const std::string named = "{\"references\":[[\"1.2\",\"" + object.sop_instance + "\"]]}";
    const std::string another = "{\"references\":[[\"1.2\",\"" + object.sop_instance + "9\"]]}";
    store.queue().enqueue({"other", "named", named, {}});
    store.queue().enqueue({"other", "another", another, {}});
    store.archive().erase_study(object.study);
    const auto left = store.queue().list("other");
    ASSERT_EQ(left.size(), 1U);
    EXPECT_EQ(left[0].key, "another");
}

TEST(Erasure, LeavesCommitmentsThatAreStillOwed) {
    for (const bool whole_study : {true, false}) {
        TestStore store;
        const StoredInstance object = instance_of("P1", "1.2.1", 1);
        store.archive().keep(object.file());
        store.archive().keep(instance_of("P1", "1.2.1", 2).file());
        const std::string named = "{\"references\":[[\"1.2\",\"" + object.sop_instance + "\"]]}";
        for (const char* key : {"done", "leased", "waits"})
            store.queue().enqueue({kCommitmentJob, key, named, {}});
        const auto lease = [&] {
            return store.queue().lease(kCommitmentJob, "w", std::chrono::minutes(1)).value();
        };
        store.queue().complete(lease());
        (void)lease();
        if (whole_study)
            store.archive().erase_study(object.study);
        else
            store.archive().erase_part({object.study, object.series, object.sop_instance});
        const auto left = store.queue().list(kCommitmentJob);
        ASSERT_EQ(left.size(), 2U) << whole_study;
        EXPECT_EQ(left[0].key, "waits");
        EXPECT_EQ(left[1].key, "leased");
    }
}

TEST(Erasure, TakesEveryStudyThatHoldsAnObjectOfThePatient) {
    TestStore store;
    store.archive().keep(instance_of("P2", "1.2.1", 1).file());
    store.archive().keep(instance_of("P2", "1.2.2", 1).file());
    // As an earlier version took it.
    store.close();
    store.lose_index();
    store.open();
    store.clock.advance(std::chrono::milliseconds(1));
    store.archive().keep(instance_of("P1", "1.2.1", 2).file());
    EXPECT_TRUE(store.archive().reindex().empty());
    const PatientErasure would = store.archive().erasure_of_patient("P1", "");
    EXPECT_EQ(would.studies, std::vector<std::string>{"1.2.1"});
    EXPECT_EQ(would.studies_of_others, would.studies) << "it is said whose else it is";
    EXPECT_EQ(store.archive().erase_patient("P1", ""), 2U);
    EXPECT_EQ(store.key_records(), 1U) << "her key is destroyed, the other's is not";
    EXPECT_EQ(store.archive().totals().instances, 1U);
}

TEST(Erasure, LeavesATraceWithoutIdentifiers) {
    TestStore store;
    store.archive().keep(instance_of("HER-ID", "1.2.1", 1).file());
    store.archive().erase_patient("HER-ID", "", "somebody");
    store.archive().erase_patient("HER-ID", "", "somebody");
    const vault::AuditTrail trail(store.data() / "audit.log");
    ASSERT_EQ(trail.acts().size(), 1U) << "nothing was there any more";
    EXPECT_THAT(trail.acts()[0], testing::HasSubstr(R"("act":"erase-patient","by":"somebody")"));
    EXPECT_THAT(trail.acts()[0], testing::HasSubstr(R"("instances":1,"data_keys":[")"));
    EXPECT_THAT(trail.acts()[0], testing::Not(testing::HasSubstr("HER-ID")));
    EXPECT_THAT(trail.acts()[0], testing::Not(testing::HasSubstr("1.2.1")));
}

TEST(Reindex, CallsAStudyWhatItsFirstObjectCallsIt) {
    TestStore store;
    for (int number = 1; number <= 12; ++number) {
        StoredInstance instance = instance_of("P1", "1.2.1", number);
        instance.study_description = "As told by " + std::to_string(number);
        store.archive().keep(instance.file());
        store.clock.advance(std::chrono::milliseconds(7));
    }
    store.close();
    store.lose_index();
    store.open();
    EXPECT_TRUE(store.archive().reindex().empty());
    const auto found = store.archive().find({Level::kStudy, {{{0x0008, 0x1030}, "*by 1"}}});
    EXPECT_EQ(found.size(), 1U);
}

// The names of published files are flushed in `incoming` alone: a power cut may bring them back.
TEST(Reindex, FindsWhatWasStillComingInWhenTheIndexWasLost) {
    LUCERNA_NEEDS_SQLITE();
    TestStore store;
    store.archive().keep(instance_of("P1", "1.2.1", 1).file());
    store.archive().keep(instance_of("P1", "1.2.1", 2).file());
    store.close();
    const auto objects = store.objects();
    const auto incoming = store.data() / "objects" / "incoming";
    for (const std::string& name : objects)
        std::filesystem::rename(store.data() / "objects" / name.substr(0, 2) / name,
                                incoming / name);
    std::filesystem::resize_file(incoming / objects[1], 200);
    std::filesystem::remove(store.data() / "index.sqlite");
    store.open();
    EXPECT_TRUE(std::filesystem::is_empty(incoming));
    EXPECT_TRUE(store.archive().reindex().empty());
    EXPECT_EQ(store.archive().totals().instances, 1U) << "the whole one; the half one is gone";
}

TEST(Reindex, NamesWhatWasKeptAndSaysThatItWasNot) {
    TestStore store;
    store.archive().keep(instance_of("P1", "1.2.1", 1).file());
    store.archive().keep(instance_of("P1", "1.2.1", 2).file());
    const auto objects = store.objects();
    ASSERT_EQ(objects.size(), 2U);
    store.close();
    store.lose_index();
    Bytes altered = store.sealed(objects[0]);
    constexpr std::size_t kKind = 9;
    ASSERT_EQ(altered.at(kKind), 0);
    altered.at(kKind) = 0xFF;
    store.replace(objects[0], altered);
    store.open();
    EXPECT_EQ(store.archive().unknown_objects(), 2U);
    const auto names = [](const std::vector<Damage>& damages) {
        std::set<std::string> named;
        for (const Damage& damage : damages) named.insert(damage.object);
        return named;
    };
    EXPECT_TRUE(names(store.archive().verify()).contains(objects[0]));
    for (int i = 0; i < 2; ++i) {
        EXPECT_EQ(names(store.archive().reindex()), std::set<std::string>{objects[0]});
        EXPECT_EQ(store.objects(), objects) << "it stays where it lies";
        EXPECT_EQ(store.archive().totals().instances, 1U);
    }
    altered.at(kKind) = 0;
    store.replace(objects[0], altered);
    EXPECT_TRUE(store.archive().reindex().empty());
    EXPECT_EQ(store.archive().totals().instances, 2U);
}

TEST(Reindex, BringsBackAnIndexThatWasLost) {
    TestStore store;
    store.archive().keep(instance_of("P1", "1.2.1", 1).file());
    store.clock.advance(std::chrono::minutes(5));
    store.archive().keep(instance_of("P2", "1.2.2", 1).file());
    StoredInstance result = instance_of("P2", "1.2.2", 2);
    store.archive().keep_result(result.file(), store.leased_reading("1.2.2"));
    const auto before = store.archive().instances_of("1.2.2");
    store.close();
    store.lose_index();
    store.clock.advance(std::chrono::hours(1));
    store.open();
    EXPECT_EQ(store.archive().totals().instances, 0U);
    EXPECT_EQ(store.archive().verify().size(), 3U) << "the index knows none of them";

    EXPECT_TRUE(store.archive().reindex().empty());
    EXPECT_TRUE(store.archive().verify().empty());
    const auto after = store.archive().instances_of("1.2.2");
    ASSERT_EQ(after.size(), before.size());
    for (const InstanceRow& row : before) {
        const auto same = store.archive().instance(row.sop_instance_uid);
        ASSERT_TRUE(same);
        EXPECT_EQ(same->received_at, row.received_at);
        EXPECT_EQ(same->role, row.role);
        EXPECT_EQ(same->size, row.size);
        EXPECT_EQ(same->head_bytes, row.head_bytes);
    }
    EXPECT_EQ(store.exams().exam("1.2.2")->images, 1) << "the result is no image of the exam";
    EXPECT_EQ(store.archive().keep(instance_of("P1", "1.2.1", 1).file()), Kept::kAlreadyKept);
    EXPECT_EQ(store.archive().keep(instance_of("P1", "1.2.1", 9).file()), Kept::kNew);
    EXPECT_EQ(store.key_records(), 2U) << "the data keys were found again";
}

TEST(Rotation, RewrapsKeysAndLeavesObjectsAlone) {
    TestStore store;
    store.archive().keep(instance_of("P1", "1.2.1", 1).file());
    store.archive().keep(instance_of("P2", "1.2.2", 1).file());
    const auto objects = store.objects();
    const Bytes before = store.sealed(objects[0]);
    const std::size_t records = 3;
    EXPECT_EQ(store.archive().rotate_keys(), records) << "two patients, and the index";
    EXPECT_EQ(store.keys.keys().size(), 1U);
    // Broken off after the new key was made: it is finished, and no further one is made.
    store.keys.rotate();
    const std::string current = store.keys.current_key();
    EXPECT_EQ(store.archive().rotate_keys(), records);
    EXPECT_EQ(store.keys.keys(), std::vector<std::string>{current});
    store.open();
    EXPECT_TRUE(store.archive().verify().empty());
    EXPECT_EQ(store.sealed(objects[0]), before);
}

/// Of three patients, one's key with a flipped bit.
struct WithADamagedKey : TestStore {
    explicit WithADamagedKey(std::size_t at) {
        for (const char* patient : {"P1", "P2", "P3"})
            archive().keep(instance_of(patient, std::string("1.2.") + patient[1], 1).file());
        const auto all = records();
        all->for_each([&](const std::string& one) {
            if (one != std::string(32, '0')) name = one;
        });
        whole = all->read(name);
        Bytes damaged = whole;
        damaged.at(at) ^= 1;
        all->write(name, damaged);
    }
    std::string name;
    Bytes whole;
};

// A letter of the first line, of the record's name, and of what is wrapped.
TEST(Rotation, GoesAroundADamagedKeyNamesItAndKeepsTheOlderKeyForIt) {
    for (const std::size_t at : {3U, 30U, 150U}) {
        WithADamagedKey store(at);
        EXPECT_THAT(test::message_of([&] { store.archive().rotate_keys(); }),
                    testing::HasSubstr("data key " + store.name));
        EXPECT_EQ(store.keys.keys().size(), 2U) << at;
        store.open();
        EXPECT_EQ(store.archive().verify().size(), 2U) << "the key and its object, " << at;
        // Out of a backup: it is under the older one.
        store.records()->write(store.name, store.whole);
        EXPECT_GE(store.archive().rotate_keys(), 1U);
        EXPECT_EQ(store.keys.keys().size(), 1U);
        store.open();
        EXPECT_TRUE(store.archive().verify().empty());
    }
}

TEST(Rotation, MovesNothingWhereAKeyIsDamaged) {
    for (const std::size_t at : {3U, 30U, 150U}) {
        WithADamagedKey store(at);
        store.close();
        vault::FileKeyProvider other(store.folder.path() / "secret" / "others");
        vault::MovingKeyProvider both(store.keys, other);
        {
            Store moving(store.options(), both, store.clock);
            EXPECT_EQ(error_of([&] { moving.archive().rewrap_keys(); }), "corrupt");
            EXPECT_THAT(test::message_of([&] { moving.archive().rewrap_keys(); }),
                        testing::HasSubstr("data key " + store.name));
        }
        store.open();
        EXPECT_EQ(store.archive().verify().size(), 2U) << "as before, " << at;
        store.close();
        store.records()->write(store.name, store.whole);
        {
            Store moving(store.options(), both, store.clock);
            EXPECT_EQ(moving.archive().rewrap_keys(), 4U);
        }
        Store moved(store.options(), other, store.clock);
        EXPECT_TRUE(moved.archive().verify().empty());
    }
}

/// Cannot be reached any more once it has wrapped two keys.
class GoesAway final : public test::ForwardingKeys {
  public:
    using ForwardingKeys::ForwardingKeys;
    [[nodiscard]] vault::WrappedKey wrap(const vault::SecretKey& key,
                                         std::string_view purpose) override {
        if (left_-- == 0) throw Error(ErrorCode::kUnavailable, "it has gone");
        return ForwardingKeys::wrap(key, purpose);
    }

  private:
    int left_ = 2;
};

TEST(Rotation, SaysOfAMoveThatWasBrokenOffThatItGoesOn) {
    TestStore store;
    const std::vector<std::string> patients{"P1", "P2", "P3", "P4"};
    for (const std::string& one : patients)
        store.archive().keep(instance_of(one, "1.2." + one.substr(1), 1).file());
    EXPECT_FALSE(store.archive().keys_are_moving());
    store.close();
    vault::FileKeyProvider other(store.folder.path() / "secret" / "others");
    vault::MovingKeyProvider both(store.keys, other);
    {
        GoesAway going(both);
        Store moving(store.options(), going, store.clock);
        EXPECT_EQ(error_of([&] { moving.archive().rewrap_keys(); }), "unavailable");
    }
    store.open();
    EXPECT_TRUE(store.archive().keys_are_moving());
    std::map<std::string, int> outcomes;
    for (const std::string& one : patients)
        ++outcomes[error_of(
            [&] { store.archive().keep(instance_of(one, "1.2." + one.substr(1), 2).file()); })];
    EXPECT_EQ(outcomes, (std::map<std::string, int>{{"none", 2}, {"unavailable", 2}}))
        << "what may be sent again";
    store.close();
    {
        Store moving(store.options(), both, store.clock);
        EXPECT_EQ(moving.archive().rewrap_keys(), 5U);
        EXPECT_TRUE(moving.archive().keys_are_moving()) << "projects come after the keys";
        moving.archive().end_move();
    }
    Store moved(store.options(), other, store.clock);
    EXPECT_FALSE(moved.archive().keys_are_moving());
    EXPECT_TRUE(moved.archive().verify().empty());
}

TEST(Verify, NamesWhatIsNoneOfTheArchives) {
    TestStore store;
    store.archive().keep(instance_of("P1", "1.2.1", 1).file());
    EXPECT_TRUE(store.archive().verify().empty());
    const std::string object = store.objects().at(0);
    const std::string other = object.substr(0, 2) == "00" ? "01" : "00";
    // By any name, and a copy of an object where it does not lie.
    const std::vector<std::string> strays{"objects/zz_extra", "objects/" + other + "/" + object,
                                          "objects/" + other + "/x", "objects/deep/er/x", "keys/x"};
    for (const std::string& stray : strays) {
        if (store.bucket) {
            S3(*store.bucket)
                .ask({.method = "PUT", .key = stray, .body = as_byte_view("something")});
        } else {
            std::filesystem::create_directories((store.data() / stray).parent_path());
            write_file(store.data() / stray, as_byte_view("something"));
        }
    }
    std::vector<std::string> named;
    for (const Damage& damage : store.archive().verify()) named.push_back(damage.object);
    EXPECT_THAT(named, testing::UnorderedElementsAreArray(strays));
    EXPECT_EQ(store.archive().object("1.2.1.1.1"), instance_of("P1", "1.2.1", 1).file());
}

TEST(Verify, NamesAKeyThatWasDestroyedAndCameBack) {
    TestStore store;
    store.archive().keep(instance_of("P1", "1.2.1", 1).file());
    std::string key;
    store.records()->for_each([&](const std::string& name) {
        if (name != std::string(32, '0')) key = name;
    });
    const Bytes record = store.records()->read(key);
    store.archive().erase_patient("P1", "");
    EXPECT_TRUE(store.archive().verify().empty());
    store.records()->write(key, record);
    const auto damages = store.archive().verify();
    ASSERT_EQ(damages.size(), 1U);
    EXPECT_EQ(damages[0].object, "keys/" + key);
}

TEST(Verify, CallsNothingDamagedThatAnotherServerStoresOrErasesMeanwhile) {
    TestStore store;
    StoreOptions beside = store.options();
    if (store.on_sqlite() || store.on_files()) {
        // There is no other server.
        EXPECT_EQ(error_of([&] { Store other(beside, store.keys, store.clock); }), "unavailable");
        return;
    }
    beside.folder = store.folder.path() / "other";
    Store other(beside, store.keys, store.clock);
    const std::jthread busy([&](const std::stop_token& stop) {
        for (int round = 0; round < 40 && !stop.stop_requested(); ++round) {
            const std::string patient = "P" + std::to_string(round);
            for (int number = 1; number <= 3; ++number)
                other.archive().keep(
                    instance_of(patient, "1.2." + std::to_string(round), number).file());
            if (round % 2 == 0) other.archive().erase_patient(patient, "");
        }
    });
    for (int round = 0; round < 3; ++round)
        for (const Damage& damage : store.archive().verify())
            ADD_FAILURE() << damage.object << ": " << damage.what;
}

// S3 answers a range of an empty object with an error of its own.
TEST(Reindex, NamesAnEmptyObjectAndStartsAllTheSame) {
    TestStore store;
    store.archive().keep(instance_of("P1", "1.2.1", 1).file());
    const std::string object = store.objects().at(0);
    store.replace(object, {});
    const auto found = store.archive().verify();
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].object, object);
    EXPECT_THAT(found[0].what, testing::HasSubstr(object));
    store.close();
    store.lose_index();
    store.open();
    const auto unread = store.archive().reindex();
    ASSERT_EQ(unread.size(), 1U);
    EXPECT_EQ(unread[0].object, object);
    if (store.on_files()) return;
    // Begun by a process that died.
    S3(*store.bucket).ask({.method = "PUT", .key = "pending/dead/" + object});
    store.close();
    store.lose_index();
    store.open();
    EXPECT_TRUE(store.objects().empty());
}

TEST(Rotation, NamesTheKeyThatIsNotHeldAnyMore) {
    LUCERNA_NEEDS_SQLITE();
    TestStore store;
    store.archive().keep(instance_of("P1", "1.2.1", 1).file());
    store.close();
    store.keys.rotate();
    store.keys.forget_older(store.keys.current_key());
    EXPECT_EQ(error_of([&] { store.open(); }), "not-found");
    EXPECT_THAT(test::message_of([&] { store.open(); }), testing::HasSubstr("key-encryption key"));
}

}  // namespace
}  // namespace lucerna::store
