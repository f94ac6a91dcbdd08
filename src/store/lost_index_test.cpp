#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <set>

#include "base/error.h"
#include "dicom/part10_head.h"
#include "store/arrival.h"
#include "store/key_record.h"
#include "store/store_test_support.h"
#include "support/forwarding_keys.h"

namespace lucerna::store {
namespace {

using test::error_of;
using test::StoredInstance;

StoredInstance numbered(int number) {
    StoredInstance instance;
    instance.patient_id = "P" + std::to_string(number);
    instance.study = "1.2." + std::to_string(number);
    instance.series = instance.study + ".1";
    instance.sop_instance = instance.series + ".1";
    return instance;
}

/// Opens keys until `opens` are used up; then it can't be reached.
class KeysThatGo final : public test::ForwardingKeys {
  public:
    KeysThatGo(vault::KeyProvider& keys, int opens) : ForwardingKeys(keys), opens_(opens) {}
    [[nodiscard]] vault::SecretKey unwrap(const vault::WrappedKey& wrapped,
                                          std::string_view purpose) override {
        if (opens_-- <= 0) throw Error(ErrorCode::kUnavailable, "the key service is away");
        return ForwardingKeys::unwrap(wrapped, purpose);
    }

  private:
    int opens_;
};

/// Tells of each key that is made, before it is.
class KeysThatTell final : public test::ForwardingKeys {
  public:
    KeysThatTell(vault::KeyProvider& keys, std::function<void()> tell)
        : ForwardingKeys(keys), tell_(std::move(tell)) {}
    [[nodiscard]] vault::WrappedKey wrap(const vault::SecretKey& key,
                                         std::string_view purpose) override {
        tell_();
        return ForwardingKeys::wrap(key, purpose);
    }

  private:
    std::function<void()> tell_;
};

/// Pixels before all that says whose they are.
Bytes out_of_order(const StoredInstance& instance) {
    const Bytes whole = instance.file();
    const auto meta = static_cast<std::ptrdiff_t>(dicom::split_part10(whole).data_set_offset);
    Bytes file(whole.begin(), whole.begin() + meta);
    test::put_element(file, 0x0029, 0x1010, "OW", std::string(3'000'000, 'x'));
    file.insert(file.end(), whole.begin() + meta, whole.end());
    return file;
}

class LostIndex : public testing::Test {
  protected:
    /// Keeps one that does not say whose it is before it is whole, and leaves what it was sealed
    /// into until it got its patient's key, as a process does that is killed then. The store is
    /// closed. Returns the name of what is left.
    std::string keep_out_of_order(const StoredInstance& instance) {
        store.close();
        const auto before = store.objects();
        std::pair<std::string, Bytes> left;
        KeysThatTell keys(store.keys, [&] {
            for (const std::string& name : store.objects())
                if (std::find(before.begin(), before.end(), name) == before.end())
                    left = {name, unpublished(name)};
        });
        {
            Store one(store.options(), keys, store.clock);
            const Bytes file = out_of_order(instance);
            const auto arrival = one.archive().arriving();
            (void)arrival->take(ByteView(file).first(2'000'000));
            EXPECT_EQ(arrival->keep(file), Kept::kNew);
        }
        EXPECT_GT(left.second.size(), 3'000'000U);
        if (store.on_files()) {
            write_file(store.data() / "objects" / "incoming" / left.first, left.second);
        } else {
            store.replace(left.first, left.second);
            unpublish(left.first);
        }
        return left.first;
    }
    [[nodiscard]] std::string name_of_key() const {
        std::string found;
        store.records()->for_each([&](const std::string& name) {
            if (!is_of_the_index(name)) found = name;
        });
        return found;
    }
    [[nodiscard]] Bytes unpublished(const std::string& name) const {
        return store.on_files() ? read_file(store.data() / "objects" / "incoming" / name)
                                : store.sealed(name);
    }
    /// Keeps one object for each of `count` patients, as a process does that dies before it
    /// publishes them; the store is closed then.
    void keep_unpublished(int count) {
        for (int number = 1; number <= count; ++number)
            store.archive().keep(numbered(number).file());
        store.close();
        for (const std::string& name : store.objects()) unpublish(name);
    }
    void unpublish(const std::string& name) const {
        if (!store.on_files()) {
            S3(*store.bucket).ask({.method = "PUT", .key = "pending/dead/" + name});
            return;
        }
        const auto objects = store.data() / "objects";
        std::filesystem::rename(objects / name.substr(0, 2) / name, objects / "incoming" / name);
    }
    void unpublish_key(const std::string& name) const {
        if (!store.on_files()) {
            S3(*store.bucket).ask({.method = "PUT", .key = "pending-keys/dead/" + name});
            return;
        }
        const auto keys = store.data() / "keys";
        std::filesystem::rename(keys / name, keys / (name + ".new"));
    }
    void replace_unpublished(const std::string& name, ByteView bytes) const {
        if (store.on_files())
            write_file(store.data() / "objects" / "incoming" / name, bytes);
        else
            store.replace(name, bytes);
    }
    /// Starts with a key service that goes away after it opened `opens` patients' keys.
    void start_breaks_off_after(int opens) {
        KeysThatGo keys(store.keys, opens + (store.on_sqlite() ? 1 : 0));
        EXPECT_EQ(error_of([&] { Store broken(store.options(), keys, store.clock); }),
                  "unavailable");
    }
    void expect_all(int count) {
        EXPECT_TRUE(store.archive().reindex().empty());
        EXPECT_EQ(store.archive().totals().instances, static_cast<std::uint64_t>(count));
        for (int number = 1; number <= count; ++number)
            EXPECT_EQ(store.archive().object(numbered(number).sop_instance),
                      numbered(number).file());
        EXPECT_TRUE(store.archive().verify().empty());
    }

