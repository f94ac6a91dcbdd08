#pragma once

#include <string_view>

#include "dicom/scp_exchange.h"
#include "store/performed_book.h"

namespace lucerna::retrieve {

/// Modality Performed Procedure Step, and its Retrieve (PS3.4 F.7.3, F.8.3).
constexpr std::string_view kPerformedStepClass = "1.2.840.10008.3.1.2.3.3";
constexpr std::string_view kPerformedStepRetrieve = "1.2.840.10008.3.1.2.3.4";

/// Serves N-CREATE (PS3.4 F.7.2.1); the instance gets a UID where the request gives none. What it
/// performs of what is scheduled is started with it. 0111: there is one of that UID; 0117: no UID;
/// 0213: it has more than a mebibyte, or there is no memory for it now (so for the others, too);
/// else as problem_of_creation. Logs "performed-step.created".
void answer_step_creation(dicom::ScpExchange& exchange, store::PerformedBook& book);

/// Serves N-SET (PS3.4 F.7.2.2). 0112: no such step; 0110 with Error ID A710: it has ended; else as
/// set_attributes. Logs "performed-step.set".
void answer_step_set(dicom::ScpExchange& exchange, store::PerformedBook& book);

/// Serves N-GET (PS3.4 F.8.2): the attributes named, or all. 0112: no such step; 0001: some of them
/// it has not.
void answer_step_read(dicom::ScpExchange& exchange, store::PerformedBook& book);

}  // namespace lucerna::retrieve
