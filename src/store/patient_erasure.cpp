// Erasing a patient: whose records those are, and taking them out.
#include <algorithm>
#include <iterator>
#include <set>

#include "base/error.h"
#include "store/archive.h"
#include "store/erasure.h"
#include "store/facts.h"
#include "store/matching.h"
#include "store/order_book.h"
#include "store/pace.h"
#include "store/parts.h"
#include "store/patient_filters.h"
#include "store/performed_book.h"
#include "store/same_patient.h"

namespace lucerna::store {
namespace {

/// A study in which somebody has something.
struct Found {
    std::string study_instance_uid;
    bool is_of_another = false;
};

/// A study is of one patient, and its row says of which: an object without an issuer in a study
/// that has one is that issuer's.
#define THE_STUDY_HAS_AN_ISSUER "s.patient_id = ?1 AND s.issuer_of_patient_id <> ''"

/// The key is that of the study's patient as earlier programs wrote down those whose Patient ID has
/// a line end in it: as if it were ?1 and an issuer.
std::string is_of_the_studys_longer_id(const std::string& owner) {
    const std::string begins = "'patient\n' || s.patient_id || '\n'";
    return "(length(s.patient_id) > length(?1) AND substr(" + owner + ", 1, length(" + begins +
           ")) = " + begins + ")";
}

std::vector<Found> studies_of(Connection& index, const std::string& patient_id,
                              const std::string& issuer_of_patient_id) {
    const PatientKey patient{indexed_text(patient_id), indexed_text(issuer_of_patient_id)};
    Statement find = index.prepare(
        "SELECT study_instance_uid, patient_id, issuer_of_patient_id FROM studies WHERE patient_id "
        "= ?1 AND issuer_of_patient_id = ?2 UNION SELECT s.study_instance_uid, s.patient_id, "
        "s.issuer_of_patient_id FROM data_keys k JOIN instances i ON i.data_key = k.name JOIN "
        "series e ON e.id = i.series JOIN studies s ON s.id = e.study WHERE " +
        owner_in("k") + " = ?3 AND NOT (?2 = '' AND " THE_STUDY_HAS_AN_ISSUER ") AND NOT " +
        is_of_the_studys_longer_id(owner_in("k")));
    find.bind(patient.id)
        .bind(patient.issuer)
        .bind(key_owner_of_patient(patient_id, issuer_of_patient_id));
    std::vector<Found> found;
    while (find.step())
        found.push_back({find.text(0), are_of_two_patients({find.text(1), find.text(2)}, patient)});
    return found;
}

/// What anything is kept under with this Patient ID: an issuer, or none.
std::set<std::string> issuers_of(Connection& index, const std::string& patient_id) {
    // As indexed_text gives them: the ends of what begins as the owner of her data keys.
    Statement find = index.prepare(
        "SELECT issuer_of_patient_id FROM studies WHERE patient_id = ?1 UNION "
        "SELECT issuer_of_patient_id FROM orders WHERE patient_id = ?1 UNION "
        "SELECT issuer_of_patient_id FROM performed_steps WHERE patient_id = ?1 UNION "
        "SELECT issuer_of_patient_id FROM workitems WHERE patient_id = ?1 UNION "
        "SELECT substr(owner, length(?2) + 1) FROM (SELECT " +
        owner_in("k") +
        " AS owner FROM data_keys k JOIN instances i ON i.data_key = k.name JOIN series e ON e.id "
        "= i.series JOIN studies s ON s.id = e.study WHERE NOT (" +
        owner_in("k") + " = ?2 AND " THE_STUDY_HAS_AN_ISSUER ") AND NOT " +
        is_of_the_studys_longer_id(owner_in("k")) +
        ") AS keys WHERE substr(owner, 1, length(?2)) = ?2");
    find.bind(indexed_text(patient_id)).bind(key_owner_of_patient(patient_id, ""));
    std::set<std::string> issuers;
    while (find.step()) issuers.insert(find.text(0));
    return issuers;
}

#undef THE_STUDY_HAS_AN_ISSUER

std::vector<std::string> issuers_taken(Connection& index, const std::string& patient_id,
                                       const std::string& issuer, Issuers which) {
    const std::string asked = indexed_text(issuer);
    std::set<std::string> others = issuers_of(index, patient_id);
    others.erase("");
    others.erase(asked);
    std::vector<std::string> taken{issuer};
    // As when an object comes (same_patient.h): who is known under one issuer is the same without.
    const bool is_one = asked.empty() ? others.size() == 1 : others.empty();
    if (which == Issuers::kAll || (is_one && asked.empty()))
        taken.insert(taken.end(), others.begin(), others.end());
    if (!asked.empty() && (which == Issuers::kAll || is_one)) taken.emplace_back();
    return taken;
}

std::size_t count_sealed_by_doomed(Connection& index) {
    return static_cast<std::size_t>(
        index.number("SELECT count(*) FROM instances i JOIN doomed d ON d.name = i.data_key WHERE "
                     "d.what = 'maybe-key'"));
}

/// Takes her rows out, and dooms what was sealed for them.
PatientErasure erase_rows(Connection& index, const std::string& asked_id,
                          const std::string& asked_issuer, Issuers which) {
    // As when objects come.
    const std::string patient_id(trimmed(asked_id)), issuer(trimmed(asked_issuer));
    if (patient_id.empty())
        throw Error(ErrorCode::kInvalidInput, "Patient ID (0010,0020) is empty");
    const PatientKey her{indexed_text(patient_id), indexed_text(issuer)};
    PatientErasure erased;
    erased.issuers = issuers_taken(index, patient_id, issuer, which);
    std::set<std::string> studies;
    std::set<std::string> her_own;
    for (const std::string& one : erased.issuers)
        for (const Found& found : studies_of(index, patient_id, one)) {
            studies.insert(found.study_instance_uid);
            if (!found.is_of_another) her_own.insert(found.study_instance_uid);
        }
    std::set<std::string> ordered, performed;
    for (const std::string& one : erased.issuers) {
        ordered.merge(studies_ordered_for(index, patient_id, one));
        performed.merge(studies_performed_for(index, {patient_id, one}));
    }
    performed.insert(ordered.begin(), ordered.end());
    const auto [hers, of_others] = studies_without_id(index, her, performed);
    studies.insert(hers.begin(), hers.end());
    her_own.insert(hers.begin(), hers.end());
    NamedPatient named{patient_id,
                       which == Issuers::kAll ? std::vector<std::string>() : erased.issuers};
    for (const std::string& study : her_own) add_study(index, study, named);
    for (const std::string& one : erased.issuers) {
        add_asked_for(index, {patient_id, one}, named);
        erased.beside.orders += erase_orders_of_patient(index, patient_id, one);
        erased.beside.workitems += erase_workitems_of_patient(index, patient_id, one);
    }
    // What was said without her ID of studies that only her orders name.
    for (const std::string& study : ordered) {
        if (studies.contains(study) || of_others.contains(study) ||
            is_study_of_another(index, study, her, 0))
            continue;
        erased.beside.orders += erase_performed_of_study(index, study, her, Performed::kOfItAlone);
        erased.beside.workitems += erase_workitems_of_nobody(index, study);
    }
    for (const std::string& study : studies) {
        erased.beside.orders +=
            erase_orders_of_study(index, study, her, Orders::kAll) +
            erase_performed_of_study(index, study, her, Performed::kWhateverElse);
        const ErasedStudy rows = erase_study_rows(index, study);
        erased.instances += rows.instances;
        erased.beside.orders += rows.beside.orders;
        erased.beside.workitems += rows.beside.workitems;
    }
    erased.beside.workitems += erase_workitems_naming(index, named);
    forget_what_is_of_others(index, named);
    erased.beside.subscriptions = erase_filters_of_patient(index, named);
    erased.sealed_alike = count_sealed_by_doomed(index);
    for (const std::string& one : erased.issuers)
        doom_key_of(index, key_owner_of_patient(patient_id, one));
    doom_unused_keys(index);
    erased.keys =
        static_cast<std::size_t>(index.number("SELECT count(*) FROM doomed WHERE what = 'key'"));
    erased.studies = {studies.begin(), studies.end()};
    std::set_difference(studies.begin(), studies.end(), her_own.begin(), her_own.end(),
                        std::back_inserter(erased.studies_of_others));
    return erased;
}

}  // namespace

PatientErasure Archive::erasure_of_patient(const std::string& patient_id,
                                           const std::string& issuer_of_patient_id, Issuers which) {
    const LongWork is_long;
    PatientErasure would;
    parts_.index.write([&](Connection& index) {
        index.execute("SAVEPOINT trial");
        would = erase_rows(index, patient_id, issuer_of_patient_id, which);
        std::set<std::string> left = issuers_of(index, std::string(trimmed(patient_id)));
        // What says none, and stays, is of a study that has one.
        for (const std::string& taken : would.issuers) left.erase(indexed_text(taken));
        would.issuers_left = {left.begin(), left.end()};
        index.execute("ROLLBACK TO trial; RELEASE trial");
    });
    return would;
}

std::size_t Archive::erase_patient(const std::string& patient_id,
                                   const std::string& issuer_of_patient_id, const std::string& by,
                                   Issuers which) {
    const LongWork is_long;
    PatientErasure erased;
    parts_.index.write([&](Connection& index) {
        erased = erase_rows(index, patient_id, issuer_of_patient_id, which);
        if (!erased.studies.empty() || erased.keys + erased.beside.orders +
                                               erased.beside.workitems +
                                               erased.beside.subscriptions >
                                           0)
            note_erasure(index, {"erase-patient", by, parts_.clock.now()}, erased.studies.size(),
                         erased.instances, erased.beside);
    });
    work_off_doomed(parts_);
    return erased.instances;
}

}  // namespace lucerna::store
