#pragma once

#include "dicom/tags.h"

namespace lucerna::retrieve::order_tags {

using dicom::Tag;

// Scheduled Procedure Step (PS3.3 C.4.10)
constexpr Tag kStepSequence{0x0040, 0x0100};
constexpr Tag kStationAeTitle{0x0040, 0x0001};
constexpr Tag kStepStartDate{0x0040, 0x0002};
constexpr Tag kStepStartTime{0x0040, 0x0003};
constexpr Tag kPerformingPhysician{0x0040, 0x0006};
constexpr Tag kStepDescription{0x0040, 0x0007};
constexpr Tag kProtocolCodeSequence{0x0040, 0x0008};
constexpr Tag kStepId{0x0040, 0x0009};
constexpr Tag kStationName{0x0040, 0x0010};
constexpr Tag kStepLocation{0x0040, 0x0011};
constexpr Tag kPreMedication{0x0040, 0x0012};
constexpr Tag kStepStatus{0x0040, 0x0020};
constexpr Tag kRequestedContrastAgent{0x0032, 0x1070};

// Performed step (PS3.3 C.4.14)
constexpr Tag kDiscontinuationReasonSequence{0x0040, 0x0281};

// Requested Procedure (PS3.3 C.4.11)
constexpr Tag kReason{0x0040, 0x1002};
constexpr Tag kPriority{0x0040, 0x1003};
constexpr Tag kTransport{0x0040, 0x1004};
constexpr Tag kProcedureComments{0x0040, 0x1400};

// Imaging Service Request (PS3.3 C.4.12)
constexpr Tag kRequestingPhysician{0x0032, 0x1032};
constexpr Tag kRequestingService{0x0032, 0x1033};
constexpr Tag kOrderPlacerSequence{0x0040, 0x0026};
constexpr Tag kOrderFillerSequence{0x0040, 0x0027};
constexpr Tag kLocalNamespaceEntityId{0x0040, 0x0031};

// Visit, patient
constexpr Tag kReferencedPatientSequence{0x0008, 0x1120};
constexpr Tag kAdmissionId{0x0038, 0x0010};
constexpr Tag kSpecialNeeds{0x0038, 0x0050};
constexpr Tag kCurrentPatientLocation{0x0038, 0x0300};
constexpr Tag kPatientState{0x0038, 0x0500};
constexpr Tag kConfidentiality{0x0040, 0x3001};
constexpr Tag kMedicalAlerts{0x0010, 0x2000};
constexpr Tag kAllergies{0x0010, 0x2110};
constexpr Tag kPregnancyStatus{0x0010, 0x21C0};

// Modality Performed Procedure Step (PS3.3 C.4.13 to C.4.15)
constexpr Tag kScheduledStepAttributesSequence{0x0040, 0x0270};
constexpr Tag kPerformedStationAeTitle{0x0040, 0x0241};
constexpr Tag kPerformedStationName{0x0040, 0x0242};
constexpr Tag kPerformedLocation{0x0040, 0x0243};
constexpr Tag kPerformedEndDate{0x0040, 0x0250};
constexpr Tag kPerformedEndTime{0x0040, 0x0251};
constexpr Tag kPerformedStatus{0x0040, 0x0252};
constexpr Tag kPerformedTypeDescription{0x0040, 0x0255};
constexpr Tag kPerformedSeriesSequence{0x0040, 0x0340};

}  // namespace lucerna::retrieve::order_tags
