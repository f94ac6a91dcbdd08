#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <utility>

#include "dicom/uids.h"
#include "receive/code_systems.h"
#include "receive/fhir_orders.h"

namespace lucerna::receive {
namespace {

using exam::Order;

constexpr std::pair<std::string_view, std::string_view> kPriorities[] = {
    {"STAT", "stat"}, {"HIGH", "urgent"}, {"ROUTINE", "routine"}};

/// An issuer that is a UID is a system as FHIR writes one.
std::string system_of(const std::string& issuer) {
    return dicom::is_valid_uid(issuer) ? "urn:oid:" + issuer : issuer;
}

fhir::Identifier identifier(const char* type, const std::string& value, const std::string& issuer) {
    return {{{fhir::identifier_type(type)}, {}}, system_of(issuer), value};
}

fhir::CodeableConcept concept_of(const exam::CodedTerm& term) {
    fhir::CodeableConcept made;
    if (term.empty()) return made;
    fhir::Coding coding{{}, term.value, term.meaning};
    for (const auto& [system, designator] : kCodeSystems)
        if (coding.system.empty() && term.scheme == designator) coding.system = system;
    made.coding.push_back(std::move(coding));
    return made;
}

fhir::CodeableConcept in_words(const std::string& text) {
    fhir::CodeableConcept made;
    made.text = text;
    return made;
}

/// Its first component group, that of Latin letters, or else the first that there is.
fhir::HumanName name_of(std::string_view name) {
    name.remove_prefix(std::min(name.find_first_not_of('='), name.size()));
    name = name.substr(0, name.find('='));
    std::array<std::string, 5> parts;
    fhir::HumanName made;
    for (std::size_t i = 0; i < parts.size() && !name.empty(); ++i) {
        const std::size_t end = std::min(name.find('^'), name.size());
        parts.at(i) = name.substr(0, end);
        name.remove_prefix(std::min(end + 1, name.size()));
    }
    for (const std::size_t i : {3, 1, 2, 0, 4})
        if (!parts.at(i).empty()) made.text += (made.text.empty() ? "" : " ") + parts.at(i);
    made.family = parts[0];
    for (const std::size_t i : {1, 2})
        if (!parts.at(i).empty()) made.given.push_back(parts.at(i));
    if (!parts[3].empty()) made.prefix.push_back(parts[3]);
    if (!parts[4].empty()) made.suffix.push_back(parts[4]);
    return made;
}

/// "20260302" as "2026-03-02".
std::string date_of(std::string_view date) {
    if (date.size() != 8) return {};
    return std::string(date.substr(0, 4)) + "-" + std::string(date.substr(4, 2)) + "-" +
           std::string(date.substr(6, 2));
}

/// Of the place, which FHIR wants the zone of: this system's.
std::string moment_of(const exam::ScheduledStep& step) {
    std::string time = step.start_time.substr(0, step.start_time.find('.'));
    const std::string date = date_of(step.start_date);
    if (date.empty() || time.empty()) return date;
    time.resize(6, '0');
    std::tm local{};
    local.tm_year = std::atoi(step.start_date.substr(0, 4).c_str()) - 1900;
    local.tm_mon = std::atoi(step.start_date.substr(4, 2).c_str()) - 1;
    local.tm_mday = std::atoi(step.start_date.substr(6, 2).c_str());
    local.tm_hour = std::atoi(time.substr(0, 2).c_str());
    local.tm_min = std::atoi(time.substr(2, 2).c_str());
    local.tm_isdst = -1;
    (void)std::mktime(&local);
    const long minutes = local.tm_gmtoff / 60;
    std::array<char, 16> zone{};
    std::snprintf(zone.data(), zone.size(), "%c%02ld:%02ld", minutes < 0 ? '-' : '+',
                  std::labs(minutes) / 60 % 24, std::labs(minutes) % 60);
    return date + "T" + time.substr(0, 2) + ":" + time.substr(2, 2) + ":" + time.substr(4, 2) +
           zone.data();
}

fhir::Patient patient_of(const Order& order) {
    fhir::Patient patient;
    patient.identifier.push_back(
        identifier("MR", order.patient_id.reveal(), order.issuer_of_patient_id));
    patient.name.push_back(name_of(order.patient_name.reveal()));
    patient.birth_date = date_of(order.patient_birth_date.reveal());
    for (const auto& [sex, gender] : {std::pair("F", "female"), {"M", "male"}, {"O", "other"}})
        if (order.patient_sex == sex) patient.gender = gender;
    return patient;
}

void add_step(fhir::ServiceRequest& request, std::map<std::string, fhir::Resource>& contained,
              const exam::ScheduledStep& step) {
    request.occurrence = moment_of(step);
    if (!step.modality.empty())
        request.order_detail.push_back(concept_of({step.modality, "DCM", {}}));
    if (!step.protocol.empty()) {
        request.order_detail.push_back(concept_of(step.protocol));
        // One of DICOM's own codes is read as a modality.
        fhir::Coding& coding = request.order_detail.back().coding.front();
        if (step.protocol.scheme == "DCM") coding.system.clear();
    }
    if (!step.location.empty()) request.location_code.push_back(in_words(step.location));
    if (!step.station_aet.empty() || !step.station_name.empty()) {
        fhir::Device device;
        if (!step.station_aet.empty()) device.identifier.push_back({{}, {}, step.station_aet});
        if (!step.station_name.empty()) device.name.push_back(step.station_name);
        contained.emplace("station", std::move(device));
        request.performer.push_back({"#station", {}});
    }
    if (!step.performing_physician.empty())
        request.performer.push_back({{}, name_of(step.performing_physician).text});
}

}  // namespace

std::string service_request_json(const FoundOrder& found, const std::string& id) {
    const Order& order = found.order;
    fhir::ServiceRequest request;
    std::map<std::string, fhir::Resource> contained;
    constexpr std::array kStates = {"active", "completed", "revoked"};
    request.status = kStates.at(static_cast<std::size_t>(found.state));
    request.intent = "order";
    for (const auto& [ours, theirs] : kPriorities)
        if (order.priority == ours) request.priority = theirs;
    if (!order.placer.empty())
        request.identifier.push_back(identifier("PLAC", order.placer.number, order.placer.issuer));
    if (!order.filler.empty())
        request.identifier.push_back(identifier("FILL", order.filler.number, order.filler.issuer));
    if (!order.accession_number.empty())
        request.identifier.push_back(identifier("ACSN", order.accession_number.reveal(), {}));
    if (!order.study_instance_uid.empty())
        request.identifier.push_back({{}, "urn:dicom:uid", "urn:oid:" + order.study_instance_uid});
    request.code = concept_of(order.procedure);
    request.code.text = order.description;
    contained.emplace("patient", patient_of(order));
    request.subject.reference = "#patient";
    if (!order.requesting_physician.empty()) {
        fhir::Practitioner practitioner;
        practitioner.name.push_back(name_of(order.requesting_physician));
        contained.emplace("requester", std::move(practitioner));
        request.requester.reference = "#requester";
    }
    if (!order.reason.empty()) request.reason_code.push_back(in_words(order.reason));
    if (!order.comments.empty()) request.note.push_back(order.comments);
    if (!order.steps.empty()) add_step(request, contained, order.steps.front());
    return fhir::to_json(request, id, contained);
}

}  // namespace lucerna::receive
