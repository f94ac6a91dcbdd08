#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace lucerna::fhir {

/// Data types and resources of FHIR R4, as far as orders need them. What is absent is empty. `path`
/// is the FHIRPath of a resource within what was sent ("Bundle.entry[1].resource").

struct Coding {
    std::string system;
    std::string code;
    std::string display;
};
struct CodeableConcept {
    std::vector<Coding> coding;
    std::string text;

    [[nodiscard]] bool has(std::string_view code) const;
    /// Its text, else what its first coding shows.
    [[nodiscard]] std::string words() const;
};
struct Identifier {
    CodeableConcept type;
    std::string system;
    std::string value;
    std::string use = {};
    std::string period_end = {};

    /// Not a former one, which is nobody's any more. `today` as "2026-03-01".
    [[nodiscard]] bool is_in_use(std::string_view today) const;
};
struct HumanName {
    std::string use;
    std::string text;
    std::string family;
    std::vector<std::string> given;
    std::vector<std::string> prefix;
    std::vector<std::string> suffix;
    std::string period_end = {};

    [[nodiscard]] bool is_in_use(std::string_view today) const;
};
struct Reference {
    std::string reference;
    std::string display;
    /// Beside the reference, or in its place.
    Identifier identifier = {};
};

struct Patient {
    std::string path;
    std::vector<Identifier> identifier;
    std::vector<HumanName> name;
    std::string gender;
    std::string birth_date;
    bool is_active = true;
    /// Another record has taken its place.
    bool is_replaced = false;
};
struct Practitioner {
    std::string path;
    std::vector<HumanName> name;
};
struct Device {
    std::string path;
    std::vector<Identifier> identifier;
    /// Device.deviceName.name.
    std::vector<std::string> name;
};
using Resource = std::variant<Patient, Practitioner, Device>;

struct ServiceRequest {
    std::string path;
    std::string status;
    std::string intent;
    std::string priority;
    bool do_not_perform = false;
    std::vector<Identifier> identifier;
    CodeableConcept code;
    std::vector<CodeableConcept> order_detail;
    Reference subject;
    /// occurrenceDateTime, or the start of occurrencePeriod; and which of them.
    std::string occurrence;
    std::string occurrence_element;
    std::string authored_on;
    Reference requester;
    std::vector<Reference> performer;
    std::vector<CodeableConcept> location_code;
    std::vector<CodeableConcept> reason_code;
    std::vector<std::string> note;
    std::string patient_instruction;
    /// Of the Bundle's entry: a search, percent-encoded (FHIR R4 3.1.0.8.1).
    std::string if_none_exist = {};
};

/// One issue of an OperationOutcome.
struct Issue {
    /// Of the value set issue-type: "structure", "required", "value", "not-found", ...
    std::string code;
    /// FHIRPath of the element.
    std::string expression;
    /// Free of patient identifiers.
    std::string diagnostics;
};

/// What was sent: one ServiceRequest, or a transaction Bundle with any number of them.
struct Submission {
    bool is_bundle = false;
    std::vector<ServiceRequest> requests;
    /// Of each entry of the Bundle, which request it is.
    std::vector<std::optional<std::size_t>> entries;
    /// By what a reference says; contained ones behind the path of what holds them.
    std::map<std::string, Resource> resources;

    /// What a reference in `request` means, null where it is not among what was sent.
    [[nodiscard]] const Resource* resolve(const ServiceRequest& request,
                                          const Reference& reference) const;
};

/// Reads the JSON of a ServiceRequest or a transaction Bundle. An issue where it is no JSON, nested
/// more than 64 deep, says something twice, is another resource, or where an element is of another
/// type than FHIR says. Elements that are not named above are passed over.
[[nodiscard]] std::variant<Submission, Issue> read_submission(std::string_view json);

/// Of the code system that tells identifiers' types apart: "PLAC", "FILL", "ACSN", "MR".
[[nodiscard]] Coding identifier_type(std::string_view code);

/// A ServiceRequest as JSON; of `contained`, the references are "#" and the name. What is empty is
/// left out, and occurrence is occurrenceDateTime.
[[nodiscard]] std::string to_json(const ServiceRequest& request, const std::string& id,
                                  const std::map<std::string, Resource>& contained);

/// An OperationOutcome of one issue, as JSON. `severity`: "error" or "information".
[[nodiscard]] std::string operation_outcome(std::string_view severity, const Issue& issue);

}  // namespace lucerna::fhir
