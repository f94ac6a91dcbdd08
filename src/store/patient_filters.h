#pragma once

#include <cstddef>

#include "store/connection.h"
#include "store/named_patient.h"

namespace lucerna::store {

/// Ends the subscriptions to work items to come whose filter has her Patient ID among its values,
/// or her name or family name as a value of group 0010, or an accession number or admission of
/// hers, or a pattern that these meet and that spells more than half of them, or has her whole ID;
/// or the UID of a study of hers or of what is in it. Returns how many.
std::size_t erase_filters_of_patient(Connection& index, const NamedPatient& patient);

}  // namespace lucerna::store
