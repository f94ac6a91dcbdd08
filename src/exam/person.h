#pragma once

#include <array>
#include <string>

namespace lucerna::exam {

/// What tells people apart, each in a form in which two of it are equal or not the same
/// (store/same_patient.h makes it of what objects say), or hidden in one way of all of them; empty:
/// not known.
struct PersonKeys {
    std::string id;
    std::string issuer;
    std::string birth_date;
    /// In three scripts: alphabetic, ideographic, phonetic (PS3.5 6.2.1.1).
    std::array<std::string, 3> family_names;
};

/// Both IDs are known and differ, or else both issuers: what is not known is no other one.
[[nodiscard]] bool are_of_two_patients(const PersonKeys& one, const PersonKeys& other);

/// Both birth date and family name, as it is written in whichever scripts both are, are known and
/// differ.
[[nodiscard]] bool are_named_as_two(const PersonKeys& one, const PersonKeys& other);

/// By their IDs; or, where one of them has none, by both birth date and family name. One of the two
/// alone may be a slip, or a marriage.
[[nodiscard]] bool are_two_people(const PersonKeys& one, const PersonKeys& other);

/// By their IDs; or, where one of them has none, by anything that both say.
[[nodiscard]] bool may_be_two_people(const PersonKeys& one, const PersonKeys& other);

/// Anything that both say of who they are differs, so that what one says is not to be added to what
/// the other does: ID, issuer, family name or birth date.
[[nodiscard]] bool disagree(const PersonKeys& one, const PersonKeys& other);

/// By their IDs; and of one Patient ID by both birth date and family name, too, where a number or
/// an entry of a list ties them that may have been used by mistake.
[[nodiscard]] bool are_not_one_person(const PersonKeys& one, const PersonKeys& other);

}  // namespace lucerna::exam
