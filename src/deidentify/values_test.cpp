#include "deidentify/values.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "deidentify/profile.h"
#include "deidentify/project.h"
#include "deidentify/words.h"

namespace lucerna::deidentify {
namespace {

TEST(Dates, MoveAcrossMonthsAndLeapDays) {
    EXPECT_EQ(shifted_date("20240301", -1), "20240229");
    EXPECT_EQ(shifted_date("20230301", -1), "20230228");
    EXPECT_EQ(shifted_date("20240101", -365), "20230101");
    EXPECT_EQ(shifted_date("2024.01.01", -1), "20231231");
}

TEST(Dates, AreNoDatesWhereTheyCannotBe) {
    for (const char* text : {"", "2024", "20240230", "2024013", "202401011", "2024-01-01",
                             "DOE^JANE", "20241301", "00000101", "19000101", "18991230", "18581117",
                             "19700101", "19800101", "99991231", "1900.01.01"})
        EXPECT_FALSE(shifted_date(text, -1)) << text;
}

TEST(DateTimes, KeepWhatStandsBehindTheDate) {
    EXPECT_EQ(shifted_date_time("20240301101112.123456+0100", -1), "20240229101112.123456+0100");
    EXPECT_EQ(shifted_date_time("2024030110", -1), "2024022910");
    EXPECT_EQ(shifted_date_time("202403", -1), "202402");
    EXPECT_EQ(shifted_date_time("2024", -1), "2023");
}

TEST(DateTimes, AreNoneWhereTheyCannotBe) {
    for (const char* text : {"", "20240301101112.", "20240301101112+01", "20240301 Doe", "2024030",
                             "20240301101112.1234567", "2024030110.5", "20240301101112+9900",
                             "19700101000000", "1900", "9999"})
        EXPECT_FALSE(shifted_date_time(text, -1)) << text;
}

TEST(Times, AreChecked) {
    for (const char* text : {"10", "1011", "101112", "101112.5", "10:11:12"})
        EXPECT_TRUE(is_time(text)) << text;
    for (const char* text : {"", "1", "101", "Jane", "101112.", "1011.5", "10:11x12"})
        EXPECT_FALSE(is_time(text)) << text;
}

TEST(SafeWords, KeepNothingThatIsNotOnTheList) {
    EXPECT_EQ(safe_words("MAMMO screening, Dr. Hand 55F: R-CC"), "MAMMO screening R CC");
    EXPECT_EQ(safe_words("M\xC3\xBCller CC"), "CC");
    EXPECT_EQ(safe_words("Doe^Jane"), "");
}

TEST(Profile, IsANameOrASum) {
    EXPECT_TRUE(Profile::from("screening").has(Option::kCleanPixelData));
    EXPECT_FALSE(Profile::from("basic").has(Option::kRetainModifiedDates));
    EXPECT_TRUE(Profile::from("basic+uids+safe-private").has(Option::kRetainUids));
}

TEST(Profile, RefusesWhatItDoesNotKnow) {
    for (const char* text : {"", "none", "basic+", "basic+nothing", "uids", "basic++uids",
                             "basic+full-dates+modified-dates", "basic+clean-graphics"})
        EXPECT_THROW((void)Profile::from(text), Error) << text;
}

TEST(Project, MapsTheSameToTheSameAndNothingToAnother) {
    const auto key = [](std::uint8_t fill) {
        return vault::SecretKey::from(Bytes(vault::SecretKey::kBytes, fill));
    };
    const Project one("a", key(1));
    const Project again("a", key(1));
    const Project other("a", key(2));
    EXPECT_EQ(one.uid("1.2.3"), again.uid("1.2.3"));
    EXPECT_NE(one.uid("1.2.3"), other.uid("1.2.3"));
    EXPECT_NE(one.uid("1.2.3"), one.uid("1.2.4"));
    EXPECT_TRUE(one.uid("1.2.3").starts_with("2.25."));
    EXPECT_NE(one.pseudonym("id\n1\n"), other.pseudonym("id\n1\n"));
    for (int i = 0; i < 200; ++i) {
        const int days = one.shift_days("id\n" + std::to_string(i) + "\n");
        EXPECT_LE(days, -30);
        EXPECT_GE(days, -3679);
    }
}

}  // namespace
}  // namespace lucerna::deidentify
