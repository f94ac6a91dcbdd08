#include "store/index_at_work.h"

#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "base/file.h"
#include "support/temporary_folder.h"

namespace lucerna::store {
namespace {

namespace fs = std::filesystem;

class IndexAtWorkTest : public testing::Test {
  protected:
    void write(const fs::path& path, const std::string& text) const { std::ofstream(path) << text; }

    test::TemporaryFolder folder;
    const fs::path index = folder.path() / "index.sqlite";
    const fs::path marker = folder.path() / "index.open";
    const IndexAtWork at_work{index};
};

TEST_F(IndexAtWorkTest, KnowsTheFileThatWasOpenedHere) {
    EXPECT_FALSE(at_work.may_be_a_copy()) << "nothing was there";
    write(index, "");
    at_work.begin();
    EXPECT_FALSE(at_work.may_be_a_copy());
    write(index, "pages");
    write(folder.path() / "index.sqlite-wal", "a log");
    EXPECT_FALSE(at_work.may_be_a_copy()) << "of a server that was killed";
    at_work.begin();
    EXPECT_FALSE(at_work.may_be_a_copy()) << "again";
}

TEST_F(IndexAtWorkTest, SuspectsAFileThatNobodyNoted) {
    write(index, "of an earlier version, or after a power cut");
    EXPECT_TRUE(at_work.may_be_a_copy());
    at_work.begin();
    EXPECT_FALSE(at_work.may_be_a_copy()) << "after it was looked through";
    fs::remove(marker);
    EXPECT_TRUE(at_work.may_be_a_copy());
}

TEST_F(IndexAtWorkTest, SuspectsACopyOfTheFolder) {
    write(index, "pages");
    at_work.begin();
    const fs::path other = folder.path() / "other";
    fs::create_directory(other);
    fs::copy(marker, other);
    fs::copy(index, other);
    const IndexAtWork copied(other / "index.sqlite");
    EXPECT_TRUE(copied.may_be_a_copy());
    copied.begin();
    EXPECT_FALSE(copied.may_be_a_copy()) << "after it was looked through";
}

// As `mv`, `tar` and rsync put it there, which may take index.open for the same as in the copy.
TEST_F(IndexAtWorkTest, SuspectsAnIndexThatCameUnderItsName) {
    write(index, "pages");
    at_work.begin();
    write(folder.path() / "put back", "pages");
    fs::rename(folder.path() / "put back", index);
    EXPECT_TRUE(at_work.may_be_a_copy());
}

// As `cp` writes over it: the same files, with what index.open said when the copy was made.
TEST_F(IndexAtWorkTest, SuspectsACopyThatWasWrittenOverIt) {
    write(index, "pages");
    at_work.begin();
    std::ifstream input(marker);
    std::string inode, born, of_index;
    long long second = 0;
    ASSERT_TRUE(input >> inode >> born >> second);
    std::getline(input, of_index);
    for (const int off : {-60, 60}) {
        write(marker, inode + " " + born + " " + std::to_string(second + off) + of_index + "\n");
        EXPECT_TRUE(at_work.may_be_a_copy()) << off;
    }
    write(marker, inode + " " + born + " " + std::to_string(second) + of_index + "\n");
    EXPECT_FALSE(at_work.may_be_a_copy());
    write(marker, "");
    EXPECT_TRUE(at_work.may_be_a_copy());
}

TEST_F(IndexAtWorkTest, GoesOnWhereNothingCanBeNoted) {
    const IndexAtWork nowhere(folder.path() / "none" / "index.sqlite");
    nowhere.begin();
    EXPECT_FALSE(nowhere.may_be_a_copy());
}

}  // namespace
}  // namespace lucerna::store
