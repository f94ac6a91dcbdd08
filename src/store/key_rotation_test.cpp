// Rotation of keys on an object store whose listings and answers are not what lies there.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <set>
#include <utility>

#include "store/store_test_support.h"
#include "support/forwarding_records.h"

namespace lucerna::store {
namespace {

using test::error_of;

/// Those of a store, with what is between it and them.
class RecordsBehindFaults final : public test::ForwardingRecords {
  public:
    using ForwardingRecords::ForwardingRecords;

    void write(const std::string& name, ByteView bytes) override {
        if (!swallowed.contains(name)) ForwardingRecords::write(name, bytes);
    }
    [[nodiscard]] Bytes read(const std::string& name) override {
        if (missing.contains(name)) throw Error(ErrorCode::kNotFound, "not there");
        Bytes bytes = ForwardingRecords::read(name);
        if (flips_once.erase(name) > 0) bytes.at(bytes.size() / 2) ^= 1;
        return bytes;
    }
    void for_each(const std::function<void(const std::string& name)>& visit) override {
        const bool is_stale = listings != lacking.end() && listings->second;
        const std::string hidden = is_stale ? hides : std::string();
        if (listings != lacking.end()) ++listings;
        ForwardingRecords::for_each([&](const std::string& name) {
            if (!(is_stale && (hidden.empty() || name == hidden))) visit(name);
        });
    }

    /// Which of the next listings lack `hides`, or everything.
    void lack(const std::set<int>& which) {
        lacking.clear();
        for (int i = 0; i < 9; ++i) lacking[i] = which.contains(i);
        listings = lacking.begin();
    }
    std::string hides;
    std::set<std::string> swallowed;
    std::set<std::string> missing;
    std::set<std::string> flips_once;

  private:
    std::map<int, bool> lacking;
    std::map<int, bool>::iterator listings = lacking.end();
};

test::StoredInstance of_patient(int number) {
    test::StoredInstance instance;
    instance.patient_id = "P" + std::to_string(number);
    instance.study = "1.2." + std::to_string(number);
    instance.series = instance.study + ".1";
    instance.sop_instance = instance.series + ".1";
    return instance;
}

/// Of three patients.
struct Rotated : TestStore {
    Rotated() {
        for (int i = 1; i <= 3; ++i) archive().keep(of_patient(i).file());
        records()->for_each([&](const std::string& name) {
            if (!name.starts_with(std::string(31, '0'))) patients_key = name;
        });
        open_behind_faults();
    }
    void open_behind_faults() {
        auto made = std::make_unique<RecordsBehindFaults>(TestStore::records());
        faults = made.get();
        open_behind(std::move(made));
    }
    /// Whatever the rotation said, nobody's object is lost, and it can be done again.
    void expect_all_opens() {
        open();
        for (const Damage& damage : archive().verify()) ADD_FAILURE() << damage.what;
        for (int i = 1; i <= 3; ++i)
            EXPECT_EQ(archive().object(of_patient(i).sop_instance), of_patient(i).file());
        EXPECT_GE(archive().rotate_keys(), 1U);
        EXPECT_EQ(keys.keys().size(), 1U);
        open();
        EXPECT_TRUE(archive().verify().empty());
    }
    RecordsBehindFaults* faults = nullptr;
    std::string patients_key;
};

// Of the index's key, too, which no row names.
TEST(KeyRotation, EndsNoKeyForARecordThatAListingLacks) {
    for (const bool of_the_index : {false, true})
        for (const std::set<int>& which :
             {std::set<int>{0}, {1}, {2}, {3}, {4}, {0, 1, 2, 3, 4, 5, 6, 7, 8}}) {
            Rotated store;
            store.faults->hides = of_the_index ? std::string(32, '0') : store.patients_key;
            store.faults->lack(which);
            EXPECT_EQ(error_of([&] { (void)store.archive().rotate_keys(); }), "none");
            EXPECT_EQ(store.keys.keys().size(), 1U) << "it is done";
            store.expect_all_opens();
        }
}

TEST(KeyRotation, EndsNoKeyForAListingOfNothing) {
    for (int which = 0; which < 6; ++which) {
        Rotated store;
        store.faults->lack({which});
        (void)error_of([&] { (void)store.archive().rotate_keys(); });
        store.expect_all_opens();
    }
}

TEST(KeyRotation, FindsWithoutTheIndexWhatOneListingLacks) {
    Rotated store;
    store.close();
    store.lose_index();
    store.open_behind_faults();
    store.faults->hides = store.patients_key;
    // The first is looked at to see whether there is any.
    store.faults->lack({2});
    EXPECT_EQ(error_of([&] { (void)store.archive().rotate_keys(); }), "none");
    store.open();
    EXPECT_TRUE(store.archive().reindex().empty());
    store.expect_all_opens();
}

TEST(KeyRotation, EndsNoKeyForARecordThatWasNotWritten) {
    Rotated store;
    store.faults->swallowed = {store.patients_key};
    EXPECT_EQ(error_of([&] { (void)store.archive().rotate_keys(); }), "unavailable");
    EXPECT_EQ(store.keys.keys().size(), 2U);
    store.expect_all_opens();
}

TEST(KeyRotation, EndsNoKeyForARecordThatIsNotThere) {
    Rotated store;
    store.faults->missing = {store.patients_key};
    EXPECT_THAT(test::message_of([&] { (void)store.archive().rotate_keys(); }),
                testing::HasSubstr("data key " + store.patients_key));
    EXPECT_EQ(store.keys.keys().size(), 2U) << "a backup has it under the older one";
    EXPECT_THAT(store.archive().verify().front().object, testing::HasSubstr(store.patients_key));
    store.expect_all_opens();
}

TEST(KeyRotation, ReadsARecordTwiceBeforeItIsCalledDamaged) {
    Rotated store;
    store.faults->flips_once = {store.patients_key};
    EXPECT_TRUE(store.archive().verify().empty());
    store.faults->flips_once = {store.patients_key};
    EXPECT_EQ(error_of([&] { (void)store.archive().rotate_keys(); }), "none");
    EXPECT_EQ(store.keys.keys().size(), 1U);
    store.expect_all_opens();
}

}  // namespace
}  // namespace lucerna::store
