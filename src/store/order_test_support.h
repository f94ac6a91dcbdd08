#pragma once

#include <span>
#include <stdexcept>
#include <string>
#include <variant>
#include <vector>

#include "dicom/message_data_set.h"
#include "dicom/tags.h"
#include "dicom/uids.h"
#include "store/store_test_support.h"

namespace lucerna::store {

using exam::Order;
using exam::OrderAction;
using exam::OrderFate;

inline Order order_of(const std::string& placer, const std::string& date = "20260302") {
    Order order;
    order.placer = {placer, "EHR"};
    order.patient_id = PatientId("P1");
    order.patient_name = PatientName("Doe^Jane");
    order.patient_birth_date = BirthDate("19700101");
    order.accession_number = AccessionNumber("A-" + placer);
    order.description = "Screening";
    order.procedure = {"SCR", "99X", "Screening"};
    exam::ScheduledStep step;
    step.modality = "MG";
    step.start_date = date;
    step.start_time = "0930";
    order.steps.push_back(step);
    return order;
}

inline exam::OrderOutcome only(const exam::OrderOutcomes& outcomes) {
    const auto* all = std::get_if<std::vector<exam::OrderOutcome>>(&outcomes);
    if (all == nullptr || all->size() != 1) throw std::runtime_error("refused");
    return all->front();
}
inline exam::OrderOutcome place(TestStore& store, const Order& order) {
    const exam::OrderRequest request{OrderAction::kPlace, order};
    return only(store.orders().take(std::span(&request, 1)));
}
inline exam::OrderOutcomes changed(TestStore& store, const Order& order) {
    const exam::OrderRequest request{OrderAction::kChange, order};
    return store.orders().take(std::span(&request, 1));
}
inline exam::OrderOutcomes cancelled(TestStore& store, const Order& order) {
    const exam::OrderRequest request{OrderAction::kCancel, order};
    return store.orders().take(std::span(&request, 1));
}
inline ErrorCode refusal(const exam::OrderOutcomes& outcomes) {
    return std::get<exam::OrderRefusal>(outcomes).code;
}

inline std::vector<WorklistEntry> listed(TestStore& store, const WorklistFilter& filter = {}) {
    std::vector<WorklistEntry> entries;
    store.orders().for_each_step(filter, [&](const WorklistEntry& entry) {
        entries.push_back(entry);
        return true;
    });
    return entries;
}
inline std::vector<std::string> accessions(TestStore& store, const WorklistFilter& filter = {}) {
    std::vector<std::string> numbers;
    for (const WorklistEntry& entry : listed(store, filter))
        numbers.push_back(entry.order.accession_number.reveal());
    return numbers;
}

/// Attributes of a performed step.
inline Bytes naming(const std::string& patient_name, const std::string& birth_date) {
    dicom::DataSet attributes;
    attributes.set_text(dicom::tags::kPatientName, patient_name);
    attributes.set_text(dicom::tags::kPatientBirthDate, birth_date);
    return dicom::write_message(attributes, dicom::transfer_syntax::kExplicitVrLittleEndian);
}
inline PerformedStep performed_of(const std::string& study, const std::string& step) {
    PerformedStep performed;
    performed.sop_instance_uid = "1.2.3";
    performed.patient_id = "P1";
    performed.data_set = naming("Doe^Jane", "19700101");
    performed.of = {{study, step}};
    return performed;
}

}  // namespace lucerna::store
