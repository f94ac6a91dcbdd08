#include "deliver/stow_answer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "dicom/dimse_status.h"

namespace lucerna::deliver {
namespace {

using dicom::StatusKind;
using testing::HasSubstr;

/// A STOW-RS answer (PS3.18 10.5.3) about the object 1.2.3 in `sequence`, with one more attribute.
std::string answer(const std::string& sequence, const std::string& more = {}) {
    return R"({")" + sequence +
           R"(":{"vr":"SQ","Value":[{"00081155":{"vr":"UI","Value":["1.2.9"]}},)" +
           R"({"00081155":{"vr":"UI","Value":["1.2.3"]})" + more + "}]}}";
}
std::string number(const std::string& tag, int value) {
    return R"(,")" + tag + R"(":{"vr":"US","Value":[)" + std::to_string(value) + "]}";
}

StatusKind kind_of_answer(long status, const std::string& body) {
    return stow_outcome(status, body, "1.2.3").kind;
}

TEST(StowOutcome, IsWhatTheServiceSaysOfTheObject) {
    EXPECT_EQ(kind_of_answer(200, answer("00081199")), StatusKind::kSuccess);
    EXPECT_EQ(kind_of_answer(202, answer("00081199")), StatusKind::kSuccess);
    const auto coerced = stow_outcome(202, answer("00081199", number("00081196", 0xB000)), "1.2.3");
    EXPECT_EQ(coerced.kind, StatusKind::kWarning);
    EXPECT_EQ(coerced.status, 0xB000);
    const auto full = stow_outcome(409, answer("00081198", number("00081197", 0xA700)), "1.2.3");
    EXPECT_EQ(full.kind, StatusKind::kTransientFailure);
    EXPECT_EQ(full.status, 0xA700);
    const auto other = stow_outcome(409, answer("00081198", number("00081197", 0xA900)), "1.2.3");
    EXPECT_EQ(other.kind, StatusKind::kPermanentFailure);
    EXPECT_THAT(other.why, HasSubstr("A900"));
    // Among the failed, whatever the reason says: it is not stored.
    EXPECT_EQ(kind_of_answer(202, answer("00081198", number("00081197", 0))),
              StatusKind::kPermanentFailure);
    EXPECT_EQ(kind_of_answer(202, answer("00081198")), StatusKind::kTransientFailure);
}

TEST(StowOutcome, IsJudgedByTheStatusWhereNothingIsSaid) {
    EXPECT_EQ(kind_of_answer(200, ""), StatusKind::kSuccess);
    EXPECT_EQ(kind_of_answer(200, "{}"), StatusKind::kSuccess);
    EXPECT_EQ(kind_of_answer(200, "<?xml version='1.0'?><NativeDicomModel/>"),
              StatusKind::kSuccess);
    for (const char* const page :
         {"<html>sign in</html>", "[[[", "OK", "\xff", R"({"error":"disk is full"})",
          R"({"00081190":{},"message":""})"})
        EXPECT_EQ(kind_of_answer(200, page), StatusKind::kTransientFailure) << page;
    EXPECT_EQ(kind_of_answer(202, "{}"), StatusKind::kTransientFailure) << "nobody vouches for it";
    for (const long later : {401L, 403L, 409L, 429L, 500L, 503L, 302L})
        EXPECT_EQ(kind_of_answer(later, "<html>"), StatusKind::kTransientFailure) << later;
    for (const long never : {400L, 404L, 413L, 415L})
        EXPECT_EQ(kind_of_answer(never, "[1"), StatusKind::kPermanentFailure) << never;
    EXPECT_THAT(stow_outcome(503, "", "1.2.3").why, HasSubstr("503"));
}

TEST(StowOutcome, BearsAnswersThatLie) {
    for (const char* const body :
         {R"({"00081198":7})", R"({"00081198":{"Value":7}})", R"({"00081198":{"Value":[7,{}]}})",
          R"({"00081199":{"Value":[{"00081155":{"Value":[3]}}]}})", R"([[]])", "null"})
        EXPECT_EQ(kind_of_answer(500, body), StatusKind::kTransientFailure) << body;
}

TEST(StowOutcome, IsNoSuccessWhereOtherThingsAreSaid) {
    constexpr const char* kXmlFailed =
        R"(<?xml version="1.0"?><NativeDicomModel><DicomAttribute tag="00081198" vr="SQ">)"
        R"(<Item number="1"><DicomAttribute tag="00081155" vr="UI"><Value number="1">1.2.3</Value>)"
        R"(</DicomAttribute><DicomAttribute tag="00081197" vr="US"><Value number="1">42752</Value>)"
        R"(</DicomAttribute></Item></DicomAttribute></NativeDicomModel>)";
    const auto in_xml = stow_outcome(200, kXmlFailed, "1.2.3");
    EXPECT_EQ(in_xml.kind, StatusKind::kTransientFailure);
    EXPECT_EQ(in_xml.status, 0xA700);
    for (const char* const body :
         {R"({"0008119A":{"vr":"SQ","Value":[{"00081197":{"vr":"US","Value":[281]}}]}})",
          R"({"00081198":{"vr":"SQ","Value":[{"00081197":{"vr":"US","Value":[43264]}}]}})"})
        EXPECT_EQ(kind_of_answer(200, body), StatusKind::kPermanentFailure) << body;
    for (const char* const body :
         {R"({"00081199":{"vr":"SQ","Value":[{"00081155":{"vr":"UI","Value":["1.2.9"]}}]}})",
          R"({"00081198":{"vr":"SQ","Value":[{"00081155":{"vr":"UI","Value":["1.2.9"]}}]}})",
          R"({"00081198":7})", R"({"00081198":{"Value":[7]}})", R"({"00081198":{"Value":"no"}})",
          "<NativeDicomModel><DicomAttribute"})
        EXPECT_EQ(kind_of_answer(200, body), StatusKind::kTransientFailure) << body;
    EXPECT_EQ(kind_of_answer(200, R"({"00081198":{"vr":"SQ"},"0008119A":{"vr":"SQ","Value":[]}})"),
              StatusKind::kSuccess);
}

}  // namespace
}  // namespace lucerna::deliver
