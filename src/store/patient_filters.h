#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <vector>

#include "store/archive.h"
#include "store/connection.h"

namespace lucerna::store {

/// Adds each Patient's Name that orders, performed steps and work items of that patient have.
void add_names_asked_for(Connection& index, const PatientKey& patient,
                         std::set<std::string>& names);
/// The same of a study.
void add_names_of_study(Connection& index, const std::string& study_instance_uid,
                        std::set<std::string>& names);

/// Whom a filter may name.
struct NamedPatient {
    std::string patient_id;
    /// A filter of another issuer is of another patient; none of these: of hers, whatever it says.
    std::vector<std::string> issuers;
    std::set<std::string> names;
};

/// Ends the subscriptions to work items to come whose filter has her Patient ID among its values,
/// or her name or family name as a value of group 0010, or a pattern that they meet and that spells
/// more than half of them. Returns how many.
std::size_t erase_filters_of_patient(Connection& index, const NamedPatient& patient);

}  // namespace lucerna::store
