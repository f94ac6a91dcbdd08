#pragma once

#include "base/parts.h"
#include "dicom/scp_exchange.h"
#include "retrieve/identifier.h"
#include "store/archive.h"

namespace lucerna::retrieve {

/// Serves C-GET (PS3.4 C.4.3): sends what the identifier names over the same association, on the
/// presentation contexts for which the peer took the SCP role. Answers as `send_objects` says.
void answer_get(dicom::ScpExchange& exchange, store::Archive& archive, Root root,
                const RunParts& run);

}  // namespace lucerna::retrieve
