#include "receive/fhir_orders.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <tuple>

#include "support/zone.h"

namespace lucerna::receive {
namespace {

using exam::OrderAction;
using nlohmann::json;
using testing::HasSubstr;

json request_of(const std::string& placer) {
    return json::parse(R"({"resourceType":"ServiceRequest","status":"active","intent":"order",
        "contained":[
          {"resourceType":"Patient","id":"p","identifier":[{"system":"urn:oid:1.2.3","value":"P1"}],
           "name":[{"use":"old","family":"Roe"},{"family":"Doe","given":["Jane","Q"],"prefix":["Dr"]}],
           "gender":"female","birthDate":"1970-01-02"},
          {"resourceType":"Practitioner","id":"r","name":[{"family":"Asking","given":["Anne"]}]},
          {"resourceType":"Device","id":"d","identifier":[{"value":"MAMMO1"}],
           "deviceName":[{"name":"Room 1"}]}],
        "identifier":[{"type":{"coding":[{"code":"PLAC"}]},"system":"http://ehr.example","value":")" +
                       placer + R"("},
          {"type":{"coding":[{"code":"ACSN"}]},"value":"ACC1"},
          {"system":"urn:dicom:uid","value":"urn:oid:1.2.3.4"}],
        "priority":"urgent","subject":{"reference":"#p"},"requester":{"reference":"#r"},
        "performer":[{"reference":"#d"},{"display":"Nora Tech"}],
        "code":{"coding":[{"system":"http://snomed.info/sct","code":"24623002","display":"Mammogram"}],
                "text":"Screening mammogram"},
        "orderDetail":[{"coding":[{"system":"http://dicom.nema.org/resources/ontology/DCM","code":"MG"}]},
                       {"coding":[{"system":"http://x.example","code":"4V","display":"Four views"}]}],
        "occurrenceDateTime":"2026-03-02T09:30:00+01:00","reasonCode":[{"text":"Lump"}],
        "locationCode":[{"text":"Floor 1"}],"note":[{"text":"bring a friend"}]})");
}

/// Keeps what comes, or refuses it as the test wants.
class Book : public OrderSink {
  public:
    exam::OrderOutcomes take(std::span<const exam::OrderRequest> requests) override {
        if (refusal) return *refusal;
        taken.assign(requests.begin(), requests.end());
        return std::vector<exam::OrderOutcome>(requests.size(), {fate, "1", "1.2.3.4"});
    }
    std::optional<FoundOrder> find(const std::string& name) override {
        if (name != "1" || taken.empty()) return {};
        return FoundOrder{taken.front().order, state};
    }
    std::vector<exam::OrderRequest> taken;
    std::optional<exam::OrderRefusal> refusal;
    exam::OrderFate fate = exam::OrderFate::kNew;
    FoundOrder::State state = FoundOrder::State::kActive;
};

class FhirOrders : public testing::Test {
  protected:
    FhirOrders() { add_fhir_orders(router, book, {}, clock); }
    http::Response post(const std::string& body, const std::string& path = "/fhir/ServiceRequest",
                        const std::string& type = "application/fhir+json",
                        const std::string& condition = {}) {
        http::BodyInMemory reader(body);
        http::Request request(reader);
        request.method = "POST";
        request.path = path;
        request.origin = "http://localhost";
        request.headers.set("Content-Type", type);
        if (!condition.empty()) request.headers.set("If-None-Exist", condition);
        return router.handle(request);
    }
    http::Response get(const std::string& path, const std::string& accept = "*/*") {
        http::BodyInMemory none;
        http::Request request(none);
        request.path = path;
        request.headers.set("Accept", accept);
        return router.handle(request);
    }
    json outcome(const http::Response& response) {
        return json::parse(std::get<std::string>(response.body));
    }
    /// The element that a request is refused for.
    std::string blamed(const json& request, int status = 422) {
        const http::Response response = post(request.dump());
        EXPECT_EQ(response.status, status);
        return outcome(response)["issue"][0].value("expression", json::array({""}))[0];
    }

