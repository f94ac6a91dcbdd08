#include "base/encoding.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace lucerna {
namespace {

// RFC 4648 section 10.
TEST(Base64, FitsThePublishedVectors) {
    const std::pair<const char*, const char*> vectors[] = {{"", ""},
                                                           {"f", "Zg=="},
                                                           {"fo", "Zm8="},
                                                           {"foo", "Zm9v"},
                                                           {"foob", "Zm9vYg=="},
                                                           {"fooba", "Zm9vYmE="},
                                                           {"foobar", "Zm9vYmFy"}};
    for (const auto& [plain, coded] : vectors) {
        EXPECT_EQ(to_base64(as_byte_view(plain)), coded);
        EXPECT_EQ(as_text(from_base64(coded)), plain);
    }
}

TEST(Base64, RefusesWhatItWouldNotWrite) {
    for (const char* text : {"Zg=", "Zh==", "Z===", "Zm9v\n", "Zg==Zg==", "Zm$v"})
        EXPECT_THROW((void)from_base64(text), Error) << text;
}

TEST(Hex, GoesThereAndBack) {
    EXPECT_EQ(to_hex(from_hex("00fFa5")), "00ffa5");
    EXPECT_THROW((void)from_hex("0"), Error);
    EXPECT_THROW((void)from_hex("0g"), Error);
}

TEST(JsonQuoted, EscapesControlsAndKeepsUtf8) {
    EXPECT_EQ(json_quoted("a\"b\\c\n"), "\"a\\\"b\\\\c\\u000a\"");
    EXPECT_EQ(json_quoted("Zo\xC3\xAB"), "\"Zo\xC3\xAB\"");
}

TEST(JsonQuoted, ReplacesBytesThatAreNotUtf8) {
    // A stray continuation, an overlong slash, a surrogate.
    EXPECT_EQ(json_quoted("\x80"), "\"\xEF\xBF\xBD\"");
    EXPECT_EQ(json_quoted("\xC0\xAF"), "\"\xEF\xBF\xBD\xEF\xBF\xBD\"");
    EXPECT_EQ(json_quoted("\xED\xA0\x80x"), "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBDx\"");
}

TEST(MarkupEscaped, LeavesNoMarkup) {
    EXPECT_EQ(markup_escaped("<a href='x'>&\"</a>"),
              "&lt;a href=&#39;x&#39;&gt;&amp;&quot;&lt;/a&gt;");
}

}  // namespace
}  // namespace lucerna
