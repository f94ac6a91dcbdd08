#include "store/used.h"

#include <gtest/gtest.h>

#include "base/file.h"
#include "store/store_test_support.h"

namespace lucerna::store {
namespace {

TEST(Used, AFreshFolderIsNot) {
    test::TemporaryFolder folder;
    const auto data = folder.path() / "data";
    EXPECT_FALSE(is_used({data}));
    EXPECT_FALSE(std::filesystem::exists(data)) << "nothing is made";
    std::filesystem::create_directories(data / "keys");
    std::filesystem::create_directories(data / "objects" / "incoming");
    EXPECT_FALSE(is_used({data}));
    // A file system of its own, as it is when it is new.
    std::filesystem::create_directories(data / "keys" / "lost+found");
    write_file(data / "keys" / "lost+found" / "#12", as_byte_view("x"));
    EXPECT_FALSE(is_used({data}));
}

TEST(Used, ByAnythingThatAFolderKeeps) {
    for (const char* const kept :
         {"keys/00112233445566778899aabbccddeeff", "objects/00/x", "index.sqlite", "back-ends"}) {
        test::TemporaryFolder folder;
        const auto path = folder.path() / kept;
        std::filesystem::create_directories(path.parent_path());
        write_file(path, as_byte_view("x"));
        EXPECT_TRUE(is_used({folder.path()})) << kept;
    }
}

TEST(Used, ByWhatIsKeptWhereverItLies) {
    TestStore store;
    store.archive().keep(test::StoredInstance().file());
    EXPECT_TRUE(is_used(store.options()));
    store.close();
    // Another folder over the same index and bucket.
    StoreOptions elsewhere = store.options();
    elsewhere.folder = store.folder.path() / "another";
    EXPECT_EQ(is_used(elsewhere), !store.on_sqlite() || !store.on_files());
    if (!store.on_sqlite()) {
        elsewhere.bucket.reset();
        EXPECT_TRUE(is_used(elsewhere)) << "its index knows of keys";
    }
}

TEST(Used, AnIndexAndABucketThatAreEmptyAreNot) {
    TestStore store;
    store.close();
    StoreOptions elsewhere = store.options();
    elsewhere.folder = store.folder.path() / "another";
    // With neither elsewhere the note would say that they are.
    if (!store.on_sqlite() || !store.on_files()) {
        std::filesystem::create_directories(elsewhere.folder);
        write_file(elsewhere.folder / "back-ends", as_byte_view("x"));
    }
    // The index has a key of its own, which lies in the bucket.
    EXPECT_EQ(is_used(elsewhere), !store.on_files());
}

}  // namespace
}  // namespace lucerna::store
