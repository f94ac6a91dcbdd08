#include "hl7/mllp.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "base/error.h"

namespace lucerna::hl7 {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::string> messages_in(std::string_view bytes, std::size_t most = 100) {
    FrameReader reader(most);
    std::vector<std::string> messages;
    for (const char c : bytes)
        if (auto message = reader.take(static_cast<std::uint8_t>(c)))
            messages.push_back(*std::move(message));
    return messages;
}
std::string refusal(std::string_view bytes, std::size_t most = 100) {
    try {
        (void)messages_in(bytes, most);
    } catch (const Error& error) {
        return error.what();
    }
    return "none";
}

TEST(Mllp, TakesMessagesOutOfTheirFrames) {
    EXPECT_THAT(messages_in(framed("MSH|one") + "\r\n" + framed("MSH|two") + framed("")),
                ElementsAre("MSH|one", "MSH|two", ""));
    EXPECT_THAT(messages_in("\x0BMSH|a\x1C\x0BMSH|b\x1C"), ElementsAre("MSH|a", "MSH|b"))
        << "without the CR, as some send";
}

TEST(Mllp, KnowsWhetherAFrameIsOpen) {
    FrameReader reader(10);
    EXPECT_FALSE(reader.is_within());
    (void)reader.take(0x0B);
    EXPECT_TRUE(reader.is_within());
    (void)reader.take(0x1C);
    EXPECT_FALSE(reader.is_within());
}

TEST(Mllp, CutsOffWhatNeverEnds) {
    EXPECT_THAT(refusal("\x0B" + std::string(11, 'x'), 10), HasSubstr("more than 10 bytes"));
    EXPECT_EQ(refusal(framed(std::string(10, 'x')), 10), "none");
    EXPECT_THAT(refusal("GET / HTTP/1.1"), HasSubstr("in no MLLP frame"));
    EXPECT_THAT(refusal("\x0BMSH\x0BMSH"), HasSubstr("within another"));
}

}  // namespace
}  // namespace lucerna::hl7
