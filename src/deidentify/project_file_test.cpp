#include "deidentify/project_file.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "base/error.h"
#include "base/file.h"
#include "vault/file_key_provider.h"

namespace lucerna::deidentify {
namespace {

namespace fs = std::filesystem;

class ProjectFile : public testing::Test {
  protected:
    ProjectFile()
        : folder_(fs::temp_directory_path() /
                  ("lucerna-project-" + std::to_string(::getpid()) + "-" +
                   testing::UnitTest::GetInstance()->current_test_info()->name())) {
        fs::remove_all(folder_);
        fs::create_directories(folder_);
    }
    ~ProjectFile() override { fs::remove_all(folder_); }
    fs::path folder_;
};

TEST_F(ProjectFile, GivesTheSameSecretAgain) {
    vault::FileKeyProvider keys(folder_ / "kek.json");
    const std::string uid = open_project(folder_, "reader-study", keys).uid("1.2.3");
    EXPECT_EQ(open_project(folder_, "reader-study", keys).uid("1.2.3"), uid);
    EXPECT_NE(open_project(folder_, "other", keys).uid("1.2.3"), uid);
}

TEST_F(ProjectFile, OutlivesARotationOfKeys) {
    vault::FileKeyProvider keys(folder_ / "kek.json");
    const std::string uid = open_project(folder_, "a", keys).uid("1.2.3");
    ProjectKeys with_projects(keys, folder_);
    with_projects.rotate();
    with_projects.forget_older(with_projects.current_key());
    EXPECT_EQ(open_project(folder_, "a", keys).uid("1.2.3"), uid);
    EXPECT_EQ(rewrap_projects(folder_, keys), 0U);
}

TEST_F(ProjectFile, RefusesNamesThatArePathsAndFilesThatAreNone) {
    vault::FileKeyProvider keys(folder_ / "kek.json");
    for (const char* name : {"", "../a", "A", "a b", "a/b"})
        EXPECT_THROW((void)open_project(folder_, name, keys), Error) << name;
    (void)open_project(folder_, "a", keys);
    const fs::path path = folder_ / "projects" / "a.json";
    for (const char* text : {"{", "{}", R"({"format":"lucerna-project/1"})",
                             R"({"format":"other","provider_key":"a","secret":""})"}) {
        std::ofstream(path) << text;
        EXPECT_THROW((void)open_project(folder_, "a", keys), Error) << text;
    }
}

TEST_F(ProjectFile, NamesEachInWhichAByteIsNotWhatWasWritten) {
    vault::FileKeyProvider keys(folder_ / "kek.json");
    EXPECT_TRUE(damages_of_projects(folder_, keys).empty());
    for (const char* name : {"a", "b"}) (void)open_project(folder_, name, keys);
    EXPECT_TRUE(damages_of_projects(folder_, keys).empty());
    const fs::path path = folder_ / "projects" / "a.json";
    const Bytes whole = read_file(path);
    for (std::size_t at = 0; at < whole.size(); ++at)
        for (unsigned bit = 0; bit < 8; ++bit) {
            Bytes altered = whole;
            altered[at] ^= static_cast<std::uint8_t>(1U << bit);
            write_file(path, altered);
            const auto damages = damages_of_projects(folder_, keys);
            ASSERT_EQ(damages.size(), 1U) << "bit " << bit << " of byte " << at;
            EXPECT_EQ(damages[0].first, "projects/a.json");
        }
}

TEST_F(ProjectFile, IsBoundToItsName) {
    vault::FileKeyProvider keys(folder_ / "kek.json");
    EXPECT_FALSE(has_projects(folder_));
    (void)open_project(folder_, "a", keys);
    EXPECT_TRUE(has_projects(folder_));
    fs::rename(folder_ / "projects" / "a.json", folder_ / "projects" / "b.json");
    EXPECT_THROW((void)open_project(folder_, "b", keys), Error);
}

}  // namespace
}  // namespace lucerna::deidentify
