#include "store/same_patient.h"

#include <optional>

#include "base/error.h"
#include "store/matching.h"
#include "store/postgres_dialect.h"

namespace lucerna::store {
namespace {

/// The index may hold one of them, in the form that every back end can.
bool are_known_and_differ(const std::string& one, const std::string& other) {
    return !one.empty() && !other.empty() &&
           postgres_storable(trimmed(one)) != postgres_storable(trimmed(other));
}

PatientKey patient_of(const Facts& facts) {
    return {facts.patient_id, facts.issuer_of_patient_id};
}

}  // namespace

std::optional<PatientKey> patient_of_study(Connection& index,
                                           const std::string& study_instance_uid) {
    Statement find = index.prepare(
        "SELECT patient_id, issuer_of_patient_id FROM studies WHERE study_instance_uid = ?");
    if (!find.bind(study_instance_uid).step()) return {};
    return PatientKey{find.text(0), find.text(1)};
}

bool are_of_two_patients(const PatientKey& one, const PatientKey& other) {
    if (one.id.empty() || other.id.empty()) return false;
    return are_known_and_differ(one.id, other.id) || are_known_and_differ(one.issuer, other.issuer);
}

void require_same_patient(const Facts& facts, const PatientKey& kept) {
    if (!are_of_two_patients(patient_of(facts), kept)) return;
    const bool by_id = are_known_and_differ(facts.patient_id, kept.id);
    // What is cut off to fit an Error Comment (0000,0902) is the end.
    throw Error(ErrorCode::kUnsupported, std::string("kept under another ") +
                                             (by_id ? "Patient ID" : "Issuer of Patient ID") +
                                             ": study " + facts.study_instance_uid);
}

void require_same_patient(Connection& index, const Facts& facts) {
    if (const auto kept = patient_of_study(index, facts.study_instance_uid))
        require_same_patient(facts, *kept);
}

bool is_study_of_another(Connection& index, const std::string& study_instance_uid,
                         const PatientKey& patient, std::int64_t order) {
    Statement find = index.prepare(
        "SELECT patient_id, issuer_of_patient_id FROM studies WHERE study_instance_uid = ?1 UNION "
        "SELECT patient_id, issuer_of_patient_id FROM orders WHERE study_instance_uid = ?1 AND id "
        "<> ?2");
    find.bind(study_instance_uid).bind(order);
    while (find.step())
        if (are_of_two_patients(patient, {find.text(0), find.text(1)})) return true;
    return false;
}

}  // namespace lucerna::store
