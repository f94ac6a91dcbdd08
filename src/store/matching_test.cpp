#include "store/matching.h"

#include <gtest/gtest.h>

namespace lucerna::store {
namespace {

TEST(FoldCase, LowersTheLettersOfEveryAlphabet) {
    EXPECT_EQ(fold_case("DOE^Jane 1"), "doe^jane 1");
    EXPECT_EQ(fold_case("\u00C4\u00D6\u00DC\u00DF\u00D7"), "\u00E4\u00F6\u00FCss\u00D7");
    EXPECT_EQ(fold_case("\u0160\u0141\u017D\u0178\u0130"), "\u0161\u0142\u017E\u00FFi\u0307");
    EXPECT_EQ(fold_case("\u0391\u03A3\u03C2\u0386\u038F"), "\u03B1\u03C3\u03C3\u03AC\u03CE");
    EXPECT_EQ(fold_case("\u0416\u042F\u0401"), "\u0436\u044F\u0451");
    EXPECT_EQ(fold_case("\u0531\u10A0\u1E9E\u01C4"), "\u0561\u2D00ssd\u017E");
    EXPECT_EQ(fold_case("\u5C71\u7530"), "\u5C71\u7530");
}

TEST(FoldCase, MakesOneOfEveryWidthAndComposition) {
    EXPECT_EQ(fold_case("\uFF21\uFF22"), "ab");
    EXPECT_EQ(fold_case("\uFF94\uFF8F\uFF80\uFF9E"), "\u30E4\u30DE\u30C0");
    EXPECT_EQ(fold_case("E\u0301*"), "\u00E9*");
    EXPECT_EQ(fold_case("\u00E9*"), "\u00E9*");
    EXPECT_EQ(name_keys("\u5C71\u7530\u3000^\u3000\u592A\u90CE").alphabetic,
              "\u5C71\u7530^\u592A\u90CE");
}

TEST(FoldCase, MakesNoWildcardAndNoDelimiter) {
    for (std::uint32_t c = 0x80; c < 0x30000; ++c) {
        if (c >= 0xD800 && c < 0xE000) continue;
        std::string utf8;
        if (c < 0x800) {
            utf8 += static_cast<char>(0xC0 | (c >> 6));
        } else {
            utf8 += static_cast<char>(c < 0x10000 ? 0xE0 | (c >> 12) : 0xF0 | (c >> 18));
            if (c >= 0x10000) utf8 += static_cast<char>(0x80 | ((c >> 12) & 0x3F));
            utf8 += static_cast<char>(0x80 | ((c >> 6) & 0x3F));
        }
        utf8 += static_cast<char>(0x80 | (c & 0x3F));
        EXPECT_EQ(fold_case(utf8).find_first_of("*?^="), std::string::npos) << std::hex << c;
    }
}

TEST(FoldCase, LeavesBrokenUtf8Alone) {
    EXPECT_EQ(fold_case("A\xC3"), "a\xC3");
}

TEST(NameKeys, FitIntoAnIndexHoweverLongFoldingMakesThem) {
    std::string name;
    while (name.size() < 600) name += "\uFDFA";
    EXPECT_LE(name_keys(name).alphabetic.size(), kLongestIndexed);
}

TEST(NameKeys, DropsEmptyComponentsAtTheEndOnly) {
    EXPECT_EQ(name_keys("Doe^Jane^^^").alphabetic, "doe^jane");
    EXPECT_EQ(name_keys("Doe ^ Jane").alphabetic, "doe^jane");
    EXPECT_EQ(name_keys("^Jane").alphabetic, "^jane");
    EXPECT_EQ(name_keys("Doe^^M").alphabetic, "doe^^m");
    EXPECT_EQ(name_keys("A=B=C").phonetic, "c");
    EXPECT_EQ(name_keys("").alphabetic, "");
}

TEST(DateKey, TakesBothForms) {
    EXPECT_EQ(date_key("20240102"), "20240102");
    EXPECT_EQ(date_key(" 2024.01.02 "), "20240102");
    EXPECT_EQ(date_key("202401"), "");
    EXPECT_EQ(date_key("2024010a"), "");
}

TEST(TimeKey, FillsWhatIsNotGiven) {
    EXPECT_EQ(time_key("10"), "100000.000000");
    EXPECT_EQ(time_key("1030", Fill::kEnd), "103059.999999");
    EXPECT_EQ(time_key("10", Fill::kEnd), "105959.999999");
    EXPECT_EQ(time_key("10:30:15.5"), "103015.500000");
    EXPECT_EQ(time_key("103015.5", Fill::kEnd), "103015.599999");
    EXPECT_EQ(time_key("103015.123456", Fill::kEnd), "103015.123456");
    for (const char* wrong : {"", "1", "103", "10.5", "103015.1234567", "noon"})
        EXPECT_EQ(time_key(wrong), "") << wrong;
}

TEST(TimeKey, IsAskedForOfTimesThatADayHas) {
    EXPECT_EQ(asked_time_key("10", Fill::kEnd), "105959.999999");
    EXPECT_EQ(asked_time_key("23:59:60"), "235960.000000");
    EXPECT_EQ(asked_time_key("2400"), "240000.000000");
    for (const char* wrong : {"", "noon", "99", "25", "2401", "1060", "103061", "99-10"})
        EXPECT_EQ(asked_time_key(wrong), "") << wrong;
    EXPECT_EQ(time_key("2500"), "250000.000000") << "as it is kept, such as it is";
}

TEST(Glob, QuotesWhatOnlySqliteTakesAsAPattern) {
    EXPECT_EQ(glob("a[b]*?"), "a[[]b]*?");
}

TEST(Matching, CutsLongTextsBetweenCharactersAndTellsThemApart) {
    EXPECT_EQ(indexed_text(std::string(1024, 'a')), std::string(1024, 'a'));
    std::string umlauts;
    for (int i = 0; i < 600; ++i) umlauts += "\xC3\xBC";
    for (const std::string& lead : {std::string(), std::string("a")}) {
        const std::string cut = indexed_text(lead + umlauts);
        EXPECT_LE(cut.size(), kLongestIndexed);
        EXPECT_GE(cut.size(), kLongestIndexed - 1);
        const std::size_t mark = cut.find("\xE2\x80\xA6");
        ASSERT_NE(mark, std::string::npos);
        EXPECT_EQ((mark - lead.size()) % 2, 0U);
        EXPECT_NE(indexed_text(lead + umlauts + "a"), cut);
        EXPECT_EQ(indexed_text(cut), cut);
    }
}

}  // namespace
}  // namespace lucerna::store
