#include "store/same_patient.h"

#include <optional>
#include <string_view>

#include "store/matching.h"
#include "store/order_json.h"
#include "store/postgres_dialect.h"

namespace lucerna::store {
namespace {

/// The index may hold one of them, in the form that every back end can.
bool are_known_and_differ(const std::string& one, const std::string& other) {
    return !one.empty() && !other.empty() &&
           postgres_storable(trimmed(one)) != postgres_storable(trimmed(other));
}

/// Of a component group of a name (PS3.5 6.2.1.1).
std::string_view family_of(std::string_view group) {
    return trimmed(group.substr(0, group.find('^')));
}

/// As they are written in whichever scripts both of them are.
bool have_two_family_names(const std::string& one, const std::string& other) {
    const NameKeys keys = name_keys(postgres_storable(one));
    const NameKeys others = name_keys(postgres_storable(other));
    bool any_differs = false;
    for (const auto group : {&NameKeys::alphabetic, &NameKeys::ideographic, &NameKeys::phonetic}) {
        const std::string_view family = family_of(keys.*group), of_other = family_of(others.*group);
        if (family.empty() || of_other.empty()) continue;
        if (family == of_other) return false;
        any_differs = true;
    }
    return any_differs;
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

Person person_of(const Facts& facts) {
    return {{facts.patient_id, facts.issuer_of_patient_id},
            facts.patient_name,
            facts.patient_birth_date};
}

Person person_of(const exam::Order& order) {
    return {{indexed_text(order.patient_id.reveal()), indexed_text(order.issuer_of_patient_id)},
            order.patient_name.reveal(),
            order.patient_birth_date.reveal()};
}

bool are_named_as_two(const Person& one, const Person& other) {
    return are_known_and_differ(date_key(one.birth_date), date_key(other.birth_date)) &&
           have_two_family_names(one.name, other.name);
}

bool are_two_people(const Person& one, const Person& other) {
    if (!one.patient.id.empty() && !other.patient.id.empty())
        return are_of_two_patients(one.patient, other.patient);
    return are_named_as_two(one, other);
}

bool disagree(const Person& one, const Person& other) {
    return are_of_two_patients(one.patient, other.patient) ||
           are_known_and_differ(date_key(one.birth_date), date_key(other.birth_date)) ||
           have_two_family_names(one.name, other.name);
}

bool are_not_one_person(const Person& one, const Person& other) {
    return are_of_two_patients(one.patient, other.patient) || are_named_as_two(one, other);
}

bool may_be_two_people(const Person& one, const Person& other) {
    if (!one.patient.id.empty() && !other.patient.id.empty())
        return are_of_two_patients(one.patient, other.patient);
    return disagree(one, other);
}

const char* told_apart_by(const Person& one, const Person& other) {
    if (!are_of_two_patients(one.patient, other.patient)) return "name and birth date";
    return are_known_and_differ(one.patient.id, other.patient.id) ? "Patient ID"
                                                                  : "Issuer of Patient ID";
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

bool is_study_of_another(Connection& index, const std::string& study_instance_uid,
                         const Person& person, std::int64_t order) {
    if (is_study_of_another(index, study_instance_uid, person.patient, order)) return true;
    {
        Statement find = index.prepare(
            "SELECT patient_name, patient_birth_date FROM studies WHERE study_instance_uid = ?");
        if (find.bind(study_instance_uid).step() &&
            are_named_as_two(person, {{}, find.text(0), find.text(1)}))
            return true;
    }
    Statement find =
        index.prepare("SELECT order_json FROM orders WHERE study_instance_uid = ? AND id <> ?");
    find.bind(study_instance_uid).bind(order);
    while (find.step())
        if (are_named_as_two(person, person_of(order_from_json(find.text(0))))) return true;
    return false;
}

bool is_ordered_for_others(Connection& index, const Facts& facts) {
    Statement find = index.prepare(
        "SELECT patient_id, issuer_of_patient_id FROM orders WHERE study_instance_uid = ?");
    find.bind(facts.study_instance_uid);
    bool is_ordered = false;
    while (find.step()) {
        is_ordered = true;
        if (!are_of_two_patients(person_of(facts).patient, {find.text(0), find.text(1)}))
            return false;
    }
    return is_ordered;
}

}  // namespace lucerna::store
