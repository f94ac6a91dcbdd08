#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "exam/order.h"
#include "exam/person.h"
#include "store/archive.h"
#include "store/connection.h"
#include "store/facts.h"

namespace lucerna::store {

[[nodiscard]] std::optional<PatientKey> patient_of_study(Connection& index,
                                                         const std::string& study_instance_uid);
[[nodiscard]] std::optional<Person> person_of_study(Connection& index,
                                                    const std::string& study_instance_uid);

[[nodiscard]] Person person_of(const Facts& facts);
[[nodiscard]] Person person_of(const exam::Order& order);

/// What is compared of them: in the form that every back end can hold, since one of two may come
/// from the index.
[[nodiscard]] exam::PersonKeys keys_of(const PatientKey& patient);
[[nodiscard]] exam::PersonKeys keys_of(const Person& person);

// As of their keys (exam/person.h).
[[nodiscard]] bool are_of_two_patients(const PatientKey& one, const PatientKey& other);
[[nodiscard]] bool are_named_as_two(const Person& one, const Person& other);
[[nodiscard]] bool are_two_people(const Person& one, const Person& other);
[[nodiscard]] bool may_be_two_people(const Person& one, const Person& other);
[[nodiscard]] bool disagree(const Person& one, const Person& other);
[[nodiscard]] bool are_not_one_person(const Person& one, const Person& other);

/// What tells two people apart: "Patient ID", "Issuer of Patient ID", "name and birth date".
[[nodiscard]] const char* told_apart_by(const Person& one, const Person& other);

/// A study of this UID, or an order other than `order` (0: any) that names it, is another
/// patient's.
[[nodiscard]] bool is_study_of_another(Connection& index, const std::string& study_instance_uid,
                                       const PatientKey& patient, std::int64_t order);
/// By name and birth date, too.
[[nodiscard]] bool is_study_of_another(Connection& index, const std::string& study_instance_uid,
                                       const Person& person, std::int64_t order);

/// Orders name the study of an object, and all of them another patient, by Patient ID and issuer.
[[nodiscard]] bool is_ordered_for_others(Connection& index, const Facts& facts);

}  // namespace lucerna::store
