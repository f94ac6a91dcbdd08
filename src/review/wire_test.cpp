#include "review/wire.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "store/instance_revision.h"

namespace lucerna::review {
namespace {

using nlohmann::json;

store::ExamEntry an_exam() {
    store::ExamEntry exam;
    exam.study_instance_uid = "2.25.7";
    exam.state = store::ExamState::kRead;
    exam.patient_name = PatientName("<script>alert(1)</script>^\"Jane\"");
    exam.patient_id = PatientId("P-1");
    exam.views = {"L-CC", "R-CC"};
    exam.score = 0.25;
    exam.above = {"recall"};
    exam.refusals_json = R"([{"reason":"missing-view","what":"no R-MLO"}])";
    exam.last_received_at = from_rfc3339("2026-03-01T08:15:30.250Z");
    return exam;
}

std::string worklist_json(std::uint64_t revision, const std::vector<store::ExamEntry>& exams) {
    WorklistText text(revision, exams.size());
    for (const store::ExamEntry& exam : exams) EXPECT_TRUE(text.add(exam));
    return text.finish();
}

FieldProblem problem_of(std::string_view body, bool authenticated = false) {
    auto parsed = parse_decision(body, authenticated);
    EXPECT_TRUE(std::holds_alternative<FieldProblem>(parsed)) << body;
    return std::holds_alternative<FieldProblem>(parsed) ? std::get<FieldProblem>(parsed)
                                                        : FieldProblem{};
}

TEST(WorklistJson, CarriesNamesAsDataAndRefusalsAsTheyStand) {
    const std::vector exams = {an_exam()};
    const json out = json::parse(worklist_json(9, exams));
    EXPECT_EQ(out["revision"], 9);
    const json& exam = out["exams"][0];
    EXPECT_EQ(exam["patient_name"], "<script>alert(1)</script>^\"Jane\"");
    EXPECT_EQ(exam["state"], "read");
    EXPECT_EQ(exam["score"], 0.25);
    EXPECT_EQ(exam["refusals"][0]["reason"], "missing-view");
    EXPECT_EQ(exam["last_received_at"], "2026-03-01T08:15:30.250Z");
    EXPECT_TRUE(exam["read_at"].is_null());
}

TEST(WorklistJson, SurvivesBytesThatAreNotUtf8) {
    std::vector exams = {an_exam()};
    exams[0].study_description = "caf\xE9";
    EXPECT_EQ(json::parse(worklist_json(1, exams))["exams"][0]["study_description"],
              "caf\xEF\xBF\xBD");
}

TEST(ExamJson, HasNoReadingUntilThereIsOne) {
    const json out = json::parse(exam_json(an_exam(), {}, "", ShownDecisions("")));
    EXPECT_TRUE(out["reading"].is_null());
    EXPECT_EQ(out["decisions"], json::array());
}

TEST(ExamJson, HoldsReadingImagesAndDecisions) {
    store::InstanceRow row;
    row.sop_instance_uid = "2.25.8";
    row.series_instance_uid = "2.25.9";
    row.view = "R-CC";
    store::Decision decision;
    decision.finding = "R-CC-1";
    decision.model_sha256 = "m1";
    decision.place = "2.25.8|1|2|3|4|mass";
    decision.action = "dismiss";
    decision.who = "A. Reader";
    decision.when = from_rfc3339("2026-03-01T09:00:00.000Z");
    const std::string reading =
        R"({"score": 0.5, "model": {"sha256": "m1"}, "views": [{"sop_instance_uid":
            "2.25.8", "findings": [{"id": "R-CC-2", "kind": "mass", "box":
            {"left": 1, "top": 2, "width": 3, "height": 4}}]}]})";
    const std::vector images = {row};
    ShownDecisions decisions(reading);
    decisions.add(std::move(decision));
    const json out = json::parse(exam_json(an_exam(), {images}, reading, decisions));
    EXPECT_EQ(out["reading"]["score"], 0.5);
    EXPECT_EQ(out["images"][0]["view"], "R-CC");
    EXPECT_EQ(out["images"][0]["revision"], store::revision_of(row));
    EXPECT_EQ(out["decisions"][0]["finding"], "R-CC-2") << "what it is called now";
    EXPECT_EQ(out["decisions"][0]["who"], "A. Reader");
    EXPECT_EQ(out["decisions"][0]["self_declared"], true);
    EXPECT_EQ(out["decisions"][0]["when"], "2026-03-01T09:00:00.000Z");
}

TEST(ExamJson, SaysWhenWhatWasKeptIsDamaged) {
    try {
        (void)exam_json(an_exam(), {}, "{\"score\": ", ShownDecisions(""));
        FAIL() << "a broken reading was sent on";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::kCorrupt);
    }
}

TEST(ParseDecision, TakesWhatThePageSends) {
    const auto parsed =
        parse_decision(R"({"action":"accept","comment":" seen\n","reader":" A. Reader "})", false);
    ASSERT_TRUE(std::holds_alternative<DecisionRequest>(parsed));
    const auto& request = std::get<DecisionRequest>(parsed);
    EXPECT_EQ(request.action, "accept");
    EXPECT_EQ(request.comment, "seen");
    EXPECT_EQ(request.reader, "A. Reader");
}

TEST(ParseDecision, NamesTheFieldThatIsWrong) {
    EXPECT_EQ(problem_of("not json").name, "");
    EXPECT_EQ(problem_of("[]").name, "");
    EXPECT_EQ(problem_of(R"({"reader":"A"})").name, "action");
    EXPECT_EQ(problem_of(R"({"action":"delete","reader":"A"})").name, "action");
    EXPECT_EQ(problem_of(R"({"action":"accept"})").name, "reader");
    EXPECT_EQ(problem_of(R"({"action":"accept","reader":"  "})").name, "reader");
    EXPECT_EQ(problem_of(R"({"action":"accept","reader":7})").name, "reader");
    EXPECT_EQ(problem_of(R"({"action":"accept","reader":"A\u0007"})").name, "reader");
    EXPECT_EQ(problem_of(R"({"action":"accept","reader":"A","who":"B"})").name, "who");
    const std::string longest(1001, 'x');
    EXPECT_EQ(problem_of(R"({"action":"accept","reader":"A","comment":")" + longest + "\"}").name,
              "comment");
}

TEST(ParseDecision, RefusesWhatSaysSomethingTwice) {
    EXPECT_EQ(problem_of(R"({"action":"accept","action":"dismiss","reader":"A"})").name, "action");
    EXPECT_EQ(problem_of(R"({"action":"accept","action":"accept","reader":"A"})").why,
              "is there twice");
}

TEST(ParseDecision, CountsCharactersNotBytes) {
    std::string name;
    for (int i = 0; i < 64; ++i) name += "\xC3\xA9";
    const auto parsed = parse_decision(R"({"action":"undo","reader":")" + name + "\"}", false);
    EXPECT_TRUE(std::holds_alternative<DecisionRequest>(parsed));
}

TEST(ParseDecision, NeedsNoNameFromSomebodyAuthenticated) {
    EXPECT_TRUE(
        std::holds_alternative<DecisionRequest>(parse_decision(R"({"action":"undo"})", true)));
}

TEST(ProblemJson, CarriesTheField) {
    const json out = json::parse(problem_json("invalid-input", {"action", "must be accept"}));
    EXPECT_EQ(out["field"], "action");
    EXPECT_EQ(out["message"], "action must be accept");
    EXPECT_FALSE(
        json::parse(problem_json("invalid-input", {"", "must be JSON"})).contains("field"));
}

}  // namespace
}  // namespace lucerna::review
