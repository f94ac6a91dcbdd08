#include "deidentify/report_log.h"

#include <gtest/gtest.h>

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
    report.objects.push_back({"2.25." + std::to_string(number),
                              "1.2.840.10008.5.1.4.1.1.2",
                              {{"00100010", Action::kDummy}},
                              {},
                              0});
    return report;
}

std::vector<std::string> lines_of(const fs::path& path) {
    std::vector<std::string> lines;
    if (!fs::exists(path)) return lines;
    std::istringstream text{std::string(as_text(read_file(path)))};
    for (std::string line; std::getline(text, line);) lines.push_back(line);
    return lines;
}

const Instant kNow = from_rfc3339("2026-03-01T08:00:00.000Z");

TEST(ReportLog, HasALineForEachObject) {
    const test::TemporaryFolder folder;
    ReportLog log(folder.path() / "deidentified", "p");
    for (int i = 0; i < 3; ++i) log.add(report_of(i), "research", kNow);
    const auto lines = lines_of(folder.path() / "deidentified" / "p.jsonl");
    ASSERT_EQ(lines.size(), 3U);
    const auto second = nlohmann::json::parse(lines[1]);
    EXPECT_EQ(second["format"], "lucerna-deidentification-report/1");
    EXPECT_EQ(second["destination"], "research");
    EXPECT_EQ(second["made_at"], "2026-03-01T08:00:00.000Z");
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
    for (int i = 100; i < 200; ++i) log.add(report_of(i), "research", kNow);
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

TEST(ReportLog, FailsWhereItCannotWrite) {
    const test::TemporaryFolder folder;
    write_file(folder.path() / "file", as_byte_view("x"));
    ReportLog log(folder.path() / "file", "p");
    EXPECT_THROW(log.add(report_of(1), "research", kNow), Error);
}

}  // namespace
}  // namespace lucerna::deidentify
