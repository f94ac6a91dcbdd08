#include "store/back_ends.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/store_test_support.h"

namespace lucerna::store {
namespace {

using test::error_of;

void keep_one(TestStore& store) {
    test::StoredInstance instance;
    instance.patient_id = "P1";
    store.archive().keep(instance.file());
}

TEST(BackEnds, OpenWithWhatAServerNoted) {
    TestStore store;
    EXPECT_FALSE(has_back_ends(store.data())) << "an opening by itself notes nothing";
    note_back_ends(store.options());
    const Bytes noted = read_file(store.data() / "back-ends");
    EXPECT_EQ(as_text(noted), back_ends_of(store.options()));
    store.open();
    note_back_ends(store.options());
    EXPECT_EQ(read_file(store.data() / "back-ends"), noted);
}

TEST(BackEnds, RefuseOthersThanNotedNamingBoth) {
    LUCERNA_NEEDS_SQLITE();
    TestStore store;
    store.close();
    write_file(store.data() / "back-ends",
               as_byte_view(std::string("index postgres\nobjects s3\n")));
    EXPECT_EQ(error_of([&] { store.open(); }), "conflict");
    EXPECT_EQ(error_of([&] { note_back_ends(store.options()); }), "conflict");
    EXPECT_THAT(test::message_of([&] { store.open(); }),
                testing::AllOf(testing::HasSubstr("index postgres, objects s3"),
                               testing::HasSubstr("index sqlite, objects folder")));
}

TEST(BackEnds, RefusedLeaveTheFolderAsItWas) {
    LUCERNA_NEEDS_SQLITE();
    TestStore store;
    const std::filesystem::path other = store.folder.path() / "other";
    std::filesystem::create_directories(other);
    write_file(other / "back-ends", as_byte_view(std::string("index postgres\nobjects s3\n")));
    EXPECT_EQ(error_of([&] {
                  const Store stray({other, {}}, store.keys, store.clock);
              }),
              "conflict");
    EXPECT_FALSE(std::filesystem::exists(other / "index.sqlite"));
    EXPECT_FALSE(std::filesystem::exists(other / "keys"));
}

// With index and objects elsewhere, a store in the folder would see none of their keys.
TEST(BackEnds, AStrayStoreEndsNoKey) {
    TestStore store;
    keep_one(store);
    Store stray({store.folder.path() / "stray", {}}, store.keys, store.clock);
    EXPECT_EQ(error_of([&] { stray.archive().rotate_keys(); }), "conflict");
    EXPECT_EQ(store.keys.keys().size(), 1U);
    EXPECT_TRUE(store.archive().verify().empty());
}

TEST(BackEnds, AStrayStoreOfEarlierEndsNoKeyEither) {
    TestStore store;
    keep_one(store);
    const StoreOptions folder{store.folder.path() / "stray", {}};
    { const Store made(folder, store.keys, store.clock); }
    Store stray(folder, store.keys, store.clock);
    EXPECT_EQ(error_of([&] { stray.archive().rotate_keys(); }), "conflict");
    EXPECT_TRUE(store.archive().verify().empty());
}

// The wrong address of the index and the wrong prefix of the bucket: whoever opens that makes it.
TEST(BackEnds, AnIndexThatWasMadeByMistakeEndsNoKey) {
    TestStore store;
    note_back_ends(store.options());
    for (int opening = 0; opening < 3; ++opening) {
        store.open();
        EXPECT_EQ(error_of([&] { store.archive().rotate_keys(); }), "conflict") << opening;
    }
}

// An index that knows keys, over a bucket or a prefix that is not theirs.
TEST(BackEnds, AnIndexWithoutItsRecordsEndsNoKey) {
    TestStore store;
    keep_one(store);
    note_back_ends(store.options());
    store.open();
    const auto records = store.records();
    std::vector<std::string> names;
    records->for_each([&](const std::string& name) { names.push_back(name); });
    for (const std::string& name : names)
        if (name != std::string(32, '0')) records->remove(name);
    EXPECT_EQ(error_of([&] { store.archive().rotate_keys(); }), "conflict");
}

// The folder was used for exports alone: its key holds secrets of projects, and nothing else is
// under it.
TEST(BackEnds, AFolderWithItsOwnKeysRotatesWithoutPatients) {
    TestStore store;
    const std::string before = store.keys.current_key();
    EXPECT_EQ(error_of([&] { store.archive().rotate_keys("test"); }), "conflict");
    store.archive().rotate_keys("test", OwnKeys::kInItsFolder);
    EXPECT_NE(store.keys.current_key(), before);
}

// An index and objects that lost their keys are no such folder.
TEST(BackEnds, ObjectsWithoutTheirKeysEndNone) {
    TestStore store;
    keep_one(store);
    const auto records = store.records();
    std::vector<std::string> names;
    records->for_each([&](const std::string& name) { names.push_back(name); });
    for (const std::string& name : names)
        if (name != std::string(32, '0')) records->remove(name);
    store.close();
    store.lose_index();
    store.open();
    EXPECT_EQ(error_of([&] { store.archive().rotate_keys("test", OwnKeys::kInItsFolder); }),
              "conflict");
}

// Whatever still opens by the old key, a backup say, is to end with the last patient too.
TEST(BackEnds, TheServersStoreRotatesWithoutPatients) {
    TestStore store;
    keep_one(store);
    note_back_ends(store.options());
    store.open();
    store.archive().erase_patient("P1", "");
    const std::string before = store.keys.current_key();
    store.archive().rotate_keys();
    EXPECT_NE(store.keys.current_key(), before);
    EXPECT_EQ(store.keys.keys().size(), 1U);
}

TEST(BackEnds, WhatAnOlderProgramKeptKeysInMayRotateWithoutAny) {
    LUCERNA_NEEDS_SQLITE();
    TestStore store;
    store.archive().keep(test::StoredInstance().file());
    note_back_ends(store.options());
    store.close();
    {
        OpenedIndex index(store);
        index.connection.execute("DELETE FROM counters WHERE name = 'had-keys'");
    }
    store.open();
    EXPECT_EQ(store.archive().erase_patient("P1", ""), 1U);
    store.archive().rotate_keys("test");
}

}  // namespace
}  // namespace lucerna::store
