#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/parts.h"
#include "dicom/scp_exchange.h"
#include "dicom/scu.h"
#include "retrieve/identifier.h"
#include "store/archive.h"

namespace lucerna::retrieve {

/// The configured peer of an AE title; empty where there is none.
using PeerOf = std::function<std::optional<dicom::ScuOptions>(const std::string& aet)>;

/// Serves C-MOVE (PS3.4 C.4.2): sends what the identifier names to the peer that the configuration
/// has for the Move Destination, A801 where it has none. A destination that cannot be reached, or
/// is lost, fails what it does not have yet. Answers as `send_objects` says.
void answer_move(dicom::ScpExchange& exchange, store::Archive& archive, Root root,
                 const PeerOf& peer_of, const RunParts& run);

}  // namespace lucerna::retrieve
