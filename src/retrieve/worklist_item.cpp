#include <string_view>

#include "dicom/tags.h"
#include "retrieve/order_tags.h"
#include "retrieve/worklist.h"

namespace lucerna::retrieve {
namespace {

namespace tags = dicom::tags;
using dicom::DataSet;
using dicom::Tag;
using exam::CodedTerm;
using exam::Order;
using exam::ScheduledStep;

/// A Code Value is an SH; what is longer has an attribute of its own (PS3.3 8.1).
constexpr std::size_t kLongestCode = 16;

void set(DataSet& data_set, Tag tag, std::string_view text) {
    data_set.set_bytes(tag, dicom::vr_of(tag), Bytes(text.begin(), text.end()));
}

void set_code(DataSet& data_set, Tag sequence, const CodedTerm& term) {
    data_set.set_empty(sequence);
    if (term.value.empty()) return;
    DataSet& item = data_set.add_item(sequence);
    set(item, term.value.size() > kLongestCode ? tags::kLongCodeValue : tags::kCodeValue,
        term.value);
    set(item, tags::kCodingSchemeDesignator, term.scheme);
    set(item, tags::kCodeMeaning, term.meaning.empty() ? term.value : term.meaning);
}

void set_number(DataSet& data_set, Tag text, Tag sequence, const exam::OrderNumber& number) {
    set(data_set, text, number.number);
    data_set.set_empty(sequence);
    if (!number.empty() && !number.issuer.empty())
        set(data_set.add_item(sequence), order_tags::kLocalNamespaceEntityId, number.issuer);
}

void set_patient(DataSet& item, const Order& order) {
    set(item, tags::kPatientName, order.patient_name.reveal());
    set(item, tags::kPatientId, order.patient_id.reveal());
    set(item, tags::kIssuerOfPatientId, order.issuer_of_patient_id);
    set(item, tags::kPatientBirthDate, order.patient_birth_date.reveal());
    set(item, tags::kPatientSex, order.patient_sex);
    set(item, tags::kPatientWeight, "");
    set(item, order_tags::kPatientState, order.patient_state);
    set(item, order_tags::kConfidentiality, order.confidentiality);
    set(item, order_tags::kMedicalAlerts, order.medical_alerts);
    set(item, order_tags::kAllergies, "");
    set(item, order_tags::kSpecialNeeds, "");
    item.set_empty(order_tags::kPregnancyStatus);
    if (order.pregnancy_status.size() == 1)
        item.set_integer(order_tags::kPregnancyStatus, order.pregnancy_status[0] - '0');
    set(item, order_tags::kAdmissionId, order.admission_id);
    set(item, order_tags::kCurrentPatientLocation, order.patient_location);
    item.set_empty(order_tags::kReferencedPatientSequence);
}

void set_request(DataSet& item, const Order& order) {
    set(item, tags::kAccessionNumber, order.accession_number.reveal());
    set(item, tags::kReferringPhysicianName, order.referring_physician);
    set(item, order_tags::kRequestingPhysician, order.requesting_physician);
    set(item, order_tags::kRequestingService, order.requesting_service);
    set_number(item, tags::kPlacerOrderNumberImagingServiceRequest,
               order_tags::kOrderPlacerSequence, order.placer);
    set_number(item, tags::kFillerOrderNumberImagingServiceRequest,
               order_tags::kOrderFillerSequence, order.filler);
    set(item, tags::kStudyInstanceUid, order.study_instance_uid);
    set(item, tags::kRequestedProcedureId, order.requested_procedure_id);
    set(item, tags::kRequestedProcedureDescription, order.description);
    set_code(item, tags::kRequestedProcedureCodeSequence, order.procedure);
    item.set_empty(tags::kReferencedStudySequence);
    set(item, order_tags::kPriority, order.priority);
    set(item, order_tags::kReason, order.reason);
    set(item, order_tags::kTransport, order.transport);
    set(item, order_tags::kProcedureComments, order.comments);
}

void set_step(DataSet& item, const ScheduledStep& step, const std::string& any_station) {
    set(item, order_tags::kStationAeTitle,
        step.station_aet.empty() ? any_station : step.station_aet);
    set(item, order_tags::kStepStartDate, step.start_date);
    set(item, order_tags::kStepStartTime, step.start_time);
    set(item, tags::kModality, step.modality);
    set(item, order_tags::kPerformingPhysician, step.performing_physician);
    set(item, order_tags::kStepDescription, step.description);
    set_code(item, order_tags::kProtocolCodeSequence, step.protocol);
    set(item, order_tags::kStepId, step.step_id);
    set(item, order_tags::kStationName, step.station_name);
    set(item, order_tags::kStepLocation, step.location);
    set(item, order_tags::kPreMedication, "");
    set(item, order_tags::kRequestedContrastAgent, "");
}

}  // namespace

DataSet worklist_item(const store::WorklistEntry& entry, const std::string& any_station) {
    DataSet item;
    set_patient(item, entry.order);
    set_request(item, entry.order);
    DataSet& step = item.add_item(order_tags::kStepSequence);
    set_step(step, entry.step, any_station);
    set(step, order_tags::kStepStatus, store::name_of(entry.state));
    return item;
}

}  // namespace lucerna::retrieve
