#include "store/same_patient.h"

#include <optional>
#include <string_view>

#include "store/matching.h"
#include "store/order_json.h"
#include "store/postgres_dialect.h"

namespace lucerna::store {
namespace {

std::string kept_form(std::string_view text) {
    return postgres_storable(trimmed(text));
}

/// Of a component group of a name (PS3.5 6.2.1.1).
std::string family_of(std::string_view group) {
    return std::string(trimmed(group.substr(0, group.find('^'))));
}

}  // namespace

std::optional<PatientKey> patient_of_study(Connection& index,
                                           const std::string& study_instance_uid) {
    Statement find = index.prepare(
        "SELECT patient_id, issuer_of_patient_id FROM studies WHERE study_instance_uid = ?");
    if (!find.bind(study_instance_uid).step()) return {};
    return PatientKey{find.text(0), find.text(1)};
}

std::optional<Person> person_of_study(Connection& index, const std::string& study_instance_uid) {
    Statement find = index.prepare(
        "SELECT patient_id, issuer_of_patient_id, patient_name, patient_birth_date FROM studies "
        "WHERE study_instance_uid = ?");
    if (!find.bind(study_instance_uid).step()) return {};
    return Person{{find.text(0), find.text(1)}, find.text(2), find.text(3)};
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

exam::PersonKeys keys_of(const PatientKey& patient) {
    exam::PersonKeys keys;
    keys.id = kept_form(patient.id);
    keys.issuer = kept_form(patient.issuer);
    return keys;
}

exam::PersonKeys keys_of(const Person& person) {
    exam::PersonKeys keys = keys_of(person.patient);
    keys.birth_date = date_key(person.birth_date);
    const NameKeys name = name_keys(postgres_storable(person.name));
    keys.family_names = {family_of(name.alphabetic), family_of(name.ideographic),
                         family_of(name.phonetic)};
    return keys;
}

bool are_of_two_patients(const PatientKey& one, const PatientKey& other) {
    return exam::are_of_two_patients(keys_of(one), keys_of(other));
}

bool are_named_as_two(const Person& one, const Person& other) {
    return exam::are_named_as_two(keys_of(one), keys_of(other));
}

bool are_two_people(const Person& one, const Person& other) {
    return exam::are_two_people(keys_of(one), keys_of(other));
}

bool may_be_two_people(const Person& one, const Person& other) {
    return exam::may_be_two_people(keys_of(one), keys_of(other));
}

bool disagree(const Person& one, const Person& other) {
    return exam::disagree(keys_of(one), keys_of(other));
}

bool are_not_one_person(const Person& one, const Person& other) {
    return exam::are_not_one_person(keys_of(one), keys_of(other));
}

const char* told_apart_by(const Person& one, const Person& other) {
    if (!are_of_two_patients(one.patient, other.patient)) return "name and birth date";
    return kept_form(one.patient.id) != kept_form(other.patient.id) ? "Patient ID"
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
