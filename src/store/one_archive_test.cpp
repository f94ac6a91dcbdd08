#include "store/one_archive.h"

#include <gtest/gtest.h>

#include "store/store_test_support.h"

namespace lucerna::store {
namespace {

using test::error_of;

TEST(OneArchive, KnowsItsMarkAgainAndNoOther) {
    LUCERNA_NEEDS_SQLITE();
    TestStore store;
    store.close();
    OpenedIndex index(store);
    const auto opens = [&](Records& records, vault::KeyProvider& keys) {
        return error_of([&] {
            require_one_archive([&](const auto& work) { work(index.connection); }, records, keys);
        });
    };
    EXPECT_EQ(opens(*index.records, store.keys), "none") << "is noted";
    EXPECT_EQ(opens(*index.records, store.keys), "none");
    RecordFolder elsewhere(store.folder.path() / "elsewhere");
    EXPECT_EQ(opens(elsewhere, store.keys), "conflict") << "has none";
    EXPECT_FALSE(has_index_key(elsewhere)) << "nor is it given one";
    (void)index_key(elsewhere, store.keys, {});
    EXPECT_EQ(opens(elsewhere, store.keys), "conflict") << "has another";
    vault::FileKeyProvider other(store.folder.path() / "other-secret" / "keys");
    EXPECT_NE(opens(*index.records, other), "none") << "by other keys";
    EXPECT_EQ(opens(*index.records, store.keys), "none");
}

TEST(OneArchive, MakesItsMarkAnewWherePatientsKeysAre) {
    LUCERNA_NEEDS_SQLITE();
    TestStore store;
    store.archive().keep(test::StoredInstance().file());
    store.close();
    OpenedIndex index(store);
    const auto opens = [&](Records& records, vault::KeyProvider& keys) {
        return error_of([&] {
            require_one_archive([&](const auto& work) { work(index.connection); }, records, keys);
        });
    };
    // An archive of an earlier program, and a server on another bucket, or with another key, first.
    RecordFolder elsewhere(store.folder.path() / "elsewhere");
    EXPECT_EQ(opens(elsewhere, store.keys), "conflict");
    EXPECT_FALSE(has_index_key(elsewhere));
    vault::FileKeyProvider other(store.folder.path() / "other-secret" / "keys");
    RecordFolder copied(store.folder.path() / "copied");
    index.records->for_each([&](const std::string& name) {
        if (name != std::string(32, '0')) copied.write(name, index.records->read(name));
    });
    EXPECT_EQ(opens(copied, other), "conflict");
    EXPECT_EQ(opens(*index.records, store.keys), "none");
    // Out of a backup of before the mark.
    EXPECT_EQ(opens(copied, store.keys), "none");
    EXPECT_TRUE(has_index_key(copied));
    EXPECT_EQ(opens(copied, store.keys), "none");
    EXPECT_EQ(opens(*index.records, store.keys), "conflict") << "that is the other one now";
}

TEST(OneArchive, IsAskedForWhereAnIndexIsShared) {
    TestStore store;
    const auto opens = [&](const StoreOptions& options, vault::KeyProvider& keys) {
        store.close();
        return error_of([&] { const Store opened(options, keys, store.clock); });
    };
    StoreOptions other = store.options();
    if (other.bucket)
        other.bucket->prefix += "other/";
    else
        other.folder = store.folder.path() / "other";
    // One on SQLite is another's folder then, with an index of its own.
    const char* const otherwise = store.bucket ? "not-found" : "none";
    EXPECT_EQ(opens(other, store.keys), store.on_sqlite() ? otherwise : "conflict");
    vault::FileKeyProvider keys(store.folder.path() / "other-secret" / "keys");
    EXPECT_NE(opens(store.options(), keys), "none");
    EXPECT_EQ(opens(store.options(), store.keys), "none");
    // A new one takes the mark that is there.
    store.lose_index();
    EXPECT_EQ(opens(store.options(), store.keys), "none");
}

}  // namespace
}  // namespace lucerna::store
