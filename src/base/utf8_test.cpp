#include "base/utf8.h"

#include <gtest/gtest.h>

namespace lucerna {
namespace {

TEST(Printable, LeavesTextInEveryScript) {
    for (const char* text : {"", "data key 0f: \\x", "M\u00FCller", "\u5C71\u7530", "\U0001F600"})
        EXPECT_EQ(printable(text), text);
}

TEST(Printable, SpellsOutWhatATerminalWouldObey) {
    EXPECT_EQ(printable("a\x1B[2Jb\n\x7F"), "a\\x1b[2Jb\\x0a\\x7f");
    EXPECT_EQ(printable("\u009B\u0085\u00A0"), "\\xc2\\x9b\\xc2\\x85\u00A0");
    EXPECT_EQ(printable("\u202E\u2066\u2028\u2030"),
              "\\xe2\\x80\\xae\\xe2\\x81\\xa6\\xe2\\x80\\xa8\u2030");
    EXPECT_EQ(printable(std::string("a\0b", 3)), "a\\x00b");
}

TEST(Printable, SpellsOutWhatIsNoUtf8) {
    EXPECT_EQ(printable("\xFF\xC3\u00E9\xE2\x80"), "\\xff\\xc3\u00E9\\xe2\\x80");
}

}  // namespace
}  // namespace lucerna