    TestStore store;
};

TEST_F(LostIndex, KeepsWhatWasAcknowledgedThoughTheFirstStartBreaksOff) {
    for (const int opens : {0, 2}) {
        store.open();
        keep_unpublished(3);
        store.lose_index();
        start_breaks_off_after(opens);
        start_breaks_off_after(0);
        store.open();
        expect_all(3);
    }
}

TEST_F(LostIndex, KeepsWhatWasAcknowledgedThoughItCannotBePublishedYet) {
    if (!store.on_files()) GTEST_SKIP() << "skipped: a bucket has no folders";
    keep_unpublished(1);
    const auto place = store.data() / "objects" / store.objects().front().substr(0, 2);
    std::filesystem::remove(place);
    write_file(place, Bytes(1));
    store.lose_index();
    for (int starts = 0; starts < 3; ++starts) {
        store.open();
        EXPECT_EQ(store.objects().size(), 1U);
        store.close();
    }
    std::filesystem::remove(place);
    store.open();
    expect_all(1);
}

TEST_F(LostIndex, KeepsTheKeysOfWhatWasAcknowledged) {
    store.archive().keep(numbered(1).file());
    store.close();
    const std::string key = name_of_key();
    unpublish_key(key);
    // The index that knows it, and one that was made anew.
    store.open();
    EXPECT_EQ(store.key_records(), 1U);
    store.close();
    unpublish_key(key);
    store.lose_index();
    store.open();
    expect_all(1);
}

// A copy from before they were kept, of the index alone.
TEST_F(LostIndex, KeepsWhatAnOlderOneThatIsPutBackDoesNotKnow) {
    if (!store.on_sqlite()) GTEST_SKIP() << "of the folder's files alone";
    store.archive().keep(numbered(1).file());
    store.close();
    const auto index = store.data() / "index.sqlite";
    const Bytes older = read_file(index);
    std::vector<std::string> known = store.objects();
    known.push_back(name_of_key());
    store.open();
    store.clock.advance(std::chrono::minutes(2));
    store.archive().keep(numbered(2).file());
    store.archive().keep(numbered(3).file());
    store.close();
    const auto is_later = [&](const std::string& name) {
        return std::find(known.begin(), known.end(), name) == known.end();
    };
    for (const std::string& name : store.objects())
        if (is_later(name)) unpublish(name);
    std::vector<std::string> keys;
    store.records()->for_each([&](const std::string& name) {
        if (!is_of_the_index(name) && is_later(name)) keys.push_back(name);
    });
    for (const std::string& name : keys) unpublish_key(name);
    write_file(index, older);
    store.open();
    expect_all(3);
    store.close();
    write_file(store.data() / "index.witness", as_byte_view(std::string("9")));
    store.open();
    const std::vector<Damage> damages = store.archive().verify();
    ASSERT_EQ(damages.size(), 1U);
    EXPECT_EQ(damages[0].object, "index.witness");
}

TEST_F(LostIndex, IsSaidToBeBeforeAnythingElseIsDone) {
    EXPECT_NO_THROW(store.archive().require_index()) << "of a store that is new";
    store.archive().keep(numbered(1).file());
    EXPECT_NO_THROW(store.archive().require_index());
    store.close();
    store.lose_index();
    store.open();
    EXPECT_THAT(test::message_of([&] { store.archive().require_index(); }),
                testing::HasSubstr("lucerna reindex"));
    EXPECT_EQ(store.archive().unknown_objects(), 1U);
    expect_all(1);
    EXPECT_NO_THROW(store.archive().require_index());
    EXPECT_EQ(store.archive().unknown_objects(), 0U);
    store.archive().erase_patient("P1", "", "tester");
    EXPECT_NO_THROW(store.archive().require_index()) << "it knew one";
}

TEST_F(LostIndex, IsRebuiltFromNothingToo) {
    const std::string key(32, 'a');
    store.close();
    store.records()->write(key, as_byte_view("of a sender that gave up"));
    store.lose_index();
    store.open();
    EXPECT_EQ(error_of([&] { store.archive().require_index(); }), "conflict");
    EXPECT_TRUE(store.archive().reindex().empty());
    EXPECT_NO_THROW(store.archive().require_index());
}

TEST_F(LostIndex, EndsTheKeyOfAnImageThatIsAnothersNow) {
    store.archive().keep(numbered(1).file());
    store.close();
    store.lose_index();
    store.open();
    StoredInstance same = numbered(1);
    same.patient_id = "P2";
    store.archive().keep(same.file());
    EXPECT_EQ(store.archive().reindex().size(), 1U);
    EXPECT_EQ(store.key_records(), 2U);
    const PatientErasure would = store.archive().erasure_of_patient("P1", "");
    EXPECT_EQ(would.instances, 0U);
    EXPECT_EQ(would.keys, 1U);
    EXPECT_EQ(store.archive().erase_patient("P1", "", "tester"), 0U);
    EXPECT_EQ(store.key_records(), 1U);
    EXPECT_EQ(store.archive().object(same.sop_instance), same.file());
}

// As an older copy of it does, which is put back: it knows other patients.
TEST_F(LostIndex, GivesBackAndErasesAPatientWhoWasGivenAnotherKeySince) {
    for (const std::string issuer : {"", "HOSP"}) {
        StoredInstance first = numbered(1);
        first.issuer = issuer;
        StoredInstance second = first;
        second.sop_instance += ".2";
        StoredInstance elsewhere = first;
        elsewhere.study = "1.2.9";
        elsewhere.series = elsewhere.study + ".1";
        elsewhere.sop_instance = elsewhere.series + ".1";
        store.archive().keep(first.file());
        store.archive().keep(elsewhere.file());
        store.close();
        store.lose_index();
        store.open();
        store.archive().keep(second.file());
        EXPECT_EQ(store.key_records(), 2U);

        EXPECT_TRUE(store.archive().reindex().empty());
        EXPECT_EQ(store.archive().totals().instances, 3U);
        EXPECT_EQ(store.archive().object(first.sop_instance), first.file());
        EXPECT_TRUE(store.archive().verify().empty());
        const PatientErasure would = store.archive().erasure_of_patient("P1", "");
        EXPECT_EQ(would.instances, 3U);
        EXPECT_TRUE(would.issuers_left.empty());
        EXPECT_EQ(store.archive().erase_patient("P1", issuer, "tester"), 3U);
        EXPECT_EQ(store.key_records(), 0U);
        EXPECT_TRUE(store.objects().empty());
        EXPECT_TRUE(store.archive().reindex().empty());
        EXPECT_EQ(store.archive().totals().instances, 0U);
    }
}

TEST_F(LostIndex, LeavesNothingOfAnImageThatCameAgain) {
    store.archive().keep(numbered(1).file());
    StoredInstance other = numbered(1);
    other.sop_instance += ".2";
    store.archive().keep(other.file());
    store.close();
    store.lose_index();
    store.open();
    // The one is sent once more, the other with other pixels.
    store.archive().keep(numbered(1).file());
    other.seed = 2;
    store.archive().keep(other.file());
    EXPECT_EQ(store.objects().size(), 4U);
    for (int again = 0; again < 2; ++again) {
        const auto damages = store.archive().reindex();
        ASSERT_EQ(damages.size(), 1U);
        EXPECT_THAT(damages[0].what, testing::HasSubstr("indexed already, with other bytes"));
        EXPECT_EQ(store.objects().size(), 3U);
    }
    EXPECT_EQ(store.archive().object(other.sop_instance), other.file());
    EXPECT_EQ(store.archive().erase_patient("P1", "", "tester"), 2U);
    EXPECT_EQ(store.key_records(), 0U) << "nobody reads the third any more";
}

// Erased, and sent again, after the index was copied that is put back.
TEST_F(LostIndex, GivesUpARowWhoseObjectIsGoneForOneThatIsThere) {
    StoredInstance again = numbered(1);
    again.patient_name = "Doe^Jane^Corrected";
    store.archive().keep(again.file());
    store.close();
    store.lose_index();
    store.open();
    store.archive().keep(numbered(1).file());
    store.exams().move("1.2.1", ExamState::kWaiting);
    const std::string gone = store.archive().instance(again.sop_instance)->object;
    EXPECT_EQ(store.archive().reindex().size(), 1U) << "while it is there";
    store.remove(gone);
    EXPECT_TRUE(store.archive().reindex().empty());
    EXPECT_TRUE(store.archive().verify().empty());
    EXPECT_EQ(store.archive().object(again.sop_instance), again.file());
    EXPECT_EQ(store.archive().keep(again.file()), Kept::kAlreadyKept);
    EXPECT_EQ(store.archive().person_of_study("1.2.1").name, "Doe^Jane^Corrected");
    EXPECT_EQ(store.archive().totals().studies, 1U);
    EXPECT_EQ(store.exams().exam("1.2.1")->state, ExamState::kReceiving) << "of another object";
}

TEST_F(LostIndex, GivesUpARowThatIsOfAnotherStudyThanTheObjectThatIsThere) {
    StoredInstance again = numbered(1);
    again.study = "1.2.9";
    store.archive().keep(again.file());
    store.close();
    store.lose_index();
    store.open();
    store.archive().keep(numbered(1).file());
    store.remove(store.archive().instance(again.sop_instance)->object);
    EXPECT_TRUE(store.archive().reindex().empty());
    EXPECT_TRUE(store.archive().verify().empty());
    EXPECT_EQ(store.archive().instance(again.sop_instance)->study_instance_uid, "1.2.9");
    EXPECT_EQ(store.archive().totals().studies, 1U);
}

TEST_F(LostIndex, LeavesARowWhoseObjectIsDamagedThoughAnotherIsThere) {
    StoredInstance again = numbered(1);
    again.seed = 2;
    store.archive().keep(again.file());
    store.close();
    store.lose_index();
    store.open();
    store.archive().keep(numbered(1).file());
    const std::string object = store.archive().instance(again.sop_instance)->object;
    const Bytes whole = store.sealed(object);
    Bytes damaged = whole;
    damaged.back() ^= 1;
    store.replace(object, damaged);
    EXPECT_EQ(store.archive().reindex().size(), 1U);
    store.replace(object, whole);
    EXPECT_EQ(store.archive().object(again.sop_instance), numbered(1).file());
}

TEST_F(LostIndex, EndsNoKeyOfAnObjectThatItDoesNotKnow) {
    for (const bool whole_study : {true, false}) {
        StoredInstance known = numbered(1), unknown = numbered(2);
        unknown.patient_id = known.patient_id;
        store.archive().keep(known.file());
        store.archive().keep(unknown.file());
        const std::string object = store.archive().instance(unknown.sop_instance)->object;
        store.close();
        const Bytes sealed = store.sealed(object);
        store.remove(object);
        store.lose_index();
        store.open();
        EXPECT_TRUE(store.archive().reindex().empty());
        store.close();
        store.replace(object, sealed);
        store.open();
        EXPECT_EQ(whole_study ? store.archive().erase_study(known.study)
                              : store.archive().erase_part({known.study, known.series}),
                  1U);
        EXPECT_EQ(store.key_records(), 1U);
        EXPECT_TRUE(store.archive().reindex().empty());
        EXPECT_EQ(store.archive().object(unknown.sop_instance), unknown.file());
        EXPECT_EQ(store.archive().erase_study(unknown.study), 1U);
        EXPECT_EQ(store.key_records(), 0U) << "nothing is unknown any more";
    }
}

TEST_F(LostIndex, EndsTheKeyOfAPatientWhateverItDoesNotKnow) {
    store.archive().keep(numbered(1).file());
    StoredInstance other = numbered(2);
    other.patient_id = "P1";
    store.archive().keep(other.file());
    store.close();
    const std::string object = store.objects().at(0);
    const Bytes sealed = store.sealed(object);
    store.remove(object);
    store.lose_index();
    store.open();
    EXPECT_TRUE(store.archive().reindex().empty());
    store.replace(object, sealed);
    EXPECT_EQ(store.archive().erase_patient("P1", ""), 1U);
    EXPECT_EQ(store.key_records(), 0U);
}

TEST_F(LostIndex, IsNeededNoMoreForAKeyThatWasNeverEntered) {
    store.open();
    const std::string key(32, 'a');
    store.records()->write_new(key, as_byte_view(key));
    store.close();
    store.open();
    EXPECT_EQ(store.key_records(), 0U);
    EXPECT_EQ(error_of([&] { (void)store.records()->read(key); }), "not-found");
}

TEST_F(LostIndex, IsNoExcuseOnceItWasRecovered) {
    keep_unpublished(1);
    store.lose_index();
    store.open();
    expect_all(1);
    store.close();
    // Written and never committed.
    store.lose_index();
    store.open();
    store.close();
    unpublish(store.objects().at(0));
    store.open();
    EXPECT_TRUE(store.objects().empty()) << "this index was there when it was written";
}

TEST_F(LostIndex, TakesNothingThatTheNewOneKnows) {
    keep_unpublished(1);
    store.lose_index();
    store.open();
    expect_all(1);
    store.close();
    const std::string object = store.objects().at(0);
    Bytes damaged = store.sealed(object);
    damaged.back() ^= 1;
    unpublish(object);
    replace_unpublished(object, damaged);
    store.open();
    const auto found = store.archive().verify();
    ASSERT_EQ(found.size(), 1U) << "it is named, and not removed";
    EXPECT_EQ(found[0].object, object);
}

TEST_F(LostIndex, KeepsNothingThatWasNeverAcknowledged) {
    store.archive().keep(numbered(1).file());
    const StoredInstance late = numbered(2);
    const std::string left = keep_out_of_order(late);
    // As it was while it came: half of it.
    const Bytes sealed = unpublished(left);
    const std::string half(32, 'b');
    replace_unpublished(half, ByteView(sealed).first(1'000'000));
    if (!store.on_files()) unpublish(half);
    store.lose_index();
    store.open();
    EXPECT_TRUE(store.archive().reindex().empty());
    EXPECT_TRUE(store.archive().verify().empty());
    EXPECT_EQ(store.objects().size(), 2U);
    EXPECT_EQ(store.archive().object(numbered(1).sop_instance), numbered(1).file());
    EXPECT_EQ(store.archive().object(late.sop_instance), out_of_order(late));
}

// Whatever put it there: what lies among what was published is not removed unasked.
TEST_F(LostIndex, IsNotFilledWithWhatNobodyHasTheKeyOf) {
    const StoredInstance late = numbered(2);
    const std::string left = keep_out_of_order(late);
    const Bytes sealed = unpublished(left);
    store.open();
    EXPECT_EQ(store.objects().size(), 1U) << "an index that was there needs no look";
    if (store.on_files())
        std::filesystem::create_directories(store.data() / "objects" / left.substr(0, 2));
    store.replace(left, sealed);
    for (const auto& found : {store.archive().verify(), store.archive().reindex()}) {
        ASSERT_EQ(found.size(), 1U);
        EXPECT_EQ(found[0].object, left);
    }
    EXPECT_EQ(store.archive().totals().instances, 1U);
    EXPECT_EQ(store.objects().size(), 2U);
    unpublish(left);
    EXPECT_TRUE(store.archive().verify().empty());
    EXPECT_TRUE(store.archive().reindex().empty());
    EXPECT_EQ(store.objects().size(), 1U);
    EXPECT_EQ(store.archive().object(late.sop_instance), out_of_order(late));
}

// Keys can come back: out of a backup, or with the right key file.
TEST_F(LostIndex, KeepsAnObjectWhoseKeyCannotBeOpenedNow) {
    keep_unpublished(2);
    const std::set<std::string> objects = [&] {
        const auto names = store.objects();
        return std::set<std::string>(names.begin(), names.end());
    }();
    std::vector<std::pair<std::string, Bytes>> records;
    store.records()->for_each([&](const std::string& name) {
        if (name != std::string(32, '0')) records.emplace_back(name, store.records()->read(name));
    });
    ASSERT_EQ(records.size(), 2U);
    store.records()->remove(records[0].first);
    store.records()->write(records[1].first, as_byte_view("not a record"));
    store.lose_index();
    store.open();
    const auto left = store.objects();
    EXPECT_EQ(std::set<std::string>(left.begin(), left.end()), objects);
    store.close();
    for (const auto& [name, bytes] : records) store.records()->write(name, bytes);
    store.open();
    expect_all(2);
}

}  // namespace
}  // namespace lucerna::store
