#include "deidentify/report_log.h"

#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/error.h"
#include "base/file.h"
#include "support/temporary_folder.h"

namespace lucerna::deidentify {
namespace {

namespace fs = std::filesystem;

ExportReport report_of(int number) {
    ExportReport report;
    report.profile = "basic";
    report.project = "p";
    report.program = "test";
    ObjectReport object;
    object.sop_instance_uid = "2.25." + std::to_string(number);
    object.sop_class_uid = "1.2.840.10008.5.1.4.1.1.2";
    object.steps.add("00100010", Action::kDummy);
    report.objects.push_back(std::move(object));
    return report;
}

std::vector<std::string> lines_of(const fs::path& path) {
    std::vector<std::string> lines;
    if (!fs::exists(path)) return lines;
    std::istringstream text{std::string(as_text(read_file(path)))};
    for (std::string line; std::getline(text, line);) lines.push_back(line);
    return lines;
}

/// Of an object that the archive calls "object-0", "object-1", "object-2", in turn.
Forwarded sent(int number) {
    return {"research", from_rfc3339("2026-03-01T08:00:00.000Z"),
            "object-" + std::to_string(number % 3)};
}

TEST(ReportLog, HasALineForEachObject) {
    const test::TemporaryFolder folder;
    ReportLog log(folder.path() / "deidentified", "p");
    for (int i = 0; i < 3; ++i) log.add(report_of(i), sent(i));
    const auto lines = lines_of(folder.path() / "deidentified" / "p.jsonl");
    ASSERT_EQ(lines.size(), 3U);
    const auto second = nlohmann::json::parse(lines[1]);
    EXPECT_EQ(second["format"], "lucerna-deidentification-report/2");
    EXPECT_EQ(second["destination"], "research");
    EXPECT_EQ(second["made_at"], "2026-03-01T08:00:00.000Z");
    EXPECT_EQ(second["kept_as"], "object-1");
    EXPECT_EQ(second["objects"][0]["sop_instance_uid"], "2.25.1");
    EXPECT_EQ(second["objects"][0]["attributes"][0]["path"], "00100010");
    EXPECT_EQ(second["objects"][0]["attributes"][0]["action"], "D");
    EXPECT_EQ(fs::status(folder.path() / "deidentified" / "p.jsonl").permissions() &
                  (fs::perms::group_all | fs::perms::others_all),
              fs::perms::none);
}

TEST(ReportLog, IsBounded) {
    const test::TemporaryFolder folder;
    ReportLog log(folder.path(), "p", 1000);
    for (int i = 100; i < 200; ++i) log.add(report_of(i), sent(i));
    std::vector<std::string> all;
    for (const char* name : {"p.3.jsonl", "p.2.jsonl", "p.1.jsonl", "p.jsonl"}) {
        EXPECT_LE(fs::file_size(folder.path() / name), 1000U);
        for (const std::string& line : lines_of(folder.path() / name)) all.push_back(line);
    }
    EXPECT_FALSE(fs::exists(folder.path() / "p.4.jsonl"));
    ASSERT_GT(all.size(), 4U);
    for (std::size_t i = 0; i < all.size(); ++i)
        EXPECT_EQ(nlohmann::json::parse(all[i])["objects"][0]["sop_instance_uid"],
                  "2.25." + std::to_string(200 - all.size() + i))
            << "the newest, in order";
}

constexpr const char* kFiles[] = {"p.3.jsonl", "p.2.jsonl", "p.1.jsonl", "p.jsonl"};

std::vector<std::string> lines_in(const fs::path& folder) {
    std::vector<std::string> all;
    for (const char* name : kFiles)
        for (std::string& line : lines_of(folder / name)) all.push_back(std::move(line));
    return all;
}

TEST(ReportLog, KeepsTheLinesOfWhatIsKeptAlone) {
    const test::TemporaryFolder folder;
    ReportLog log(folder.path(), "p", 2000);
    for (int i = 100; i < 130; ++i) log.add(report_of(i), sent(i));
    std::vector<std::string> expected = lines_in(folder.path());
    const std::size_t before = expected.size();
    ASSERT_GT(before, 10U);
    std::map<std::string, int> asked;
    const auto is_kept = [&](const std::string& kept_as) {
        ++asked[kept_as];
        return kept_as != "object-1";
    };
    std::erase_if(expected, [](const auto& line) { return kept_as_of(line) == "object-1"; });
    EXPECT_EQ(log.keep_only(is_kept), before - expected.size());
    EXPECT_EQ(lines_in(folder.path()), expected);
    for (const auto& [kept_as, times] : asked) EXPECT_EQ(times, 1) << kept_as;
    EXPECT_EQ(log.keep_only(is_kept), 0U);
    EXPECT_EQ(lines_in(folder.path()), expected);
    for (const char* name : kFiles)
        EXPECT_EQ(fs::status(folder.path() / name).permissions(),
                  fs::perms::owner_read | fs::perms::owner_write);
    EXPECT_EQ(log.keep_only([](const std::string&) { return false; }), expected.size());
    EXPECT_TRUE(fs::is_empty(folder.path()));
}

TEST(ReportLog, KeepsNoLineThatDoesNotSayOfWhatItIs) {
    const test::TemporaryFolder folder;
    const fs::path file = folder.path() / "p.jsonl";
    // As an earlier version wrote it.
    append_durably(file, as_byte_view("{\"objects\":[]}\n[]\n\n"));
    ReportLog log(folder.path(), "p");
    log.add(report_of(0), sent(0));
    // As a crash leaves a line, and this.
    append_durably(file, as_byte_view("{\"kept_as\":\"object-0\"}"));
    append_durably(folder.path() / "p.jsonl.new", as_byte_view("{\"kept_as\":\"object-0\"}\n"));
    EXPECT_EQ(log.keep_only([](const std::string&) { return true; }), 4U);
    const auto left = lines_in(folder.path());
    ASSERT_EQ(left.size(), 1U);
    EXPECT_EQ(kept_as_of(left[0]), "object-0");
    EXPECT_FALSE(fs::exists(folder.path() / "p.jsonl.new"));
}

TEST(ReportLog, LeavesThemAllWhereItIsNotKnownWhatIsKept) {
    const test::TemporaryFolder folder;
    ReportLog log(folder.path(), "p");
    for (int i = 0; i < 3; ++i) log.add(report_of(i), sent(i));
    const auto before = lines_in(folder.path());
    EXPECT_THROW(log.keep_only([](const std::string& kept_as) -> bool {
        if (kept_as == "object-1") throw Error(ErrorCode::kUnavailable, "the index");
        return false;
    }),
                 Error);
    EXPECT_EQ(lines_in(folder.path()), before);
}

TEST(ReportLog, IsFoundByItsName) {
    const test::TemporaryFolder folder;
    EXPECT_TRUE(ReportLog::names_in(folder.path() / "none").empty());
    for (const char* name : {"b.jsonl", "a-1.jsonl", "b.1.jsonl", "b.jsonl.new", "other.txt"})
        write_file(folder.path() / name, as_byte_view("x"));
    EXPECT_EQ(ReportLog::names_in(folder.path()), (std::vector<std::string>{"a-1", "b"}));
}

TEST(ReportLog, FailsWhereItCannotWrite) {
    const test::TemporaryFolder folder;
    write_file(folder.path() / "file", as_byte_view("x"));
    ReportLog log(folder.path() / "file", "p");
    EXPECT_THROW(log.add(report_of(1), sent(1)), Error);
}

}  // namespace
}  // namespace lucerna::deidentify
