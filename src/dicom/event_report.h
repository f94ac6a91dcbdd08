#pragma once

#include <functional>
#include <string>

#include "dicom/dimse_command.h"
#include "dicom/follow_ups.h"
#include "dicom/scu.h"

namespace lucerna::dicom {

/// Sends one N-EVENT-REPORT over an association of its own, on which we are the provider of its SOP
/// class (PS3.7 D.3.3.4). `report` makes it once the peer has accepted, which may take long: it is
/// of the moment at which it goes out. A peer that does not answer the role is taken to agree.
/// Returns what the peer answers. Throws as ScuAssociation and `report` do, and Error(kUnsupported)
/// where the peer does not accept the SOP class.
[[nodiscard]] DimseCommand send_event_report(const ScuOptions& options,
                                             const std::string& sop_class,
                                             const std::function<Question()>& report);

}  // namespace lucerna::dicom
