// Erasing a study, or a part of one, and work items.
#include <algorithm>
#include <cstddef>
#include <functional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/log.h"
#include "store/archive.h"
#include "store/erasure.h"
#include "store/instance_rows.h"
#include "store/kept_facts.h"
#include "store/named_patient.h"
#include "store/pace.h"
#include "store/partial_erasure.h"
#include "store/parts.h"
#include "store/same_patient.h"
#include "store/unknown_objects.h"

namespace lucerna::store {
namespace {

/// With what names something in the study and is nobody else's. What it says of the patient beside
/// is hers though she has other studies.
ErasedStudy erase_study_for_good(Connection& index, const std::string& study_instance_uid) {
    const PatientKey patient = patient_of_study(index, study_instance_uid).value_or(PatientKey());
    NamedPatient named{patient.id};
    if (!patient.issuer.empty()) named.issuers = {patient.issuer};
    add_study(index, study_instance_uid, named);
    if (!patient.id.empty()) add_asked_for(index, patient, named);
    ErasedStudy erased = erase_study_rows(index, study_instance_uid);
    erased.beside.workitems += erase_workitems_naming(index, named, Hers::kByUid);
    return erased;
}

/// The data keys that seal nothing that the index knows beside what is of this study.
std::set<std::string> keys_that_may_end(Connection& index, const std::string& study_instance_uid) {
    Statement find = index.prepare(
        "SELECT k.name FROM (SELECT DISTINCT i.data_key AS name FROM instances i JOIN series e ON "
        "e.id = i.series JOIN studies s ON s.id = e.study WHERE s.study_instance_uid = ?1) k WHERE "
        "NOT EXISTS (SELECT 1 FROM instances i JOIN series e ON e.id = i.series JOIN studies s ON "
        "s.id = e.study WHERE i.data_key = k.name AND s.study_instance_uid <> ?1)");
    find.bind(study_instance_uid);
    std::set<std::string> names;
    while (find.step()) names.insert(find.text(0));
    return names;
}

/// Within one transaction that takes out rows of a study. `erase` is given the data keys that are
/// in use by others than the index knows: where it was put back, it does not know all that is kept.
/// Since all objects may be listed for that, it is done before, and only where a key may end.
void erase_rows(
    Parts& parts, const std::string& study_instance_uid,
    const std::function<void(Connection& index, const std::set<std::string>& in_use)>& erase) {
    const auto may_end = [&](Connection& index) {
        return keys_that_may_end(index, study_instance_uid);
    };
    std::set<std::string> looked_for = parts.index.read(may_end);
    for (bool is_done = false; !is_done;) {
        const auto in_use =
            looked_for.empty() ? std::set<std::string>() : keys_of_unknown(parts, looked_for);
        parts.index.write([&](Connection& index) {
            // Something of the study may have come meanwhile, or her other studies have gone.
            auto more = may_end(index);
            is_done = std::includes(looked_for.begin(), looked_for.end(), more.begin(), more.end());
            if (is_done) return erase(index, in_use);
            looked_for.merge(more);
        });
    }
}

void doom_keys(Connection& index, const std::set<std::string>& in_use) {
    if (const std::size_t stay = doom_unused_keys(index, in_use); stay > 0)
        log_event(LogLevel::kWarning, "store.key-stays",
                  {{"keys", stay},
                   {"why",
                    "objects that the index does not know are sealed by it: lucerna reindex "
                    "enters them"}});
}

}  // namespace

std::size_t Archive::erase_study(const std::string& study_instance_uid, const std::string& by,
                                 const AsSeen& as_seen) {
    const LongWork is_long;
    ErasedStudy erased;
    erase_rows(parts_, study_instance_uid, [&](Connection& index, const auto& in_use) {
        require_not_being_read(index, study_instance_uid);
        require_as_seen(index, {study_instance_uid, {}}, as_seen);
        erased = erase_study_for_good(index, study_instance_uid);
        doom_keys(index, in_use);
        if (erased.instances + erased.beside.orders + erased.beside.workitems > 0)
            note_erasure(index, {"erase-study", by, parts_.clock.now()},
                         erased.instances > 0 ? 1 : 0, erased.instances, erased.beside);
    });
    work_off_doomed(parts_);
    return erased.instances;
}

std::size_t Archive::erase_part(const StudyPart& part, const std::string& by,
                                const AsSeen& as_seen) {
    const LongWork is_long;
    const char* act = part.sop_instance_uid.empty() ? "erase-series" : "erase-instance";
    const auto describes = [&](Connection& index) { return describes_study(index, part); };
    // Before anybody has to wait for it.
    std::vector<Described> beside;
    if (parts_.index.read(describes)) beside = described_beside(parts_, *this, part);
    ErasedPart erased;
    erase_rows(parts_, part.study_instance_uid, [&](Connection& index, const auto& in_use) {
        require_not_being_read(index, part.study_instance_uid);
        require_as_seen(index, part, as_seen);
        const bool is_described_by_it = describes(index);
        erased = erase_part_rows(index, part);
        if (is_described_by_it) {
            const DescribedAnew anew = describe_anew(index, part.study_instance_uid, beside);
            if (anew == DescribedAnew::kNot)
                throw Error(ErrorCode::kConflict,
                            "objects of that study come in just now; try again in a moment");
            // They say whom it was of by what is erased now, and may still be on their way out.
            if (anew == DescribedAnew::kAsAnothers)
                erased.instances += erase_results(index, part.study_instance_uid);
        }
        doom_keys(index, in_use);
        if (erased.instances > 0)
            note_erasure(index, {act, by, parts_.clock.now()}, erased.studies, erased.instances,
                         erased.beside);
    });
    work_off_doomed(parts_);
    return erased.instances;
}

namespace {

/// What `erase` would take out beside instances.
template <typename Erase>
Beside tried(Parts& parts, Erase&& erase) {
    Beside beside;
    parts.index.write([&](Connection& index) {
        index.execute("SAVEPOINT trial");
        beside = erase(index);
        index.execute("ROLLBACK TO trial; RELEASE trial");
    });
    return beside;
}

}  // namespace

Beside Archive::beside_study(const std::string& study_instance_uid) {
    const LongWork is_long;
    return tried(parts_, [&](Connection& index) {
        return erase_study_for_good(index, study_instance_uid).beside;
    });
}

Beside Archive::erase_workitem(const std::string& sop_instance_uid, const std::string& by) {
    const LongWork is_long;
    Beside beside;
    parts_.index.write([&](Connection& index) {
        beside.workitems = store::erase_workitem(index, sop_instance_uid);
        if (beside.workitems > 0)
            note_erasure(index, {"erase-workitem", by, parts_.clock.now()}, 0, 0, beside);
    });
    work_off_doomed(parts_);
    return beside;
}

Beside Archive::erasure_of_workitem(const std::string& sop_instance_uid) {
    const LongWork is_long;
    return tried(parts_, [&](Connection& index) {
        return Beside{0, store::erase_workitem(index, sop_instance_uid)};
    });
}

}  // namespace lucerna::store
