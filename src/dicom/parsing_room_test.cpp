#include "dicom/parsing_room.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>

#include "base/error.h"
#include "dicom/decoding_memory.h"

namespace lucerna::dicom {
namespace {

std::string many(const std::string& what, int count) {
    std::string all;
    for (int i = 0; i < count; ++i) all += what;
    return all;
}

TEST(ParsingRoom, IsCountedByWhatTextIsTakenApartInto) {
    const std::string brackets = "[{" + many("{},", 1000) + "}]";
    EXPECT_GT(most_parsed_bytes(brackets), 100 * brackets.size());
    EXPECT_EQ(most_parsed_bytes("\"" + many("{},", 1000) + "\\\"{\""), 0U) << "a text is one value";
    EXPECT_EQ(most_parsed_bytes(""), 0U);
    EXPECT_EQ(most_parsed_bytes("{\"a\":\"<\"}"), most_parsed_bytes("{\"a\":\"x\"}"));
    const std::string xml = "<?xml version=\"1.0\"?>" + many("<a/>", 1000);
    EXPECT_GT(most_parsed_bytes(xml), 20 * xml.size());
    EXPECT_GT(most_parsed_bytes("\"" + xml), 20 * xml.size())
        << "what is no JSON may be read as XML";
}

TEST(ParsingRoom, IsTakenForMuchAlone) {
    const std::size_t before = parsing_memory().held();
    const auto few = room_to_parse("[" + many("{},", 100) + "{}]");
    EXPECT_EQ(parsing_memory().held(), before);
    const std::string document = "[" + many("{},", 20'000) + "{}]";
    auto much = room_to_parse(document);
    EXPECT_EQ(parsing_memory().held(), before + most_parsed_bytes(document));
    much = {};
    const auto all = room_to_parse("[" + many("{},", 400'000) + "{}]");
    EXPECT_EQ(parsing_memory().held(), parsing_memory().limit()) << "more than there is";
    std::thread another(
        [&] { EXPECT_THROW((void)room_to_parse(document), Error) << "others have it"; });
    another.join();
}

}  // namespace
}  // namespace lucerna::dicom
