#include "store/performed_book.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "base/log.h"
#include "dicom/message_data_set.h"
#include "dicom/tags.h"
#include "dicom/uids.h"
#include "store/matching.h"
#include "store/order_book.h"
#include "store/order_changes.h"
#include "store/order_json.h"
#include "store/parts.h"
#include "store/same_patient.h"

namespace lucerna::store {
namespace {

constexpr std::string_view kKeptAs = dicom::transfer_syntax::kExplicitVrLittleEndian;

PatientKey patient_of(const PerformedStep& step) {
    return {indexed_text(step.patient_id), indexed_text(step.issuer_of_patient_id)};
}

/// Whom a step that is kept under `patient` names in its attributes.
Person person_named_in(Bytes&& data_set, const PatientKey& patient) {
    namespace tags = dicom::tags;
    const dicom::DataSet set =
        std::move(dicom::read_message(std::move(data_set), kKeptAs).data_set);
    return {patient, set.text_or(tags::kPatientName, ""), set.text_or(tags::kPatientBirthDate, "")};
}

/// Modalities often leave out the issuer, or the ID: whose it is must be known to erase it.
void take_patient_of_order(Connection& index, const PerformedStep& step) {
    PatientKey patient = patient_of(step);
    {
        Statement find = index.prepare(
            "SELECT o.order_json FROM orders o JOIN performed_of p ON p.study_instance_uid = "
            "o.study_instance_uid WHERE p.performed = ? ORDER BY o.id");
        find.bind(step.sop_instance_uid);
        const Person named = person_named_in(Bytes(step.data_set), patient);
        Person whose;
        do {
            if (!find.step()) return;
            whose = person_of(order_from_json(find.text(0)));
        } while (are_not_one_person(named, whose));
        const PatientKey& of_order = whose.patient;
        if (patient.id.empty()) patient.id = of_order.id;
        if (!of_order.issuer.empty()) patient.issuer = of_order.issuer;
    }
    index
        .prepare(
            "UPDATE performed_steps SET patient_id = ?, issuer_of_patient_id = ? WHERE "
            "sop_instance_uid = ?")
        .bind(patient.id)
        .bind(patient.issuer)
        .bind(step.sop_instance_uid)
        .run();
}

/// What is said of a scheduled step of a study, and by whom it is performed.
struct Performance {
    Person person;
    PerformedState state;
    /// Empty: the only one.
    std::string step_id;
};

/// Where a scheduled step stands, and where it stood before it was begun.
struct Standing {
    std::string step_id;
    StepState state;
    StepState before;
};

/// Of a scheduled step of which `latest` has just been said. `before`: where it stood.
StepState state_by(const std::vector<const Performance*>& all, PerformedState latest,
                   StepState before) {
    const auto is_any = [&](PerformedState state) {
        return std::any_of(all.begin(), all.end(),
                           [&](const Performance* one) { return one->state == state; });
    };
    if (is_any(PerformedState::kInProgress)) return StepState::kStarted;
    if (is_any(PerformedState::kCompleted)) return StepState::kCompleted;
    return latest == PerformedState::kMistaken ? before : StepState::kDiscontinued;
}

std::vector<Performance> performances_of(Connection& index, const std::string& study) {
    Statement find = index.prepare(
        "SELECT p.patient_id, p.issuer_of_patient_id, p.state, f.step_id, p.data_set FROM "
        "performed_of f JOIN performed_steps p ON p.sop_instance_uid = f.performed WHERE "
        "f.study_instance_uid = ?");
    find.bind(study);
    std::vector<Performance> all;
    while (find.step()) {
        const std::string step_id = find.text(3);
        all.push_back({person_named_in(from_base64(find.text(4)), {find.text(0), find.text(1)}),
                       static_cast<PerformedState>(find.small(2)),
                       step_id.empty() ? step_id : indexed_text(step_id)});
    }
    return all;
}

/// Those steps of an order that `moved` names, by all that is performed of them. What is another
/// patient's does not count.
void move_steps_of(Connection& index, std::int64_t order, const Person& whose,
                   const std::set<std::string>& moved, const std::vector<Performance>& performances,
                   PerformedState latest) {
    std::vector<Standing> steps;
    {
        Statement find = index.prepare(
            "SELECT step_id, state, state_before FROM scheduled_steps WHERE order_id = ?");
        find.bind(order);
        while (find.step())
            steps.push_back({find.text(0), static_cast<StepState>(find.small(1)),
                             static_cast<StepState>(find.small(2))});
    }
    const bool is_only = steps.size() == 1;
    const auto names = [&](const std::string& id, const Standing& step) {
        return id.empty() ? is_only : id == step.step_id;
    };
    for (const Standing& step : steps) {
        if (!moved.contains(step.step_id) && !(is_only && moved.contains(""))) continue;
        std::vector<const Performance*> all;
        for (const Performance& one : performances)
            if (names(one.step_id, step) && !are_not_one_person(one.person, whose))
                all.push_back(&one);
        StepState before = is_performed(step.state) ? step.before : step.state;
        if (latest == PerformedState::kDiscontinued) before = StepState::kDiscontinued;
        index
            .prepare(
                "UPDATE scheduled_steps SET state = ?, state_before = ? WHERE order_id = ? AND "
                "step_id = ?")
            .bind(static_cast<int>(state_by(all, latest, before)))
            .bind(static_cast<int>(before))
            .bind(order)
            .bind(step.step_id)
            .run();
    }
}

/// Not those of another patient's order: whoever is to have it done would be off the worklist.
void move_scheduled(Connection& index, const PerformedStep& step) {
    const Person person = person_named_in(Bytes(step.data_set), patient_of(step));
    std::map<std::string, std::set<std::string>> moved;
    for (const PerformedStep::Of& of : step.of)
        moved[indexed_text(of.study_instance_uid)].insert(
            of.step_id.empty() ? of.step_id : indexed_text(of.step_id));
    for (const auto& [study, step_ids] : moved) {
        std::vector<std::pair<std::int64_t, Person>> orders;
        Statement find =
            index.prepare("SELECT id, order_json FROM orders WHERE study_instance_uid = ?");
        find.bind(study);
        while (find.step())
            orders.push_back({find.integer(0), person_of(order_from_json(find.text(1)))});
        if (orders.empty()) continue;
        const std::vector<Performance> performances = performances_of(index, study);
        for (const auto& order : orders)
            if (!are_not_one_person(person, order.second))
                move_steps_of(index, order.first, order.second, step_ids, performances, step.state);
            else
                log_event(LogLevel::kWarning, "performed-step.order-of-another-patient",
                          {{"step", step.sop_instance_uid},
                           {"study", study},
                           {"why",
                            "the step names another patient than the order of that study, "
                            "which stays on the worklist"}});
    }
}

/// As in the order, and without what else says who the patient is.
Bytes naming(const exam::Order& order, Bytes&& data_set) {
    namespace tags = dicom::tags;
    constexpr dicom::Tag kReferencedPatientSequence{0x0008, 0x1120};
    constexpr dicom::Tag kAdmissionId{0x0038, 0x0010};
    constexpr std::uint16_t kPatientGroup = 0x0010;
    dicom::DataSet set = std::move(dicom::read_message(std::move(data_set), kKeptAs).data_set);
    for (const dicom::Tag tag : set.tags())
        if (tag.group == kPatientGroup) set.remove(tag);
    for (const dicom::Tag tag : {kReferencedPatientSequence, kAdmissionId})
        if (set.has(tag)) set.set_empty(tag);
    set.set_text(tags::kPatientName, order.patient_name.reveal());
    set.set_text(tags::kPatientId, order.patient_id.reveal());
    if (!order.issuer_of_patient_id.empty())
        set.set_text(tags::kIssuerOfPatientId, order.issuer_of_patient_id);
    set.set_text(tags::kPatientBirthDate, order.patient_birth_date.reveal());
    set.set_text(tags::kPatientSex, order.patient_sex);
    return dicom::write_message(set, kKeptAs);
}

}  // namespace

PerformedBook::PerformedBook(Parts& parts) : parts_(parts) {}

bool PerformedBook::create(const PerformedStep& step) {
    bool is_new = false;
    parts_.index.write([&](Connection& index) {
        index
            .prepare(
                "INSERT INTO performed_steps (sop_instance_uid, state, revision, patient_id, "
                "issuer_of_patient_id, data_set, created_at, changed_at) VALUES (?1, ?2, 1, ?3, "
                "?4, ?5, ?6, ?6) ON CONFLICT (sop_instance_uid) DO NOTHING")
            .bind(step.sop_instance_uid)
            .bind(static_cast<int>(step.state))
            .bind(indexed_text(step.patient_id))
            .bind(indexed_text(step.issuer_of_patient_id))
            .bind(to_base64(step.data_set))
            .bind(parts_.clock.now())
            .run();
        is_new = index.changes() > 0;
        if (!is_new) return;
        for (const PerformedStep::Of& of : step.of)
            index
                .prepare(
                    "INSERT INTO performed_of (performed, study_instance_uid, step_id) VALUES (?, "
                    "?, ?)")
                .bind(step.sop_instance_uid)
                .bind(indexed_text(of.study_instance_uid))
                .bind(of.step_id)
                .run();
        take_patient_of_order(index, step);
        move_scheduled(index, step);
    });
    return is_new;
}

std::size_t PerformedBook::bytes_of(const std::string& sop_instance_uid) {
    return parts_.index.read([&](Connection& index) -> std::size_t {
        Statement find = index.prepare(
            "SELECT length(data_set) FROM performed_steps WHERE sop_instance_uid = ?");
        return find.bind(sop_instance_uid).step() ? static_cast<std::size_t>(find.integer(0)) : 0;
    });
}

std::optional<PerformedStep> PerformedBook::find(const std::string& sop_instance_uid) {
    return parts_.index.read([&](Connection& index) -> std::optional<PerformedStep> {
        PerformedStep step;
        {
            Statement find = index.prepare(
                "SELECT state, revision, patient_id, issuer_of_patient_id, data_set FROM "
                "performed_steps WHERE sop_instance_uid = ?");
            if (!find.bind(sop_instance_uid).step()) return {};
            step = {sop_instance_uid,
                    static_cast<PerformedState>(find.small(0)),
                    find.integer(1),
                    find.text(2),
                    find.text(3),
                    from_base64(find.text(4)),
                    {}};
        }
        Statement of = index.prepare(
            "SELECT study_instance_uid, step_id FROM performed_of WHERE performed = ?");
        of.bind(sop_instance_uid);
        while (of.step()) step.of.push_back({of.text(0), of.text(1)});
        return step;
    });
}

bool PerformedBook::update(const PerformedStep& step) {
    bool is_done = false;
    parts_.index.write([&](Connection& index) {
        index
            .prepare(
                "UPDATE performed_steps SET state = ?, data_set = ?, changed_at = ?, revision = "
                "revision + 1 WHERE sop_instance_uid = ? AND revision = ?")
            .bind(static_cast<int>(step.state))
            .bind(to_base64(step.data_set))
            .bind(parts_.clock.now())
            .bind(step.sop_instance_uid)
            .bind(step.revision)
            .run();
        is_done = index.changes() > 0;
        if (is_done) move_scheduled(index, step);
    });
    return is_done;
}

namespace {

struct KeptStep {
    std::string sop_instance_uid;
    PatientKey patient;
};

std::vector<KeptStep> performed_of_study(Connection& index, const std::string& study_instance_uid) {
    Statement find = index.prepare(
        "SELECT sop_instance_uid, patient_id, issuer_of_patient_id FROM performed_steps "
        "WHERE sop_instance_uid IN (SELECT performed FROM performed_of WHERE study_instance_uid = "
        "?) ORDER BY sop_instance_uid");
    find.bind(study_instance_uid);
    std::vector<KeptStep> steps;
    while (find.step()) steps.push_back({find.text(0), {find.text(1), find.text(2)}});
    return steps;
}

/// As the index has it, in Base64. One at a time: together they are as many as modalities made.
std::string data_set_of(Connection& index, const std::string& sop_instance_uid) {
    Statement find =
        index.prepare("SELECT data_set FROM performed_steps WHERE sop_instance_uid = ?");
    return find.bind(sop_instance_uid).step() ? find.text(0) : std::string();
}

/// It is performed of another order, too, which is not that patient's.
bool is_of_another_order(Connection& index, const std::string& sop_instance_uid,
                         const std::string& but_of_study, const PatientKey& patient) {
    Statement find = index.prepare(
        "SELECT o.patient_id, o.issuer_of_patient_id FROM orders o JOIN performed_of p ON "
        "p.study_instance_uid = o.study_instance_uid WHERE p.performed = ? AND "
        "p.study_instance_uid <> ?");
    find.bind(sop_instance_uid).bind(but_of_study);
    while (find.step())
        if (are_of_two_patients({find.text(0), find.text(1)}, patient)) return true;
    return false;
}

}  // namespace

void give_performed_to_patient_of(Connection& index, const exam::Order& order,
                                  const exam::Order& known, Instant now) {
    const Person after = person_of(order), before = person_of(known);
    const bool has_same_key =
        after.patient.id == before.patient.id && after.patient.issuer == before.patient.issuer;
    if (has_same_key && after.name == before.name && after.birth_date == before.birth_date) return;
    const bool is_another = are_of_two_patients(after.patient, before.patient);
    const std::string study = indexed_text(known.study_instance_uid);
    for (const KeptStep& step : performed_of_study(index, study)) {
        if (are_of_two_patients(step.patient, before.patient)) continue;
        if (!is_another && are_of_two_patients(step.patient, after.patient)) continue;
        if (is_of_another_order(index, step.sop_instance_uid, study, after.patient)) {
            log_event(
                LogLevel::kWarning, "performed-step.of-orders-of-two-patients",
                {{"step", step.sop_instance_uid},
                 {"study", known.study_instance_uid},
                 {"why", "the patient of one of its orders was corrected; it names the other's"}});
            continue;
        }
        std::string data_set = data_set_of(index, step.sop_instance_uid);
        const Person named = person_named_in(from_base64(data_set), step.patient);
        if (are_not_one_person(named, before)) continue;
        // What she is called there stays where it may still be she: her issuer has come to be
        // known, say.
        const bool is_renamed = is_another || are_named_as_two(named, after);
        if (has_same_key && !is_renamed) continue;
        if (is_renamed) data_set = to_base64(naming(order, from_base64(data_set)));
        index
            .prepare(
                "UPDATE performed_steps SET patient_id = ?, issuer_of_patient_id = ?, data_set = "
                "?, changed_at = ?, revision = revision + 1 WHERE sop_instance_uid = ?")
            .bind(after.patient.id)
            .bind(has_same_key && after.patient.issuer.empty() ? step.patient.issuer
                                                               : after.patient.issuer)
            .bind(data_set)
            .bind(now)
            .bind(step.sop_instance_uid)
            .run();
    }
}

std::size_t erase_performed_of_study(Connection& index, const std::string& study_instance_uid,
                                     const PatientKey& whose, Performed which) {
    std::size_t erased = 0;
    for (const KeptStep& step : performed_of_study(index, study_instance_uid)) {
        if (are_of_two_patients(step.patient, whose)) continue;
        if (which == Performed::kOfItAlone)
            index.prepare("DELETE FROM performed_of WHERE performed = ? AND study_instance_uid = ?")
                .bind(step.sop_instance_uid)
                .bind(study_instance_uid)
                .run();
        index
            .prepare(std::string("DELETE FROM performed_steps WHERE sop_instance_uid = ?") +
                     (which == Performed::kOfItAlone
                          ? " AND NOT EXISTS (SELECT 1 FROM performed_of o WHERE o.performed = "
                            "performed_steps.sop_instance_uid)"
                          : ""))
            .bind(step.sop_instance_uid)
            .run();
        erased += static_cast<std::size_t>(index.changes());
    }
    return erased;
}

}  // namespace lucerna::store