    test::CentralEurope place;
    const ManualClock clock{from_rfc3339("2026-03-01T08:00:00.000Z")};
    Book book;
    http::Router router;
};

TEST_F(FhirOrders, ReadsARequest) {
    const http::Response response = post(request_of("O1").dump());
    EXPECT_EQ(response.status, 201);
    EXPECT_EQ(outcome(response)["resourceType"], "OperationOutcome");
    ASSERT_EQ(book.taken.size(), 1U);
    EXPECT_EQ(book.taken[0].action, OrderAction::kPlace);
    const exam::Order& order = book.taken[0].order;
    EXPECT_EQ(order.placer, (exam::OrderNumber{"O1", "http://ehr.example"}));
    EXPECT_EQ(order.accession_number.reveal(), "ACC1");
    EXPECT_EQ(order.study_instance_uid, "1.2.3.4");
    EXPECT_EQ(order.patient_id.reveal(), "P1");
    EXPECT_EQ(order.issuer_of_patient_id, "1.2.3");
    EXPECT_EQ(order.patient_name.reveal(), "Doe^Jane^Q^Dr");
    EXPECT_EQ(order.patient_birth_date.reveal(), "19700102");
    EXPECT_EQ(order.patient_sex, "F");
    EXPECT_EQ(order.requesting_physician, "Asking^Anne");
    EXPECT_EQ(order.procedure, (exam::CodedTerm{"24623002", "SCT", "Mammogram"}));
    EXPECT_EQ(order.description, "Screening mammogram");
    EXPECT_EQ(order.priority, "HIGH");
    EXPECT_EQ(order.reason, "Lump");
    EXPECT_EQ(order.comments, "bring a friend");
    const exam::ScheduledStep& step = order.steps.at(0);
    EXPECT_EQ(step.modality, "MG");
    EXPECT_EQ(step.station_aet, "MAMMO1");
    EXPECT_EQ(step.station_name, "Room 1");
    EXPECT_EQ(step.performing_physician, "Nora Tech");
    EXPECT_EQ(step.location, "Floor 1");
    EXPECT_EQ(step.start_date, "20260302");
    EXPECT_EQ(step.start_time, "093000") << "of the place";
    EXPECT_EQ(step.protocol, (exam::CodedTerm{"4V", "99FHIR", "Four views"}));
}

TEST_F(FhirOrders, ReckonsTimesIntoTheZoneOfThePlace) {
    for (const auto& [given, date, time] :
         {std::tuple("2026-03-02T08:30:00Z", "20260302", "093000"),
          std::tuple("2026-07-01T08:30:00.250Z", "20260701", "103000"),
          std::tuple("2026-03-01T19:30:00-05:00", "20260302", "013000"),
          std::tuple("2026-03-02T09:30:00", "20260302", "093000"),
          std::tuple("2026-03-02", "20260302", "0000")}) {
        json request = request_of("O1");
        request["occurrenceDateTime"] = given;
        EXPECT_LT(post(request.dump()).status, 300) << given;
        const exam::ScheduledStep& step = book.taken.at(0).order.steps.at(0);
        EXPECT_EQ(step.start_date, date) << given;
        EXPECT_EQ(step.start_time, time) << given;
    }
    for (const char* given : {"2026-03-02T08:30:00Z+01:00", "2026-03-02T08:30:00+1",
                              "2026-03-02T08:30:00+25:00", "2026-03-02TZ"}) {
        json request = request_of("O1");
        request["occurrenceDateTime"] = given;
        EXPECT_EQ(blamed(request), "ServiceRequest.occurrenceDateTime") << given;
    }
}

TEST_F(FhirOrders, TakesATransactionAsAWhole) {
    json bundle = {{"resourceType", "Bundle"}, {"type", "transaction"}, {"entry", json::array()}};
    for (const char* placer : {"O1", "O2"})
        bundle["entry"].push_back({{"resource", request_of(placer)},
                                   {"request", {{"method", "POST"}, {"url", "ServiceRequest"}}}});
    const http::Response response = post(bundle.dump(), "/fhir");
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(outcome(response)["type"], "transaction-response");
    EXPECT_EQ(outcome(response)["entry"][1]["response"]["status"], "201 Created");
    EXPECT_EQ(outcome(response)["entry"][1]["response"]["location"], "ServiceRequest/1");
    EXPECT_EQ(book.taken.size(), 2U);
    book.taken.clear();
    bundle["entry"][1]["resource"].erase("identifier");
    const http::Response refused = post(bundle.dump(), "/fhir");
    EXPECT_EQ(refused.status, 422);
    EXPECT_EQ(outcome(refused)["issue"][0]["expression"][0], "Bundle.entry[1].resource.identifier");
    EXPECT_TRUE(book.taken.empty());
}

TEST_F(FhirOrders, CancelsWhatIsRevoked) {
    json request = request_of("O1");
    request["status"] = "revoked";
    EXPECT_EQ(post(request.dump()).status, 201);
    EXPECT_FALSE(book.taken.at(0).order.patient_id.empty()) << "whose it is to be";
    EXPECT_FALSE(book.taken.at(0).order.patient_name.empty());
    EXPECT_FALSE(book.taken.at(0).order.patient_birth_date.empty());
    EXPECT_FALSE(book.taken.at(0).is_any_id_of_hers);
    // A patient who is not sent, by what the request says of her (a logical reference).
    const json said = {{"system", "urn:oid:1.2.3"}, {"value", "P2"}};
    for (const json& subject :
         {json{{"identifier", said}}, json{{"reference", "Patient/999"}, {"identifier", said}}}) {
        request["subject"] = subject;
        EXPECT_EQ(post(request.dump()).status, 201);
        EXPECT_EQ(book.taken.back().order.patient_id.reveal(), "P2");
        EXPECT_EQ(book.taken.back().order.issuer_of_patient_id, "1.2.3");
        EXPECT_TRUE(book.taken.back().is_any_id_of_hers);
    }
    book.taken.clear();
    request.erase("subject");
    book.fate = exam::OrderFate::kCancelled;
    EXPECT_EQ(post(request.dump()).status, 200);
    EXPECT_EQ(book.taken.at(0).action, OrderAction::kCancel);
    book.refusal = exam::OrderRefusal{0, ErrorCode::kNotFound, "no such order"};
    EXPECT_EQ(blamed(request), "ServiceRequest.identifier");
    book.refusal->code = ErrorCode::kConflict;
    EXPECT_EQ(blamed(request, 409), "ServiceRequest.identifier");
}

TEST_F(FhirOrders, RefusesTheNumberOfAnotherPatientsOrder) {
    book.refusal = exam::OrderRefusal{0, ErrorCode::kConflict, "another patient's", true};
    const http::Response response = post(request_of("O1").dump());
    EXPECT_EQ(response.status, 409);
    EXPECT_EQ(outcome(response)["resourceType"], "OperationOutcome");
    EXPECT_EQ(outcome(response)["issue"][0]["code"], "conflict");
    EXPECT_EQ(outcome(response)["issue"][0]["expression"][0], "ServiceRequest.identifier");
}

TEST_F(FhirOrders, TakesNoIdentifierThatIsOld) {
    json request = request_of("O1");
    json old = {{"use", "old"}, {"value", "OLD"}};
    old["type"]["coding"] = {{{"code", "MR"}}};
    json& ids = request["contained"][0]["identifier"];
    ids.insert(ids.begin(), old);
    old["type"]["coding"] = {{{"code", "PLAC"}}};
    request["identifier"].push_back(old);
    request["contained"][0]["name"] = {{{"use", "nickname"}, {"family", "Janie"}},
                                       {{"use", "usual"}, {"family", "Doe"}}};
    EXPECT_EQ(post(request.dump()).status, 201);
    const exam::Order& order = book.taken.at(0).order;
    EXPECT_EQ(order.patient_id.reveal(), "P1");
    EXPECT_EQ(order.placer.number, "O1");
    EXPECT_EQ(order.patient_name.reveal(), "Doe");
    ids.erase(1);
    EXPECT_EQ(blamed(request), "ServiceRequest.contained[0].identifier");
}

TEST_F(FhirOrders, TakesNoIdentifierWhoseTimeIsOver) {
    json request = request_of("O1");
    json& ids = request["contained"][0]["identifier"];
    json& names = request["contained"][0]["name"];
    for (const auto& [end, is_over] :
         {std::pair("2025", true), std::pair("2026-02", true),
          std::pair("2026-02-28T10:00:00Z", true), std::pair("2026", false),
          std::pair("2026-03-01", false), std::pair("2027-01-01", false)}) {
        const json period = {{"start", "2020"}, {"end", end}};
        ids = {{{"value", "FIRST"}, {"period", period}}, {{"value", "SECOND"}}};
        names = {{{"family", "Maiden"}, {"period", period}}, {{"family", "Doe"}}};
        EXPECT_EQ(post(request.dump()).status, 201) << end;
        EXPECT_EQ(book.taken.at(0).order.patient_id.reveal(), is_over ? "SECOND" : "FIRST") << end;
        EXPECT_EQ(book.taken.at(0).order.patient_name.reveal(), is_over ? "Doe" : "Maiden") << end;
    }
}

TEST_F(FhirOrders, RefusesASubjectWhoseIdentifierIsAnothers) {
    json request = request_of("O1");
    json& said = request["subject"]["identifier"];
    for (const char* status : {"active", "revoked"}) {
        request["status"] = status;
        said = {{"system", "urn:oid:1.2.3"}, {"value", "P2"}};
        EXPECT_EQ(blamed(request), "ServiceRequest.subject.identifier") << status;
        said["value"] = "P1";
        EXPECT_EQ(post(request.dump()).status, 201) << status;
        said = {{"system", "http://country.example"}, {"value", "P2"}};
        EXPECT_EQ(post(request.dump()).status, 201) << "not known to be another's";
    }
}

TEST_F(FhirOrders, MakesAnOrderOnNoConditionButItsOwnNumber) {
    const auto made_on = [&](const std::string& condition) {
        return post(request_of("O1").dump(), "/fhir/ServiceRequest", "application/fhir+json",
                    condition)
            .status;
    };
    EXPECT_EQ(made_on("identifier=http%3A%2F%2Fehr.example%7CO1"), 201);
    EXPECT_EQ(made_on("identifier=O1"), 201);
    EXPECT_EQ(made_on("ServiceRequest?identifier=O1"), 201);
    EXPECT_EQ(made_on("http://here.example/fhir/ServiceRequest?identifier=http://ehr.example|O1"),
              201);
    EXPECT_TRUE(book.taken.at(0).only_if_new);
    EXPECT_EQ(made_on(""), 201);
    EXPECT_FALSE(book.taken.at(0).only_if_new);
    for (const char* other :
         {"identifier=O2", "identifier=http://else.example|O1", "identifier=ACC1", "status=active",
          "identifier=urn:dicom:uid|urn:oid:1.2.3.4", "identifier=O1&status=active", "%"})
        EXPECT_EQ(made_on(other), 422) << other;
    json bundle = {{"resourceType", "Bundle"}, {"type", "transaction"}};
    bundle["entry"] = {{{"resource", request_of("O1")},
                        {"request", {{"method", "POST"}, {"ifNoneExist", "identifier=O1"}}}}};
    EXPECT_EQ(post(bundle.dump(), "/fhir").status, 200);
    bundle["entry"][0]["request"]["ifNoneExist"] = "identifier=O2";
    EXPECT_EQ(post(bundle.dump(), "/fhir").status, 422);
}

TEST_F(FhirOrders, NamesTheElementThatIsWrong) {
    const auto with = [](const char* pointer, const json& value) {
        json request = request_of("O1");
        request[json::json_pointer(pointer)] = value;
        return request;
    };
    EXPECT_EQ(blamed(with("/status", "draft")), "ServiceRequest.status");
    EXPECT_EQ(blamed(with("/intent", "plan")), "ServiceRequest.intent");
    EXPECT_EQ(blamed(with("/doNotPerform", true)), "ServiceRequest.doNotPerform");
    EXPECT_EQ(blamed(with("/contained/0/active", false)), "ServiceRequest.contained[0].active");
    EXPECT_EQ(blamed(with("/contained/0/link", {{{"type", "replaced-by"}}})),
              "ServiceRequest.contained[0].link");
    json twice = request_of("O1");
    twice["contained"].push_back(twice["contained"][0]);
    EXPECT_EQ(post(twice.dump()).status, 201) << "both say the same";
    twice["contained"].back()["birthDate"] = "1971-01-02";
    EXPECT_EQ(blamed(twice), "ServiceRequest.subject.reference");
    const json modifier = {{{"url", "http://example.org/negated"}, {"valueBoolean", true}}};
    EXPECT_EQ(blamed(with("/modifierExtension", modifier)), "ServiceRequest.modifierExtension[0]");
    EXPECT_EQ(blamed(with("/contained/0/modifierExtension", modifier)),
              "ServiceRequest.contained[0].modifierExtension[0]");
    EXPECT_EQ(blamed(with("/implicitRules", "http://example.org/rules")),
              "ServiceRequest.implicitRules");
    EXPECT_EQ(post(with("/extension", modifier).dump()).status, 201) << "others may be passed over";
    EXPECT_EQ(blamed(with("/identifier/1/value", "ACC12345678901234")),
              "ServiceRequest.identifier[1].value");
    EXPECT_EQ(blamed(with("/identifier/2/value", "no uid")), "ServiceRequest.identifier[2].value");
    EXPECT_EQ(blamed(with("/subject/reference", "Patient/9")), "ServiceRequest.subject.reference");
    EXPECT_EQ(blamed(with("/subject", json::object())), "ServiceRequest.subject");
    EXPECT_EQ(blamed(with("/contained/0/name", json::array())), "ServiceRequest.contained[0].name");
    for (const char* none : {"1970-13-02", "1970-02-30", "ZQ1970", "1970-13"})
        EXPECT_EQ(blamed(with("/contained/0/birthDate", none)),
                  "ServiceRequest.contained[0].birthDate")
            << none;
    EXPECT_EQ(blamed(with("/contained/0/identifier/0/value", "a\\b")),
              "ServiceRequest.contained[0].identifier[0].value");
    EXPECT_EQ(blamed(with("/occurrenceDateTime", "2026-03")), "ServiceRequest.occurrenceDateTime");
    EXPECT_EQ(blamed(with("/orderDetail/0/coding/0/code", "mammo")),
              "ServiceRequest.orderDetail[0].coding[0].code");
    EXPECT_EQ(blamed(with("/priority", 3), 400), "ServiceRequest.priority");
}

TEST_F(FhirOrders, GivesAnOrderBackAsTheRequestThatItWas) {
    const http::Response made = post(request_of("O1").dump());
    EXPECT_EQ(made.headers.get("Location"), "http://localhost/fhir/ServiceRequest/1");
    const http::Response given = get("/fhir/ServiceRequest/1");
    EXPECT_EQ(given.status, 200);
    EXPECT_EQ(given.headers.get("Content-Type"), "application/fhir+json");
    const json request = outcome(given);
    EXPECT_EQ(request["id"], "1");
    EXPECT_EQ(request["status"], "active");
    EXPECT_EQ(request["identifier"][0]["type"]["coding"][0]["code"], "PLAC");
    EXPECT_EQ(request["occurrenceDateTime"].get<std::string>().substr(0, 19),
              "2026-03-02T09:30:00");
    const exam::Order before = book.taken.at(0).order;
    EXPECT_EQ(post(request.dump()).status, 201);
    EXPECT_EQ(book.taken.at(0).order, before) << "what is given out is the same order";
    book.state = FoundOrder::State::kCancelled;
    EXPECT_EQ(outcome(get("/fhir/ServiceRequest/1"))["status"], "revoked");
    book.state = FoundOrder::State::kCompleted;
    EXPECT_EQ(outcome(get("/fhir/ServiceRequest/1"))["status"], "completed");
    EXPECT_EQ(get("/fhir/ServiceRequest/2").status, 404);
    EXPECT_EQ(outcome(get("/fhir/ServiceRequest/2"))["resourceType"], "OperationOutcome");
    EXPECT_EQ(get("/fhir/ServiceRequest/1", "application/fhir+xml").status, 406);
    EXPECT_EQ(get("/fhir/ServiceRequest/1", "application/fhir+json;q=0, */*").status, 406);
}

TEST_F(FhirOrders, TakesFhirJsonOnly) {
    EXPECT_EQ(post("<ServiceRequest/>", "/fhir", "application/fhir+xml").status, 415);
    EXPECT_EQ(post("{", "/fhir").status, 400);
    EXPECT_EQ(post(request_of("O1").dump(), "/fhir", "application/json; charset=utf-8").status,
              201);
}

}  // namespace
}  // namespace lucerna::receive
