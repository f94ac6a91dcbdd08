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
    const fs::path marker = folder.path() / "index.open";
    const IndexAtWork at_work{folder.path() / "index.sqlite"};
};

TEST_F(IndexAtWorkTest, TellsWhatAServerLeftThatWasKilledHere) {
    EXPECT_FALSE(at_work.may_be_a_copy()) << "nothing was there";
    at_work.begin();
    EXPECT_FALSE(at_work.may_be_a_copy());
    write(folder.path() / "index.sqlite-wal", "a log");
    EXPECT_FALSE(at_work.may_be_a_copy());
    at_work.begin();
    EXPECT_FALSE(at_work.may_be_a_copy()) << "again";
}

TEST_F(IndexAtWorkTest, IsSureOfWhatCameToItsEnd) {
    at_work.begin();
    at_work.end();
    EXPECT_FALSE(fs::exists(marker));
    write(folder.path() / "index.sqlite-wal", "");
    EXPECT_FALSE(at_work.may_be_a_copy());
}

TEST_F(IndexAtWorkTest, SuspectsALogThatNobodyWasAtWorkOn) {
    write(folder.path() / "index.sqlite-wal", "of an earlier version, or after a power cut");
    EXPECT_TRUE(at_work.may_be_a_copy());
}

TEST_F(IndexAtWorkTest, SuspectsACopyThatWasMadeAtWork) {
    at_work.begin();
    const fs::path other = folder.path() / "other";
    fs::create_directory(other);
    fs::copy(marker, other);
    const IndexAtWork copied(other / "index.sqlite");
    EXPECT_TRUE(copied.may_be_a_copy());
    copied.begin();
    EXPECT_FALSE(copied.may_be_a_copy()) << "after it was looked through";
}

// As `cp` writes over it: the same file, with what it said when the copy was made.
TEST_F(IndexAtWorkTest, SuspectsACopyThatWasWrittenOverIt) {
    at_work.begin();
    std::ifstream input(marker);
    std::string inode, born;
    long long second = 0;
    ASSERT_TRUE(input >> inode >> born >> second);
    write(marker, inode + " " + born + " " + std::to_string(second - 60) + "\n");
    EXPECT_TRUE(at_work.may_be_a_copy());
    write(marker, "");
    EXPECT_TRUE(at_work.may_be_a_copy());
}

TEST_F(IndexAtWorkTest, GoesOnWhereNothingCanBeNoted) {
    const IndexAtWork nowhere(folder.path() / "none" / "index.sqlite");
    nowhere.begin();
    nowhere.end();
    EXPECT_FALSE(nowhere.may_be_a_copy());
}

}  // namespace
}  // namespace lucerna::store
