#include "store/name_words.h"

#include <gtest/gtest.h>

namespace lucerna::store {
namespace {

std::string words(const char* name) {
    std::string all;
    for (const NameWord& one : name_words(name)) all += (all.empty() ? "" : " ") + one.word;
    return all;
}

std::string sound(const char* name) {
    const auto all = name_words(name);
    return all.empty() ? "" : all.front().sound;
}

TEST(NameWords, AreInLatinLettersWithoutDiacritics) {
    EXPECT_EQ(words("DOE^Jane Mary^^Dr."), "doe jane mary dr");
    EXPECT_EQ(words("M\u00FCller-L\u00FCdenscheidt^\u00C4nne"), "muller ludenscheidt anne");
    EXPECT_EQ(words("O'Brien^Se\u00E1n"), "obrien sean");
    EXPECT_EQ(words("\u0141\u00F3d\u017A^\u00D8re"), "lodz ore");
    EXPECT_EQ(words("\u0418\u0432\u0430\u043D\u043E\u0432^\u0410\u043D\u043D\u0430"),
              "ivanov anna");
    EXPECT_EQ(words("\u03A0\u03B1\u03C0\u03AC\u03C2"), "papas");
    EXPECT_EQ(words("A==\u3084\u307E\u3060^\u305F\u308D\u3046"), "a yamada tarou");
    EXPECT_FALSE(words("\u5C71\u7530^\u592A\u90CE").empty());
    EXPECT_EQ(words("^^ ="), "");
    EXPECT_EQ(words("Doe\xC3"), "doe");
}

TEST(NameWords, SoundAlikeWhenSpelledDifferently) {
    EXPECT_EQ(sound("Smith"), "s53");
    for (const auto& [one, other] : {std::pair("Catherine", "Kathryn"),
                                     {"Meyer", "Maier"},
                                     {"M\u00FCller", "Mueller"},
                                     {"Schmidt", "Szmit"},
                                     {"Philip", "Filip"},
                                     {"Wagner", "Vagner"},
                                     {"Jusuf", "Yusuf"},
                                     {"Robert", "Rupert"},
                                     {"\u0418\u0432\u0430\u043D\u043E\u0432", "Ivanoff"}})
        EXPECT_EQ(sound(one), sound(other)) << one << ' ' << other;
    for (const auto& [one, other] :
         {std::pair("Smith", "Miller"), {"Doe", "Roe"}, {"Rubin", "Robert"}})
        EXPECT_NE(sound(one), sound(other)) << one << ' ' << other;
}

}  // namespace
}  // namespace lucerna::store
