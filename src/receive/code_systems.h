#pragma once

#include <string_view>
#include <utility>

namespace lucerna::receive {

/// Code systems of FHIR by their designators in DICOM (PS3.16 8); the first of a designator is the
/// one that is given out.
inline constexpr std::pair<std::string_view, std::string_view> kCodeSystems[] = {
    {"http://dicom.nema.org/resources/ontology/DCM", "DCM"},
    {"http://snomed.info/sct", "SCT"},
    {"http://loinc.org", "LN"},
    {"http://www.radlex.org", "RADLEX"},
    {"http://radlex.org", "RADLEX"},
    {"http://hl7.org/fhir/sid/icd-10", "I10"},
    {"http://www.ama-assn.org/go/cpt", "C4"}};

}  // namespace lucerna::receive
