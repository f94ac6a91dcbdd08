#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "store/connection.h"
#include "store/description.h"
#include "store/facts.h"
#include "store/same_patient.h"

namespace lucerna::store {

/// The attributes of patient and study, in the order of every statement that has them.
#define STUDY_TEXTS                                                                     \
    "patient_id, issuer_of_patient_id, patient_name, patient_birth_date, patient_sex, " \
    "study_date, study_time, accession_number, study_id, study_description, "           \
    "referring_physician_name, timezone_offset_from_utc"
inline constexpr std::string Facts::*kStudyTexts[] = {&Facts::patient_id,
                                                      &Facts::issuer_of_patient_id,
                                                      &Facts::patient_name,
                                                      &Facts::patient_birth_date,
                                                      &Facts::patient_sex,
                                                      &Facts::study_date,
                                                      &Facts::study_time,
                                                      &Facts::accession_number,
                                                      &Facts::study_id,
                                                      &Facts::study_description,
                                                      &Facts::referring_physician_name,
                                                      &Facts::timezone_offset_from_utc};

/// What those objects of a study say of their patient and of it that say in the same words who she
/// is: Patient ID, issuer, name and birth date. Objects are compared with each of these, since of
/// what they say together one woman may become another, attribute by attribute.
struct Account {
    Facts says;
    Description description = {};
    /// Its row in the index, 0 where it has none.
    std::int64_t id = 0;
};
using Accounts = std::vector<Account>;

/// Patient ID, issuer, name and birth date. One of them may come from the index.
[[nodiscard]] bool say_the_same_person(const Facts& one, const Facts& other);

/// Whether what was made of a study while it said `before` names somebody else than it says `now`.
/// An issuer, name or birth date that is learned of the same Patient ID names nobody else.
[[nodiscard]] bool names_another(const Facts& before, const Facts& now);

/// Puts what an object says into the account that it belongs to, made where there is none, and
/// returns that where it changed. `object`: of two, the smaller was received first. Of more
/// accounts than a patient has spellings nothing is taken.
Account* take_account(Accounts& accounts, const std::string& object, const Facts& facts);

/// What a study is searched and reported by.
struct WholeStudy {
    /// The patient of the account with a Patient ID that came first, of any where none has one; and
    /// of others, where those do not disagree with it or each other, attribute by attribute what
    /// was received first.
    Facts says;
    /// How many accounts do disagree: nothing of them is in there.
    std::size_t left_out = 0;
};
[[nodiscard]] WholeStudy whole_of(const Accounts& accounts);

/// An object that says it is of this person is of another than any of the accounts is of, or than
/// the study as a whole. Returns that one.
[[nodiscard]] std::optional<Person> another_in(const Accounts& accounts, const Person& person);

/// What an object of `known`'s study that cannot be read may have said of it, nothing of which a
/// later one gave: by the account that has something of it, or else by each that it may belong to.
/// Where any are of the patient whose data key seals it, by those (Facts::key_owner).
[[nodiscard]] std::vector<Facts> may_have_said(const Accounts& kept, const Facts& known,
                                               const std::string& object,
                                               const std::string& key_owner);

[[nodiscard]] Accounts accounts_of(Connection& index, std::int64_t study);
void save_account(Connection& index, std::int64_t study, const Account& account);
void replace_accounts(Connection& index, std::int64_t study, const Accounts& accounts);

/// Throws Error(kUnsupported) where an object's study is kept under another person: of what is
/// received, by any object of it (another_in); of a result, as a whole. So it does where there are
/// as many accounts as are taken, and it belongs to none. It names the study and neither person.
void require_same_patient(const Facts& facts, Role role, const Accounts& kept);
void require_same_patient(Connection& index, const Facts& facts, Role role);

}  // namespace lucerna::store
