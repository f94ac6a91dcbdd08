#include <nlohmann/json.hpp>
#include <utility>

#include "fhir/resources.h"

namespace lucerna::fhir {
namespace {

using nlohmann::json;

constexpr const char* kIdentifierTypes = "http://terminology.hl7.org/CodeSystem/v2-0203";

void put(json& object, const char* name, const std::string& text) {
    if (!text.empty()) object[name] = text;
}
void put(json& object, const char* name, json value) {
    if (!value.empty()) object[name] = std::move(value);
}

template <typename Values, typename Make>
json list_of(const Values& values, Make make) {
    json list = json::array();
    for (const auto& value : values)
        if (json one = make(value); !one.empty()) list.push_back(std::move(one));
    return list;
}

json coding_json(const Coding& coding) {
    json object = json::object();
    put(object, "system", coding.system);
    put(object, "code", coding.code);
    put(object, "display", coding.display);
    return object;
}

json concept_json(const CodeableConcept& concept_) {
    json object = json::object();
    put(object, "coding", list_of(concept_.coding, coding_json));
    put(object, "text", concept_.text);
    return object;
}

json identifier_json(const Identifier& identifier) {
    json object = json::object();
    put(object, "type", concept_json(identifier.type));
    put(object, "system", identifier.system);
    put(object, "value", identifier.value);
    return object;
}

json name_json(const HumanName& name) {
    json object = json::object();
    put(object, "use", name.use);
    put(object, "text", name.text);
    put(object, "family", name.family);
    put(object, "given", json(name.given));
    put(object, "prefix", json(name.prefix));
    put(object, "suffix", json(name.suffix));
    return object;
}

json reference_json(const Reference& reference) {
    json object = json::object();
    put(object, "reference", reference.reference);
    put(object, "display", reference.display);
    return object;
}

json text_json(const std::string& text) {
    return text.empty() ? json::object() : json{{"text", text}};
}

struct ResourceJson {
    json operator()(const Patient& patient) const {
        json object = {{"resourceType", "Patient"}};
        put(object, "identifier", list_of(patient.identifier, identifier_json));
        put(object, "name", list_of(patient.name, name_json));
        put(object, "gender", patient.gender);
        put(object, "birthDate", patient.birth_date);
        return object;
    }
    json operator()(const Practitioner& practitioner) const {
        json object = {{"resourceType", "Practitioner"}};
        put(object, "name", list_of(practitioner.name, name_json));
        return object;
    }
    json operator()(const Device& device) const {
        json object = {{"resourceType", "Device"}};
        put(object, "identifier", list_of(device.identifier, identifier_json));
        put(object, "deviceName", list_of(device.name, [](const std::string& name) {
                return json{{"name", name}, {"type", "user-friendly-name"}};
            }));
        return object;
    }
};

}  // namespace

Coding identifier_type(std::string_view code) {
    return {kIdentifierTypes, std::string(code), {}};
}

std::string to_json(const ServiceRequest& request, const std::string& id,
                    const std::map<std::string, Resource>& contained) {
    json object = {{"resourceType", "ServiceRequest"}, {"id", id}};
    json within = json::array();
    for (const auto& [name, resource] : contained) {
        within.push_back(std::visit(ResourceJson{}, resource));
        within.back()["id"] = name;
    }
    put(object, "contained", std::move(within));
    put(object, "status", request.status);
    put(object, "intent", request.intent);
    put(object, "priority", request.priority);
    put(object, "identifier", list_of(request.identifier, identifier_json));
    put(object, "code", concept_json(request.code));
    put(object, "orderDetail", list_of(request.order_detail, concept_json));
    put(object, "subject", reference_json(request.subject));
    put(object, "occurrenceDateTime", request.occurrence);
    put(object, "authoredOn", request.authored_on);
    put(object, "requester", reference_json(request.requester));
    put(object, "performer", list_of(request.performer, reference_json));
    put(object, "locationCode", list_of(request.location_code, concept_json));
    put(object, "reasonCode", list_of(request.reason_code, concept_json));
    put(object, "note", list_of(request.note, text_json));
    put(object, "patientInstruction", request.patient_instruction);
    return object.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace lucerna::fhir
