#include "fhir/resources.h"

#include <algorithm>

#include "base/encoding.h"

namespace lucerna::fhir {

bool CodeableConcept::has(std::string_view code) const {
    return std::any_of(coding.begin(), coding.end(),
                       [&](const Coding& one) { return one.code == code; });
}

std::string CodeableConcept::words() const {
    if (!text.empty() || coding.empty()) return text;
    return coding.front().display;
}

namespace {

/// Of a Period, whose end may be a year or a month alone and is within it (FHIR R4 2.24.0.12).
bool is_over(std::string_view end, std::string_view today) {
    const std::size_t told = std::min(end.size(), today.size());
    return end.substr(0, told) < today.substr(0, told);
}

}  // namespace

bool Identifier::is_in_use(std::string_view today) const {
    return use != "old" && !is_over(period_end, today);
}

bool HumanName::is_in_use(std::string_view today) const {
    return use != "old" && !is_over(period_end, today);
}

const Resource* Submission::resolve(const ServiceRequest& request,
                                    const Reference& reference) const {
    if (reference.reference.empty()) return nullptr;
    const bool is_contained = reference.reference.starts_with('#');
    const auto found =
        resources.find((is_contained ? request.path : std::string()) + reference.reference);
    return found == resources.end() ? nullptr : &found->second;
}

std::string operation_outcome(std::string_view severity, const Issue& issue) {
    std::string json =
        "{\"resourceType\":\"OperationOutcome\",\"issue\":[{\"severity\":" + json_quoted(severity) +
        ",\"code\":" + json_quoted(issue.code);
    if (!issue.diagnostics.empty()) json += ",\"diagnostics\":" + json_quoted(issue.diagnostics);
    if (!issue.expression.empty())
        json += ",\"expression\":[" + json_quoted(issue.expression) + "]";
    return json + "}]}";
}

}  // namespace lucerna::fhir
