#include "store/named_patient.h"

#include <algorithm>

#include "base/error.h"
#include "store/matching.h"
#include "store/same_patient.h"
#include "store/saying.h"
#include "store/study_accounts.h"

namespace lucerna::store {
namespace {

using SaidIn = Saying (*)(const std::string&);

/// What says a name beside studies, and how.
constexpr std::pair<const char*, SaidIn> kSaid[] = {
    {"SELECT order_json FROM orders WHERE patient_id = ? AND issuer_of_patient_id = ?",
     said_in_order},
    {"SELECT data_set FROM performed_steps WHERE patient_id = ? AND issuer_of_patient_id = ?",
     said_in_performed},
    {"SELECT dataset_json FROM workitems WHERE patient_id = ? AND issuer_of_patient_id = ?",
     said_in_workitem},
};

/// The same of a study, with whose they are.
constexpr std::pair<const char*, SaidIn> kSaidOfStudy[] = {
    {"SELECT order_json, patient_id, issuer_of_patient_id FROM orders WHERE study_instance_uid = ?",
     said_in_order},
    {"SELECT p.data_set, p.patient_id, p.issuer_of_patient_id FROM performed_steps p JOIN "
     "performed_of f ON f.performed = p.sop_instance_uid WHERE f.study_instance_uid = ?",
     said_in_performed},
    {"SELECT dataset_json, patient_id, issuer_of_patient_id FROM workitems WHERE "
     "study_instance_uid = ?1 OR instr(dataset_json, '\"' || ?1 || '\"') > 0",
     said_in_workitem},
};

void add(const std::string& text, std::set<std::string>& texts) {
    if (const std::string_view known = trimmed(text); !known.empty()) texts.emplace(known);
}

void add(const Saying& saying, NamedPatient& named) {
    if (!saying.name.empty()) named.names.emplace(saying.name, saying.birth_date);
    for (const std::string& number : saying.accession_numbers) add(number, named.accession_numbers);
    for (const std::string& id : saying.admission_ids) add(id, named.admission_ids);
}

/// Whom orders, performed steps and work items name for a study: the patient, or nobody's ID.
struct Named {
    std::vector<Person> people;
    /// Any of them is another patient.
    bool has_another = false;
};

Named named_for(Connection& index, const std::string& study, const PatientKey& patient) {
    Named named;
    for (const auto& [sql, said_in] : kSaidOfStudy) {
        Statement find = index.prepare(sql);
        find.bind(study);
        while (find.step()) {
            const PatientKey whose{find.text(1), find.text(2)};
            named.has_another = named.has_another || are_of_two_patients(whose, patient);
            try {
                const Saying saying = said_in(find.text(0));
                named.people.push_back({whose, saying.name, saying.birth_date});
            } catch (const Error&) {
                // What nobody can read names nobody.
            }
        }
    }
    return named;
}

/// One of them is another than she is who has the patient's ID, or than images say.
bool are_of_two(const std::vector<Person>& people, const Accounts& accounts) {
    return std::any_of(people.begin(), people.end(), [&](const Person& one) {
        if (one.patient.id.empty()) return false;
        return another_in(accounts, one).has_value() ||
               std::any_of(people.begin(), people.end(),
                           [&](const Person& other) { return are_two_people(one, other); });
    });
}

/// By UID, where there is anything that might name it so.
void add_parts_of_study(Connection& index, const std::string& study_instance_uid,
                        NamedPatient& named) {
    Statement inside = index.prepare(
        "SELECT e.series_instance_uid, i.sop_instance_uid FROM instances i JOIN series e ON e.id = "
        "i.series JOIN studies s ON s.id = e.study WHERE s.study_instance_uid = ? AND (EXISTS "
        "(SELECT 1 FROM worklist_subscriptions WHERE filter <> '') OR EXISTS (SELECT 1 FROM "
        "workitems WHERE patient_id = ''))");
    for (inside.bind(study_instance_uid); inside.step();) {
        named.uids.insert(inside.text(0));
        named.uids.insert(inside.text(1));
    }
}

}  // namespace

bool may_be_issued_by(const NamedPatient& named, const std::string& issuer) {
    return issuer.empty() || named.issuers.empty() ||
           std::find(named.issuers.begin(), named.issuers.end(), issuer) != named.issuers.end();
}

void add_asked_for(Connection& index, const PatientKey& patient, NamedPatient& named) {
    for (const auto& [sql, said_in] : kSaid) {
        Statement find = index.prepare(sql);
        find.bind(indexed_text(patient.id)).bind(indexed_text(patient.issuer));
        while (find.step()) try {
                add(said_in(find.text(0)), named);
            } catch (const Error&) {
                // It goes, whatever it says.
            }
    }
}

void add_study(Connection& index, const std::string& study_instance_uid, NamedPatient& named) {
    named.uids.insert(study_instance_uid);
    // As it is reported, and whatever else is said under her ID.
    Statement find = index.prepare(
        "SELECT patient_name, patient_birth_date, accession_number, '' FROM studies WHERE "
        "study_instance_uid = ?1 UNION SELECT a.patient_name, a.patient_birth_date, "
        "a.accession_number, a.issuer_of_patient_id FROM study_accounts a JOIN studies s ON s.id = "
        "a.study WHERE s.study_instance_uid = ?1 AND a.patient_id = ?2");
    for (find.bind(study_instance_uid).bind(indexed_text(named.patient_id)); find.step();)
        if (may_be_issued_by(named, find.text(3)))
            add(Saying{find.text(0), find.text(1), {find.text(2)}}, named);
    add_parts_of_study(index, study_instance_uid, named);
}

void forget_what_is_of_others(Connection& index, NamedPatient& named) {
    std::erase_if(named.accession_numbers, [&](const std::string& number) {
        Statement find = index.prepare(
            "SELECT 1 FROM study_accounts WHERE accession_number = ?1 UNION SELECT 1 FROM orders "
            "WHERE accession_number = ?1");
        return find.bind(number).step();
    });
}

AskedStudies studies_without_id(Connection& index, const PatientKey& patient,
                                const std::set<std::string>& asked) {
    AskedStudies found;
    for (const std::string& study : asked) {
        if (is_study_of_another(index, study, patient, 0)) continue;
        const Named named = named_for(index, study, patient);
        std::int64_t id = 0;
        {
            Statement find = index.prepare(
                "SELECT id FROM studies WHERE study_instance_uid = ? AND patient_id = ''");
            if (find.bind(study).step()) id = find.integer(0);
        }
        if (named.has_another ||
            are_of_two(named.people, id == 0 ? Accounts() : accounts_of(index, id)))
            found.of_others.insert(study);
        else if (id != 0)
            found.hers.insert(study);
    }
    return found;
}

std::set<std::string> studies_performed_for(Connection& index, const PatientKey& patient) {
    Statement find = index.prepare(
        "SELECT DISTINCT f.study_instance_uid FROM performed_of f JOIN performed_steps p ON "
        "p.sop_instance_uid = f.performed WHERE p.patient_id = ? AND p.issuer_of_patient_id = ?");
    find.bind(indexed_text(patient.id)).bind(indexed_text(patient.issuer));
    std::set<std::string> studies;
    while (find.step()) studies.insert(find.text(0));
    return studies;
}

}  // namespace lucerna::store
