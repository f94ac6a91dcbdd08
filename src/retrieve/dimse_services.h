#pragma once

#include <string>
#include <vector>

#include "dicom/scp_exchange.h"
#include "retrieve/dimse_move.h"
#include "store/archive.h"

namespace lucerna::retrieve {

struct DimseOptions {
    /// Our application entity title: Retrieve AE Title of what is found.
    std::string own_aet = "LUCERNA";
    /// Where C-MOVE sends to; empty knows no destination.
    PeerOf peer_of = {};
};

/// The services that give out what the archive holds, for the provider's table. `archive` is
/// borrowed.
[[nodiscard]] std::vector<dicom::ScpService> dimse_services(store::Archive& archive,
                                                            const DimseOptions& options);

}  // namespace lucerna::retrieve
