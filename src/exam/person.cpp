#include "exam/person.h"

#include <cstddef>

namespace lucerna::exam {
namespace {

bool are_known_and_differ(const std::string& one, const std::string& other) {
    return !one.empty() && !other.empty() && one != other;
}

bool have_two_family_names(const PersonKeys& one, const PersonKeys& other) {
    bool any_differs = false;
    for (std::size_t script = 0; script < one.family_names.size(); ++script) {
        const std::string& family = one.family_names[script];
        const std::string& of_other = other.family_names[script];
        if (family.empty() || of_other.empty()) continue;
        if (family == of_other) return false;
        any_differs = true;
    }
    return any_differs;
}

}  // namespace

bool are_of_two_patients(const PersonKeys& one, const PersonKeys& other) {
    if (one.id.empty() || other.id.empty()) return false;
    return one.id != other.id || are_known_and_differ(one.issuer, other.issuer);
}

bool are_named_as_two(const PersonKeys& one, const PersonKeys& other) {
    return are_known_and_differ(one.birth_date, other.birth_date) &&
           have_two_family_names(one, other);
}

bool are_two_people(const PersonKeys& one, const PersonKeys& other) {
    if (!one.id.empty() && !other.id.empty()) return are_of_two_patients(one, other);
    return are_named_as_two(one, other);
}

bool may_be_two_people(const PersonKeys& one, const PersonKeys& other) {
    if (!one.id.empty() && !other.id.empty()) return are_of_two_patients(one, other);
    return disagree(one, other);
}

bool disagree(const PersonKeys& one, const PersonKeys& other) {
    return are_of_two_patients(one, other) ||
           are_known_and_differ(one.birth_date, other.birth_date) ||
           have_two_family_names(one, other);
}

bool are_not_one_person(const PersonKeys& one, const PersonKeys& other) {
    return are_of_two_patients(one, other) || are_named_as_two(one, other);
}

}  // namespace lucerna::exam
