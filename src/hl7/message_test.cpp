#include "hl7/message.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lucerna::hl7 {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Message parsed(std::string_view text) {
    auto result = Message::parse(text);
    if (const auto* fault = std::get_if<Fault>(&result)) throw std::runtime_error(fault->why);
    return std::get<Message>(std::move(result));
}
Fault fault_of(std::string_view text, const MessageLimits& limits = {}) {
    auto result = Message::parse(text, limits);
    return std::get<Fault>(result);
}

TEST(Message, ReadsFieldsComponentsAndRepetitions) {
    const Message message = parsed(
        "MSH|^~\\&|APP|FAC|||20260301||ORM^O01|7|P|2.5.1||||||UNICODE UTF-8\r"
        "PID|1||ID1^^^HOSP&1.2.3&ISO^MR~ID2^^^GOV||Doe^Jane^Q\r\nORC|NW|\"\"\nORC|CA");
    EXPECT_EQ(message.segments().size(), 4U);
    const Segment& header = message.header();
    EXPECT_EQ(header.text(1), "|");
    EXPECT_EQ(header.text(2), "^~\\&");
    EXPECT_EQ(header.text(3), "APP");
    EXPECT_EQ(header.text(9, {2, 1, 1}), "O01");
    const Segment& patient = *message.find("PID");
    EXPECT_EQ(patient.repetitions(3), 2);
    EXPECT_EQ(patient.text(3, {4, 2, 1}), "1.2.3");
    EXPECT_EQ(patient.text(3, {1, 1, 2}), "ID2");
    EXPECT_EQ(patient.text(3, {9, 1, 1}), "");
    EXPECT_EQ(patient.text(40), "");
    EXPECT_EQ(patient.repetitions(40), 0);
    EXPECT_EQ(message.segments()[2].text(2), "") << "the null value";
    EXPECT_EQ(message.segments()[3].occurrence(), 2);
    EXPECT_EQ(message.find("OBR"), nullptr);
}

TEST(Message, GoesByTheMessagesOwnDelimiters) {
    const Message message = parsed("MSH#*!/+#A*B\rPID###1*2!3*4#x+y#a/S/b/F/c/R/d/E/e/T/f");
    const Segment& patient = *message.find("PID");
    EXPECT_EQ(patient.text(3, {2, 1, 2}), "4");
    EXPECT_EQ(patient.text(4, {1, 2, 1}), "y");
    EXPECT_EQ(patient.text(5), "a*b#c!d/e+f");
}

TEST(Message, UndoesEscapes) {
    const Delimiters d;
    EXPECT_EQ(unescaped("a\\.br\\b", d), "a\nb");
    EXPECT_EQ(unescaped("\\X41422E\\", d), "AB.");
    EXPECT_EQ(unescaped("\\H\\bold\\N\\", d), "bold");
    for (const char* unknown : {"\\XZZ\\", "\\Q\\", "12\\34\\5", "\\C2842\\", "\\XE9\\", "\\X07\\"})
        EXPECT_EQ(unescaped(unknown, d), unknown) << "without it a text would be another";
    EXPECT_EQ(unescaped("a\\Q\\F\\b", d), "a\\Q|b");
    EXPECT_EQ(with_bytes_of_escapes("MSH|^~\\&|M\\XFC\\ller\\XC3BC\\\\X41\\\\F\\x\\"),
              "MSH|^~\\&|M\xFCller\xC3\xBC\\X41\\\\F\\x\\");
    EXPECT_EQ(with_bytes_of_escapes("MSH"), "MSH");
    EXPECT_EQ(unescaped("C:\\temp", d), "C:\\temp") << "one that does not end";
    EXPECT_EQ(unescaped(escaped("a|b^c~d\\e&f", d), d), "a|b^c~d\\e&f");
    EXPECT_EQ(escaped("a\rMSH|", d), "a MSH\\F\\");
}

TEST(Message, RefusesWhatIsNone) {
    EXPECT_EQ(fault_of("").code, FaultCode::kSegmentSequence);
    EXPECT_EQ(fault_of("PID|1").place.segment, "MSH");
    EXPECT_EQ(fault_of("MSH").code, FaultCode::kSegmentSequence);
    EXPECT_EQ(fault_of("MSH|").code, FaultCode::kSegmentSequence);
    EXPECT_EQ(fault_of("MSH||APP").code, FaultCode::kSegmentSequence);
    EXPECT_EQ(fault_of("MSH|^^\\&|APP").code, FaultCode::kSegmentSequence) << "one sign twice";
    EXPECT_EQ(fault_of("MSH|^~\\&|A\rpid|1").code, FaultCode::kSegmentSequence);
    EXPECT_EQ(fault_of("MSH|^~\\&|A\rPIDX|1").code, FaultCode::kSegmentSequence);
    EXPECT_EQ(fault_of("MSH|^~\\&|A\rPID|1\rORC|NW", {2}).code, FaultCode::kInternal);
}

TEST(Message, RefusesMoreRepetitionsThanItWouldWalk) {
    const std::string header = "MSH|^~\\&|A\r";
    const auto with = [&](std::size_t more) {
        return header + "PID|~\rPID|1||" + std::string(more, '~') + "|~";
    };
    EXPECT_EQ(parsed(with(63)).segments()[2].repetitions(3), 64);
    for (const std::size_t more : {std::size_t{64}, std::size_t{1} << 20}) {
        const Fault fault = fault_of(with(more));
        EXPECT_EQ(fault.place.segment, "PID");
        EXPECT_EQ(fault.place.occurrence, 2);
        EXPECT_EQ(fault.place.field, 3);
        EXPECT_EQ(fault.code, FaultCode::kDataType);
    }
    const std::string many(std::size_t{1} << 20, '~');
    EXPECT_EQ(fault_of("MSH|^~\\&|A|||||||||||||||" + many).place.field, 18);
    EXPECT_EQ(character_sets_of("MSH|^~\\&|A|||||||||||||||" + many).size(), 65U);
    EXPECT_EQ(parsed("MSH|^|A\rPID|" + many).segments().size(), 2U) << "no delimiter there";
}

TEST(Message, DoesWithFewerDelimiters) {
    const Message message = parsed("MSH|^|A\rPID|a~b^c\\F\\");
    EXPECT_EQ(message.find("PID")->text(1), "a~b");
    EXPECT_EQ(message.find("PID")->text(1, {2, 1, 1}), "c\\F\\");
    EXPECT_EQ(message.find("PID")->text(1, {1, 1, 2}), "");
}

TEST(CharacterSets, AreThoseOfTheHeader) {
    EXPECT_THAT(character_sets_of("MSH|^~\\&|A|||||||||||||||8859/1~ISO IR87\rPID|"),
                ElementsAre("8859/1", "ISO IR87"));
    EXPECT_THAT(character_sets_of("MSH|^~\\&|A\rPID|||||||||||||||||x"), IsEmpty());
    EXPECT_THAT(character_sets_of("nothing"), IsEmpty());
}

}  // namespace
}  // namespace lucerna::hl7
