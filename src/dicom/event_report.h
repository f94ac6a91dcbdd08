#pragma once

#include "dicom/data_set.h"
#include "dicom/dimse_command.h"
#include "dicom/scu.h"

namespace lucerna::dicom {

/// Sends one N-EVENT-REPORT over an association of its own, on which we are the provider of its SOP
/// class (PS3.7 D.3.3.4). A peer that does not answer the role is taken to agree. Returns what the
/// peer answers. Throws as ScuAssociation does, and Error(kUnsupported) where the peer does not
/// accept the SOP class.
[[nodiscard]] DimseCommand send_event_report(const ScuOptions& options, DimseCommand report,
                                             const DataSet& data_set);

}  // namespace lucerna::dicom
