// Erasing a patient: whose records those are, and taking them out.
#include <algorithm>
#include <set>

#include "base/error.h"
#include "store/archive.h"
#include "store/erasure.h"
#include "store/facts.h"
#include "store/matching.h"
#include "store/parts.h"

namespace lucerna::store {
namespace {

std::vector<std::string> studies_of(Connection& index, const std::string& patient_id,
                                    const std::string& issuer_of_patient_id) {
    std::vector<std::string> studies;
    Statement find = index.prepare(
        "SELECT study_instance_uid FROM studies WHERE patient_id = ?1 AND issuer_of_patient_id = "
        "?2 UNION SELECT s.study_instance_uid FROM data_keys k JOIN instances i ON i.data_key = "
        "k.name JOIN series e ON e.id = i.series JOIN studies s ON s.id = e.study WHERE k.owner = "
        "?3");
    find.bind(indexed_text(patient_id))
        .bind(indexed_text(issuer_of_patient_id))
        .bind(key_owner_of_patient(patient_id, issuer_of_patient_id));
    while (find.step()) studies.push_back(find.text(0));
    return studies;
}

/// What anything is kept under with this Patient ID: an issuer, or none.
std::set<std::string> issuers_of(Connection& index, const std::string& patient_id) {
    const std::string owner = key_owner_of_patient(patient_id, "");
    // As indexed_text gives them: the ends of what begins as the owner of her data keys.
    Statement find = index.prepare(
        "SELECT issuer_of_patient_id FROM studies WHERE patient_id = ?1 UNION "
        "SELECT issuer_of_patient_id FROM orders WHERE patient_id = ?1 UNION "
        "SELECT issuer_of_patient_id FROM performed_steps WHERE patient_id = ?1 UNION "
        "SELECT issuer_of_patient_id FROM workitems WHERE patient_id = ?1 UNION "
        "SELECT substr(owner, length(?2) + 1) FROM data_keys WHERE substr(owner, 1, length(?2)) = "
        "?2");
    find.bind(indexed_text(patient_id)).bind(owner);
    std::set<std::string> issuers;
    while (find.step()) issuers.insert(find.text(0));
    return issuers;
}

PatientIssuers chosen_of(Connection& index, const std::string& patient_id,
                         const std::string& issuer, Issuers which) {
    const std::set<std::string> known = issuers_of(index, patient_id);
    const std::string asked = indexed_text(issuer);
    std::set<std::string> others(known);
    others.erase("");
    others.erase(asked);
    PatientIssuers chosen;
    chosen.taken.push_back(issuer);
    // As when an object comes (same_patient.h): who is known under one issuer is the same without.
    const bool is_one = asked.empty() ? others.size() == 1 : others.empty();
    if (which == Issuers::kAll || (is_one && asked.empty())) {
        chosen.taken.insert(chosen.taken.end(), others.begin(), others.end());
        others.clear();
    }
    if (!asked.empty() && (which == Issuers::kAll || is_one))
        chosen.taken.emplace_back();
    else if (!asked.empty() && known.contains(""))
        chosen.left.emplace_back();
    chosen.left.insert(chosen.left.end(), others.begin(), others.end());
    return chosen;
}

std::vector<std::string> studies_of(Connection& index, const std::string& patient_id,
                                    const PatientIssuers& issuers) {
    std::set<std::string> studies;
    for (const std::string& issuer : issuers.taken)
        for (const std::string& study : studies_of(index, patient_id, issuer))
            studies.insert(study);
    return {studies.begin(), studies.end()};
}

}  // namespace

PatientIssuers Archive::issuers_of_patient(const std::string& patient_id,
                                           const std::string& issuer_of_patient_id, Issuers which) {
    return parts_.index.read([&](Connection& index) {
        return chosen_of(index, patient_id, issuer_of_patient_id, which);
    });
}

std::vector<std::string> Archive::studies_of_patient(const std::string& patient_id,
                                                     const std::string& issuer_of_patient_id,
                                                     Issuers which) {
    return parts_.index.read([&](Connection& index) {
        return studies_of(index, patient_id,
                          chosen_of(index, patient_id, issuer_of_patient_id, which));
    });
}

Beside Archive::beside_patient(const std::string& patient_id,
                               const std::string& issuer_of_patient_id, Issuers which) {
    return parts_.index.read([&](Connection& index) -> Beside {
        const PatientIssuers issuers = chosen_of(index, patient_id, issuer_of_patient_id, which);
        Beside beside;
        for (const std::string& issuer : issuers.taken) {
            beside.orders += count_orders_of_patient(index, patient_id, issuer);
            beside.workitems += count_workitems_of_patient(index, patient_id, issuer);
        }
        for (const std::string& study : studies_of(index, patient_id, issuers))
            beside.workitems += count_workitems_of_study(index, study);
        return beside;
    });
}

std::size_t Archive::erase_patient(const std::string& patient_id,
                                   const std::string& issuer_of_patient_id, const std::string& by,
                                   Issuers which) {
    if (patient_id.empty())
        throw Error(ErrorCode::kInvalidInput, "Patient ID (0010,0020) is empty");
    std::size_t instances = 0;
    parts_.index.write([&](Connection& index) {
        instances = 0;
        const PatientIssuers issuers = chosen_of(index, patient_id, issuer_of_patient_id, which);
        const std::vector<std::string> studies = studies_of(index, patient_id, issuers);
        Beside beside;
        for (const std::string& issuer : issuers.taken) {
            beside.orders += erase_orders_of_patient(index, patient_id, issuer);
            beside.workitems += erase_workitems_of_patient(index, patient_id, issuer);
        }
        for (const std::string& study : studies) {
            beside.workitems += erase_workitems_of_study(index, study);
            instances += erase_study_rows(index, study);
            index.prepare("DELETE FROM orders WHERE study_instance_uid = ?").bind(study).run();
        }
        for (const std::string& issuer : issuers.taken)
            doom_key_of(index, key_owner_of_patient(patient_id, issuer));
        doom_unused_keys(index);
        if (!studies.empty() || beside.orders + beside.workitems > 0)
            note_erasure(index, {"erase-patient", by, parts_.clock.now()}, studies.size(),
                         instances, beside);
    });
    work_off_doomed(parts_);
    return instances;
}

}  // namespace lucerna::store
