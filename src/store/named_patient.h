#pragma once

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "store/archive.h"
#include "store/connection.h"

namespace lucerna::store {

/// By what an erased patient is named where it does not say whose it is: in filters, and in work
/// items without a Patient ID.
struct NamedPatient {
    std::string patient_id = {};
    /// What names another issuer is of another patient; none of these: hers, whatever it says.
    std::vector<std::string> issuers = {};
    /// With the birth date that is said with it, which may be empty.
    std::set<std::pair<std::string, std::string>> names = {};
    std::set<std::string> accession_numbers = {};
    std::set<std::string> admission_ids = {};
    /// Of her studies and what is in them.
    std::set<std::string> uids = {};
};

/// With this issuer, or none, her Patient ID is hers.
[[nodiscard]] bool may_be_issued_by(const NamedPatient& named, const std::string& issuer);

/// Adds what orders, performed steps and work items of that patient say.
void add_asked_for(Connection& index, const PatientKey& patient, NamedPatient& named);
/// The same of a study.
void add_study(Connection& index, const std::string& study_instance_uid, NamedPatient& named);
/// Once what is hers is out: an accession number that is still there is another one's as well.
void forget_what_is_of_others(Connection& index, NamedPatient& named);

/// What makes a work item hers: any mark of hers, or only the UID of something in a study of hers.
enum class Hers { kByAny, kByUid };

/// Takes out the work items that say no Patient ID, and something that is hers alone: an ID among
/// Other Patient IDs, an accession number, an admission, the UID of something in a study of hers,
/// or name and birth date both. One stays that says anything of another's as well (such a mark that
/// somebody else has and she has not, a study or something in one), or that differs from what is
/// said of her in both birth date and family name. Once what is hers is out: what is left is
/// others'. Returns how many.
std::size_t erase_workitems_naming(Connection& index, const NamedPatient& named,
                                   Hers which = Hers::kByAny);

/// Of the studies that her orders or performed steps name and that are not kept or ordered as
/// another patient's.
struct AskedStudies {
    /// Without a Patient ID, by which they are hers.
    std::set<std::string> hers;
    /// But for a performed step or work item of another patient that names it, or for birth date
    /// and family name, which both differ among those without an ID and hers.
    std::set<std::string> of_others;
};
[[nodiscard]] AskedStudies studies_without_id(Connection& index, const PatientKey& patient,
                                              const std::set<std::string>& asked);

/// The studies that performed steps of a patient name.
[[nodiscard]] std::set<std::string> studies_performed_for(Connection& index,
                                                          const PatientKey& patient);

}  // namespace lucerna::store
