#include "store/performed_book.h"

#include <utility>
#include <vector>

#include "base/log.h"
#include "store/matching.h"
#include "store/order_book.h"
#include "store/parts.h"
#include "store/same_patient.h"

namespace lucerna::store {
namespace {

StepState step_state_of(PerformedState state) {
    switch (state) {
        case PerformedState::kInProgress:
            return StepState::kStarted;
        case PerformedState::kCompleted:
            return StepState::kCompleted;
        case PerformedState::kDiscontinued:
            break;
    }
    return StepState::kDiscontinued;
}

/// A step of which one performance was completed stays so when another is discontinued.
void move_scheduled_of(Connection& index, std::int64_t order, const std::string& step_id,
                       PerformedState state) {
    index
        .prepare(
            "UPDATE scheduled_steps SET state = ?1 WHERE NOT (state = ?2 AND ?1 = ?3) AND order_id "
            "= ?4 AND (step_id = ?5 OR (?5 = '' AND (SELECT count(*) FROM scheduled_steps u WHERE "
            "u.order_id = ?4) = 1))")
        .bind(static_cast<int>(step_state_of(state)))
        .bind(static_cast<int>(StepState::kCompleted))
        .bind(static_cast<int>(StepState::kDiscontinued))
        .bind(order)
        .bind(indexed_text(step_id))
        .run();
}

PatientKey patient_of(const PerformedStep& step) {
    return {indexed_text(step.patient_id), indexed_text(step.issuer_of_patient_id)};
}

/// Modalities often leave out the issuer, or the ID: whose it is must be known to erase it.
void take_patient_of_order(Connection& index, const PerformedStep& step) {
    PatientKey patient = patient_of(step);
    {
        Statement find = index.prepare(
            "SELECT o.patient_id, o.issuer_of_patient_id FROM orders o JOIN performed_of p ON "
            "p.study_instance_uid = o.study_instance_uid WHERE p.performed = ? ORDER BY o.id");
        find.bind(step.sop_instance_uid);
        PatientKey of_order;
        do {
            if (!find.step()) return;
            of_order = {find.text(0), find.text(1)};
        } while (are_of_two_patients(patient, of_order));
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

/// Not those of another patient's order: whoever is to have it done would be off the worklist.
void move_scheduled(Connection& index, const PerformedStep& step) {
    const PatientKey patient = patient_of(step);
    for (const PerformedStep::Of& of : step.of) {
        std::vector<std::pair<std::int64_t, PatientKey>> orders;
        Statement find = index.prepare(
            "SELECT id, patient_id, issuer_of_patient_id FROM orders WHERE study_instance_uid = ?");
        find.bind(indexed_text(of.study_instance_uid));
        while (find.step()) orders.push_back({find.integer(0), {find.text(1), find.text(2)}});
        for (const auto& [order, whose] : orders)
            if (!are_of_two_patients(patient, whose))
                move_scheduled_of(index, order, of.step_id, step.state);
            else
                log_event(LogLevel::kWarning, "performed-step.order-of-another-patient",
                          {{"step", step.sop_instance_uid},
                           {"study", of.study_instance_uid},
                           {"why",
                            "the step names another patient than the order of that study, "
                            "which stays on the worklist"}});
    }
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

}  // namespace lucerna::store
