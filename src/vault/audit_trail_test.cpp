#include "vault/audit_trail.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "base/file.h"
#include "support/temporary_folder.h"

namespace lucerna::vault {
namespace {

using testing::HasSubstr;

Act act_of(const std::string& what) {
    return {what, "root", from_rfc3339("2026-03-01T08:00:00.000Z"), {{"instances", 4}}, {"ab"}};
}

TEST(AuditTrail, KeepsActsInTheirOrderAndEachOnce) {
    const test::TemporaryFolder folder;
    AuditTrail trail(folder.path() / "audit.log");
    EXPECT_TRUE(trail.acts().empty());
    EXPECT_TRUE(trail.damages().empty());
    const std::string first = to_json(act_of("erase-patient"));
    trail.add(first);
    trail.add(to_json(act_of("rotate-keys")));
    AuditTrail(folder.path() / "audit.log").add(first);
    const auto acts = trail.acts();
    ASSERT_EQ(acts.size(), 2U);
    EXPECT_EQ(acts[0], first);
    EXPECT_THAT(acts[1], HasSubstr(R"("at":"2026-03-01T08:00:00.000Z","act":"rotate-keys","by":)"
                                   R"("root","instances":4,"data_keys":["ab"]})"));
    EXPECT_TRUE(trail.damages().empty());
}

TEST(AuditTrail, FindsAFlippedBitAnywhereAndALineThatWasTakenOut) {
    const test::TemporaryFolder folder;
    const auto path = folder.path() / "audit.log";
    AuditTrail trail(path);
    for (const char* what : {"one", "two", "three"}) trail.add(to_json(act_of(what)));
    const Bytes whole = read_file(path);
    for (std::size_t at = 0; at < whole.size(); ++at) {
        Bytes altered = whole;
        altered[at] ^= static_cast<std::uint8_t>(1U << (at % 8));
        std::ofstream(path, std::ios::binary) << as_text(altered);
        EXPECT_FALSE(trail.damages().empty()) << at;
    }
    const std::string text(as_text(whole));
    const std::size_t first = text.find('\n') + 1;
    std::ofstream(path, std::ios::binary)
        << text.substr(0, first) << text.substr(text.find('\n', first) + 1);
    EXPECT_THAT(trail.damages(), testing::ElementsAre(HasSubstr("line 2 of audit.log")));
}

TEST(AuditTrail, GoesOnAfterALineThatACrashCutShort) {
    const test::TemporaryFolder folder;
    const auto path = folder.path() / "audit.log";
    AuditTrail trail(path);
    trail.add(to_json(act_of("one")));
    std::ofstream(path, std::ios::binary | std::ios::app) << "0123 {\"id";
    EXPECT_THAT(trail.damages(), testing::ElementsAre(HasSubstr("line 2")));
    trail.add(to_json(act_of("two")));
    EXPECT_TRUE(trail.damages().empty());
    ASSERT_EQ(trail.acts().size(), 2U);
    EXPECT_THAT(trail.acts().back(), HasSubstr("\"two\""));

    // Cut short by no more than its end: it stands.
    std::filesystem::resize_file(path, std::filesystem::file_size(path) - 1);
    trail.add(to_json(act_of("three")));
    EXPECT_TRUE(trail.damages().empty());
    EXPECT_EQ(trail.acts().size(), 3U);
}

}  // namespace
}  // namespace lucerna::vault
