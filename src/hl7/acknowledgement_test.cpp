#include "hl7/acknowledgement.h"

#include <gtest/gtest.h>

namespace lucerna::hl7 {
namespace {

const Instant kNow = from_rfc3339("2026-03-01T08:15:30.250Z");

Message parsed(std::string_view text) {
    return std::get<Message>(Message::parse(text));
}

TEST(Acknowledgement, TurnsTheAddressAroundAndNamesTheMessage) {
    const Message message =
        parsed("MSH|^~\\&|EHR|HOSP|LUCERNA|SCREEN|20260301||ORM^O01^ORM_O01|42|P|2.3.1");
    const Message answer =
        parsed(acknowledgement(&message.header(), Verdict::kAccept, {}, kNow, "L1"));
    EXPECT_EQ(answer.header().text(3), "LUCERNA");
    EXPECT_EQ(answer.header().text(5), "EHR");
    EXPECT_EQ(answer.header().text(7), "20260301081530+0000");
    EXPECT_EQ(answer.header().text(9), "ACK");
    EXPECT_EQ(answer.header().text(9, {2, 1, 1}), "O01");
    EXPECT_EQ(answer.header().text(12), "2.3.1");
    EXPECT_EQ(answer.find("MSA")->text(1), "AA");
    EXPECT_EQ(answer.find("MSA")->text(2), "42");
    EXPECT_EQ(answer.find("ERR"), nullptr);
}

TEST(Acknowledgement, NamesTheFaultsPlaceInTheSendersDelimiters) {
    const Message message = parsed("MSH#*!/+#EHR#HOSP#L#S#2026##ORM*O01#4+2#P#2.5.1");
    const Fault fault{{"PID", 1, 3, 1}, FaultCode::kRequiredFieldMissing, "a # is escaped"};
    const std::string text = acknowledgement(&message.header(), Verdict::kError, fault, kNow, "L2");
    const Message answer = parsed(text);
    EXPECT_EQ(answer.find("MSA")->text(1), "AE");
    EXPECT_EQ(answer.find("MSA")->raw(2), "4+2") << "as it was sent";
    const Segment& error = *answer.find("ERR");
    EXPECT_EQ(error.raw(2), "PID*1*3*1*1");
    EXPECT_EQ(error.text(1, {4, 1, 1}), "101");
    EXPECT_EQ(error.text(3), "101");
    EXPECT_EQ(error.text(4), "E");
    EXPECT_EQ(error.text(8), "a # is escaped");
}

TEST(Acknowledgement, AnswersWhatHasNoHeader) {
    const Fault fault{{"MSH", 1, 0, 0}, FaultCode::kSegmentSequence, "no MSH"};
    const Message answer = parsed(acknowledgement(nullptr, Verdict::kReject, fault, kNow, "L3"));
    EXPECT_EQ(answer.find("MSA")->text(1), "AR");
    EXPECT_EQ(answer.find("ERR")->raw(2), "MSH^1");
}

}  // namespace
}  // namespace lucerna::hl7
