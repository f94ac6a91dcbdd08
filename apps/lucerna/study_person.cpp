#include "study_person.h"

#include <cstdio>

#include "store/same_patient.h"

namespace lucerna {

bool StudyPerson::takes(const dicom::DataSet& head) {
    const store::Facts facts = store::study_facts_of(head);
    const bool is_another = store::another_in(accounts_, store::person_of(facts)).has_value();
    char number[24];
    std::snprintf(number, sizeof number, "%020zu", files_++);
    (void)store::take_account(accounts_, number, facts);
    return !is_another;
}

}  // namespace lucerna
