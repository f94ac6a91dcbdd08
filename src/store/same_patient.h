#pragma once

#include <cstdint>
#include <optional>
#include <string>

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

/// By their IDs; or, where one of them has none, by both birth date and family name. One of the two
/// alone may be a slip, or a marriage.
[[nodiscard]] bool are_two_people(const Person& one, const Person& other);

/// Throws Error(kUnsupported) where an object's study is kept under another person, `kept`. It
/// names the study and neither person.
void require_same_patient(const Facts& facts, const Person& kept);
void require_same_patient(Connection& index, const Facts& facts);

/// A study of this UID, or an order other than `order` (0: any) that names it, is another
/// patient's.
[[nodiscard]] bool is_study_of_another(Connection& index, const std::string& study_instance_uid,
                                       const PatientKey& patient, std::int64_t order);

}  // namespace lucerna::store
