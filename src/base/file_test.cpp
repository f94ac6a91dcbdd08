#include "base/file.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "support/no_descriptors.h"
#include "support/temporary_folder.h"

namespace lucerna {
namespace {

std::size_t entries(const std::filesystem::path& folder) {
    return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(folder), {}));
}

TEST(File, ReplacesWholeOrNotAtAll) {
    const test::TemporaryFolder folder;
    const auto path = folder.path() / "note";
    write_file_durably(path, as_byte_view("first"));
    write_file(path, as_byte_view("second"));
    EXPECT_EQ(as_text(read_file(path)), "second");
    EXPECT_EQ(entries(folder.path()), 1U);
}

TEST(File, RemovesWhatAKilledProcessLeftOfItsOwnAndNothingElse) {
    const test::TemporaryFolder folder;
    const pid_t gone = ::fork();
    if (gone == 0) ::_exit(0);
    ASSERT_EQ(::waitpid(gone, nullptr, 0), gone);
    const std::string dead = std::to_string(gone);
    const std::vector<std::string> left{"a.dcm." + dead + "-0.tmp", "a.dcm." + dead + "-17.tmp",
                                        "b.dcm." + std::to_string(::getpid()) + "-3.tmp"};
    const std::vector<std::string> others{"a.dcm",
                                          "a.dcm." + dead + "-0",
                                          "a.dcm." + dead + ".tmp",
                                          "a.dcm." + dead + "-.tmp",
                                          "a.dcm." + dead + "-x.tmp",
                                          "a.dcm.-" + dead + "-1.tmp",
                                          "a.dcm.0-1.tmp",
                                          "a.dcm." + std::to_string(::getppid()) + "-0.tmp",
                                          "a.txt." + dead + "-0.tmp"};
    for (const auto* names : {&left, &others})
        for (const std::string& name : *names)
            write_file(folder.path() / name, as_byte_view("something"));
    std::filesystem::create_directory(folder.path() / ("c.dcm." + dead + "-0.tmp"));
    std::filesystem::create_symlink("a.dcm", folder.path() / ("d.dcm." + dead + "-0.tmp"));
    remove_leftovers(folder.path(), [](std::string_view name) { return name.ends_with(".dcm"); });
    for (const std::string& name : left)
        EXPECT_FALSE(std::filesystem::exists(folder.path() / name)) << name;
    for (const std::string& name : others)
        EXPECT_TRUE(std::filesystem::exists(folder.path() / name)) << name;
    EXPECT_EQ(entries(folder.path()), others.size() + 2);
}

TEST(File, LeavesTheOldContentWhenWritingFails) {
    const test::TemporaryFolder folder;
    const auto path = folder.path() / "note";
    write_file(path, as_byte_view("old"));
    rlimit before{};
    getrlimit(RLIMIT_FSIZE, &before);
    const auto old_handler = std::signal(SIGXFSZ, SIG_IGN);
    const rlimit tight{4096, before.rlim_max};
    setrlimit(RLIMIT_FSIZE, &tight);
    EXPECT_THROW(write_file(path, Bytes(10'000, 7)), Error);
    setrlimit(RLIMIT_FSIZE, &before);
    std::signal(SIGXFSZ, old_handler);
    EXPECT_EQ(as_text(read_file(path)), "old");
    EXPECT_EQ(entries(folder.path()), 1U);
}

TEST(File, AppendsWholeOrNotAtAll) {
    const test::TemporaryFolder folder;
    const auto path = folder.path() / "lines";
    append_durably(path, as_byte_view("one\n"));
    append_durably(path, as_byte_view("two\n"));
    EXPECT_EQ(as_text(read_file(path)), "one\ntwo\n");
    append_durably(path, as_byte_view("2\n"), 4);
    EXPECT_EQ(as_text(read_file(path)), "one\n2\n");
    append_durably(path, as_byte_view("three\n"), 400);
    EXPECT_EQ(as_text(read_file(path)), "one\n2\nthree\n");
    EXPECT_EQ(std::filesystem::status(path).permissions(),
              std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
    rlimit before{};
    getrlimit(RLIMIT_FSIZE, &before);
    const auto old_handler = std::signal(SIGXFSZ, SIG_IGN);
    const rlimit tight{4096, before.rlim_max};
    setrlimit(RLIMIT_FSIZE, &tight);
    EXPECT_THROW(append_durably(path, Bytes(10'000, 7)), Error);
    setrlimit(RLIMIT_FSIZE, &before);
    std::signal(SIGXFSZ, old_handler);
    EXPECT_EQ(as_text(read_file(path)), "one\n2\nthree\n");
}

TEST(File, SaysWhatIsMissingOrTooLarge) {
    const test::TemporaryFolder folder;
    const auto path = folder.path() / "note";
    try {
        (void)read_file(path);
        FAIL() << "read a file that is not there";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::kNotFound);
        EXPECT_NE(std::string(error.what()).find("note"), std::string::npos);
    }
    write_file(path, Bytes(100));
    EXPECT_THROW((void)read_file(path, 99), Error);
}

TEST(File, IsToBeHadLaterWhereThereAreNoDescriptors) {
    const test::TemporaryFolder folder;
    const auto path = folder.path() / "note";
    write_file(path, Bytes(100));
    const auto code_of = [](auto&& work) {
        const test::NoDescriptors none;
        try {
            work();
        } catch (const Error& error) {
            return error.code();
        }
        return ErrorCode::kInternal;
    };
    EXPECT_EQ(code_of([&] { (void)read_file(path); }), ErrorCode::kUnavailable);
    EXPECT_EQ(code_of([&] { write_file_durably(path, Bytes(1)); }), ErrorCode::kUnavailable);
    EXPECT_EQ(code_of([&] { append_durably(path, Bytes(1)); }), ErrorCode::kUnavailable);
    EXPECT_EQ(code_of([&] { remove_leftovers(folder.path(), [](auto) { return true; }); }),
              ErrorCode::kUnavailable);
    EXPECT_EQ(read_file(path).size(), 100U);
}

}  // namespace
}  // namespace lucerna
