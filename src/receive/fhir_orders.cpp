#include "receive/fhir_orders.h"

#include <algorithm>
#include <vector>

#include "base/log.h"
#include "dicom/parsing_room.h"
#include "http/media_type.h"
#include "http/query.h"

namespace lucerna::receive {
namespace {

using fhir::Issue;

constexpr const char* kFhirJson = "application/fhir+json";
/// Below the base of the service.
const std::string kRequests = "ServiceRequest/";
constexpr std::size_t kDayLetters = 10;
constexpr std::size_t kMostBytes = std::size_t{1} << 20;

int status_of(const Issue& issue) {
    if (issue.code == "structure") return 400;
    if (issue.code == "conflict") return 409;
    if (issue.code == "too-long") return 413;
    return 422;
}

http::Response refusal(const http::Request& request, int status, const Issue& issue) {
    log_event(LogLevel::kWarning, "orders.refused",
              {{"request", request.id},
               {"protocol", "fhir"},
               {"sender", request.principal},
               {"status", status},
               {"element", issue.expression},
               {"why", issue.diagnostics}});
    return http::Response::of(status, kFhirJson, fhir::operation_outcome("error", issue));
}

bool is_json(const http::Request& request) {
    const auto type = http::parse_media_type(request.headers.get_or("Content-Type", ""));
    return type && (type->type == kFhirJson || type->type == "application/json");
}

/// A condition of a creation (FHIR R4 3.1.0.8.1), with or without the address that is searched:
/// that there is no order of that number yet.
bool is_by_own_number(const std::string& condition, const fhir::ServiceRequest& request,
                      std::string_view today) {
    const std::size_t mark = condition.substr(0, condition.find('=')).find('?');
    try {
        const http::Query query = http::Query::parse(
            std::string_view(condition).substr(mark == std::string::npos ? 0 : mark + 1));
        const auto sought = query.get("identifier");
        if (!sought || query.all().size() != 1) return false;
        return std::any_of(
            request.identifier.begin(), request.identifier.end(), [&](const fhir::Identifier& one) {
                const bool is_number = one.type.has("PLAC") || one.type.has("FILL") ||
                                       (one.type.coding.empty() && one.system != "urn:dicom:uid");
                return is_number && one.is_in_use(today) &&
                       (*sought == one.value || *sought == one.system + "|" + one.value);
            });
    } catch (const Error&) {
        return false;
    }
}

Issue issue_from(const exam::OrderRefusal& refusal, const fhir::Submission& submission) {
    const std::string& path = submission.requests.at(refusal.request).path;
    if (refusal.code == ErrorCode::kNotFound)
        return {"not-found", path + ".identifier", refusal.why};
    if (refusal.code == ErrorCode::kConflict)
        return {"conflict", path + ".identifier", refusal.why};
    return {"business-rule", path, refusal.why};
}

std::string outcome_json(const exam::OrderOutcome& outcome) {
    return fhir::operation_outcome("information",
                                   {"informational", "",
                                    "the order is " + std::string(exam::name_of(outcome.fate)) +
                                        "; Study Instance UID " + outcome.study_instance_uid});
}

int http_status_of(const exam::OrderOutcome& outcome) {
    return outcome.fate == exam::OrderFate::kNew ? 201 : 200;
}

/// A transaction-response (FHIR R4 3.1.0.11.2): an entry for an entry.
std::string response_json(const fhir::Submission& submission,
                          const std::vector<exam::OrderOutcome>& outcomes) {
    std::string entries;
    for (const auto& entry : submission.entries) {
        const bool is_new = entry && http_status_of(outcomes[*entry]) == 201;
        const std::string outcome =
            entry ? outcome_json(outcomes[*entry])
                  : fhir::operation_outcome(
                        "information",
                        {"informational", "", "read for the orders; not kept for itself"});
        const std::string location =
            entry ? ",\"location\":" + json_quoted(kRequests + outcomes[*entry].name) : "";
        entries +=
            (entries.empty() ? "" : ",") +
            ("{\"response\":{\"status\":\"" + std::string(is_new ? "201 Created" : "200 OK") +
             "\"" + location + ",\"outcome\":" + outcome + "}}");
    }
    return "{\"resourceType\":\"Bundle\",\"type\":\"transaction-response\",\"entry\":[" + entries +
           "]}";
}

http::Response answer(http::Request& request, OrderSink& sink, const OrderDefaults& defaults,
                      std::string_view today) {
    if (!is_json(request))
        return refusal(request, 415,
                       {"not-supported", "", "Content-Type has to be application/fhir+json"});
    Bytes body;
    try {
        body = request.body.read_all(kMostBytes);
    } catch (const Error&) {
        if (!request.body.is_too_large()) throw;
        return refusal(request, 413, {"too-long", "", "more than a megabyte"});
    }
    const MemoryBudget::Share room = dicom::room_to_parse(as_text(body));
    auto read = fhir::read_submission(as_text(body));
    if (const auto* issue = std::get_if<Issue>(&read))
        return refusal(request, status_of(*issue), *issue);
    const auto& submission = std::get<fhir::Submission>(read);
    std::vector<exam::OrderRequest> orders;
    for (const fhir::ServiceRequest& one : submission.requests) {
        const std::string condition =
            submission.is_bundle ? one.if_none_exist : request.headers.get_or("If-None-Exist", "");
        if (!condition.empty() && !is_by_own_number(condition, one, today))
            return refusal(request, 422,
                           {"not-supported", one.path,
                            "it may be made on condition that there is none of its own placer's "
                            "or filler's number yet, and on no other"});
        auto order = order_in(one, submission, defaults, today);
        if (const auto* issue = std::get_if<Issue>(&order))
            return refusal(request, status_of(*issue), *issue);
        orders.push_back(std::get<exam::OrderRequest>(std::move(order)));
        orders.back().only_if_new = !condition.empty();
    }
    const exam::OrderOutcomes taken = sink.take(orders);
    if (const auto* refused = std::get_if<exam::OrderRefusal>(&taken)) {
        const Issue issue = issue_from(*refused, submission);
        return refusal(request, status_of(issue), issue);
    }
    const auto& outcomes = std::get<std::vector<exam::OrderOutcome>>(taken);
    for (const exam::OrderOutcome& outcome : outcomes)
        log_event(LogLevel::kInfo, "orders.taken",
                  {{"request", request.id},
                   {"protocol", "fhir"},
                   {"sender", request.principal},
                   {"order", outcome.name},
                   {"fate", exam::name_of(outcome.fate)}});
    if (submission.is_bundle)
        return http::Response::of(200, kFhirJson, response_json(submission, outcomes));
    http::Response response = http::Response::of(http_status_of(outcomes.front()), kFhirJson,
                                                 outcome_json(outcomes.front()));
    response.headers.set("Location", request.origin + "/fhir/" + kRequests + outcomes.front().name);
    return response;
}

bool takes_json(const http::Request& request) {
    const auto accepted = http::parse_accept(request.headers.get_or("Accept", ""));
    return std::any_of(accepted.begin(), accepted.end(), [](const http::MediaRange& range) {
        // What says more than one type covers the other, too, which may be refused.
        return range.covers(kFhirJson) || range.media.type == "application/json";
    });
}

/// FHIR R4 3.1.0.1.
http::Response give_order(const http::Request& request, OrderSink& sink) {
    if (!takes_json(request))
        return http::Response::of(
            406, kFhirJson,
            fhir::operation_outcome("error",
                                    {"not-supported", "", "there is application/fhir+json alone"}));
    const std::string& id = request.parameter("id");
    const auto found = sink.find(id);
    if (!found)
        return http::Response::of(
            404, kFhirJson,
            fhir::operation_outcome("error", {"not-found", "", "there is no such order"}));
    return http::Response::of(200, kFhirJson, service_request_json(*found, id));
}

/// FHIR R4 3.1.0.9.
constexpr const char* kCapabilities =
    R"({"resourceType":"CapabilityStatement","status":"active","date":"2026-01-01","kind":)"
    R"("instance","implementation":{"description":"Lucerna takes imaging orders"},"fhirVersion":)"
    R"("4.0.1","format":["application/fhir+json"],"rest":[{"mode":"server","resource":[{"type":)"
    R"("ServiceRequest","versioning":"no-version","interaction":[{"code":"create"},{"code":"read"}]}],"interaction":[{"code":)"
    R"("transaction"}]}]})";

}  // namespace

void add_fhir_orders(http::Router& router, OrderSink& sink, const OrderDefaults& defaults,
                     const Clock& clock) {
    const http::Handler take = [&sink, defaults, &clock](http::Request& request) {
        return answer(request, sink, defaults, to_rfc3339(clock.now()).substr(0, kDayLetters));
    };
    router.add("POST", "/fhir", take);
    router.add("POST", "/fhir/ServiceRequest", take);
    router.add("GET", "/fhir/ServiceRequest/{id}",
               [&sink](http::Request& request) { return give_order(request, sink); });
    router.add(
        "GET", "/fhir/metadata",
        [](http::Request&) {
            return http::Response::of(200, kFhirJson, std::string(kCapabilities));
        },
        http::Access::kOpen);
}

}  // namespace lucerna::receive
