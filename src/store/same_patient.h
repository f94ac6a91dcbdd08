#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "exam/order.h"
#include "store/archive.h"
#include "store/connection.h"
#include "store/facts.h"

namespace lucerna::store {

[[nodiscard]] std::optional<PatientKey> patient_of_study(Connection& index,
                                                         const std::string& study_instance_uid);

/// Both IDs are known and differ, or else both issuers: what is not known is no other one.
[[nodiscard]] bool are_of_two_patients(const PatientKey& one, const PatientKey& other);

/// Who objects say that they are of.
struct Person {
    PatientKey patient;
    std::string name = {};
    std::string birth_date = {};
};
[[nodiscard]] Person person_of(const Facts& facts);
[[nodiscard]] Person person_of(const exam::Order& order);

/// Both birth date and family name are known and differ.
[[nodiscard]] bool are_named_as_two(const Person& one, const Person& other);

/// By their IDs; or, where one of them has none, by both birth date and family name. One of the two
/// alone may be a slip, or a marriage.
[[nodiscard]] bool are_two_people(const Person& one, const Person& other);

/// By their IDs; or, where one of them has none, by anything that both say.
[[nodiscard]] bool may_be_two_people(const Person& one, const Person& other);

/// What tells two people apart: "Patient ID", "Issuer of Patient ID", "name and birth date".
[[nodiscard]] const char* told_apart_by(const Person& one, const Person& other);

/// Anything that both say of who they are differs, so that what one says is not to be added to what
/// the other does: ID, issuer, family name or birth date.
[[nodiscard]] bool disagree(const Person& one, const Person& other);

/// By their IDs; and of one Patient ID by both birth date and family name, too, where a number or
/// an entry of a list ties them that may have been used by mistake.
[[nodiscard]] bool are_not_one_person(const Person& one, const Person& other);

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
