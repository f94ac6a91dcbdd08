#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "fhir/resources.h"

namespace lucerna::fhir {
namespace {

Submission read(std::string_view json) {
    auto result = read_submission(json);
    if (const auto* issue = std::get_if<Issue>(&result))
        throw std::runtime_error(issue->expression + ": " + issue->diagnostics);
    return std::get<Submission>(std::move(result));
}
Issue issue_of(std::string_view json) {
    auto result = read_submission(json);
    return std::get<Issue>(result);
}

TEST(ReadSubmission, ReadsARequestWithWhatItContains) {
    const Submission submission = read(R"({"resourceType":"ServiceRequest","status":"active",
        "contained":[{"resourceType":"Patient","id":"p","name":[{"family":"Doe","given":["Jane","Q"]}]}],
        "subject":{"reference":"#p"},"code":{"coding":[{"code":"SCR"}],"text":"Screening"},
        "occurrencePeriod":{"start":"2026-03-02"},"unknown":[1,{"a":null}]})");
    ASSERT_EQ(submission.requests.size(), 1U);
    const ServiceRequest& request = submission.requests.front();
    EXPECT_EQ(request.path, "ServiceRequest");
    EXPECT_EQ(request.occurrence, "2026-03-02");
    EXPECT_EQ(request.code.words(), "Screening");
    const Resource* const subject = submission.resolve(request, request.subject);
    ASSERT_NE(subject, nullptr);
    EXPECT_EQ(std::get<Patient>(*subject).path, "ServiceRequest.contained[0]");
    EXPECT_EQ(std::get<Patient>(*subject).name.at(0).given.at(1), "Q");
    EXPECT_EQ(submission.resolve(request, {"#q", ""}), nullptr);
    EXPECT_EQ(submission.resolve(request, {"", "somebody"}), nullptr);
}

TEST(ReadSubmission, ReadsATransactionAndResolvesWithinIt) {
    const Submission submission = read(R"({"resourceType":"Bundle","type":"transaction","entry":[
        {"fullUrl":"urn:uuid:1","resource":{"resourceType":"Patient","id":"7"},"request":{"method":"PUT"}},
        {"resource":{"resourceType":"Encounter"},"request":{"method":"POST"}},
        {"resource":{"resourceType":"ServiceRequest","subject":{"reference":"urn:uuid:1"}},
         "request":{"method":"POST","url":"ServiceRequest"}}]})");
    ASSERT_EQ(submission.requests.size(), 1U);
    EXPECT_EQ(submission.requests[0].path, "Bundle.entry[2].resource");
    EXPECT_EQ(submission.entries.size(), 3U);
    EXPECT_FALSE(submission.entries[0]);
    EXPECT_EQ(submission.entries[2], 0U);
    EXPECT_NE(submission.resolve(submission.requests[0], {"urn:uuid:1", ""}), nullptr);
    EXPECT_NE(submission.resolve(submission.requests[0], {"Patient/7", ""}), nullptr);
}

TEST(ReadSubmission, NamesTheElementThatIsWrong) {
    EXPECT_EQ(issue_of("{\"a\"").code, "structure");
    EXPECT_EQ(issue_of("[]").expression, "$this");
    EXPECT_EQ(issue_of(R"({"resourceType":"Patient"})").code, "not-supported");
    EXPECT_EQ(issue_of(R"({"resourceType":"ServiceRequest","status":1})").expression,
              "ServiceRequest.status");
    EXPECT_EQ(issue_of(R"({"resourceType":"ServiceRequest","identifier":{}})").expression,
              "ServiceRequest.identifier");
    EXPECT_EQ(
        issue_of(R"({"resourceType":"ServiceRequest","identifier":[{"type":{"coding":["x"]}}]})")
            .expression,
        "ServiceRequest.identifier[0].type.coding[0]");
    EXPECT_EQ(issue_of(R"({"resourceType":"Bundle","type":"batch"})").expression, "Bundle.type");
    EXPECT_EQ(issue_of(R"({"resourceType":"Bundle","type":"transaction"})").code, "required");
    EXPECT_EQ(issue_of(R"({"resourceType":"Bundle","type":"transaction","entry":[{}]})").expression,
              "Bundle.entry[0].request");
    EXPECT_EQ(issue_of(R"({"resourceType":"Bundle","type":"transaction","entry":[{"request":
        {"method":"DELETE"}}]})")
                  .expression,
              "Bundle.entry[0].request.method");
    EXPECT_EQ(issue_of(std::string(100000, '[')).code, "too-long");
    EXPECT_EQ(issue_of(R"({"resourceType":"Bundle","resourceType":"ServiceRequest"})").code,
              "structure");
    EXPECT_EQ(issue_of(R"({"resourceType":"ServiceRequest","subject":{"reference":"#a"},)"
                       R"("requester":{"reference":"#b","reference":"#c"}})")
                  .diagnostics,
              "an object has two members of one name");
}

TEST(OperationOutcome, IsJson) {
    const auto json = nlohmann::json::parse(
        operation_outcome("error", {"value", "ServiceRequest.status", "say \"active\""}));
    EXPECT_EQ(json["resourceType"], "OperationOutcome");
    EXPECT_EQ(json["issue"][0]["expression"][0], "ServiceRequest.status");
    EXPECT_EQ(json["issue"][0]["diagnostics"], "say \"active\"");
}

}  // namespace
}  // namespace lucerna::fhir
