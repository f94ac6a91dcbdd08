#pragma once

#include <string>
#include <vector>

#include "base/parts.h"
#include "dicom/scp_exchange.h"
#include "retrieve/commitment.h"
#include "retrieve/dimse_move.h"
#include "store/archive.h"
#include "store/order_book.h"
#include "store/performed_book.h"

namespace lucerna::retrieve {

struct DimseOptions {
    /// Our application entity title: Retrieve AE Title of what is found.
    std::string own_aet = "LUCERNA";
    /// Where C-MOVE sends to; empty knows no destination.
    PeerOf peer_of = {};
    /// Where commitment requests wait; null offers no storage commitment. Borrowed.
    CommitmentOutbox* commitments = nullptr;
    /// Offer what gives out data of patients: queries and retrieval.
    bool gives_out = true;
    /// What is scheduled, for worklists; null offers none. Borrowed.
    store::OrderBook* orders = nullptr;
    /// What modalities say that they perform; null takes nothing of it. Borrowed.
    store::PerformedBook* performed = nullptr;
    /// Takes two parts: sending one object, and reading the next.
    RunParts run = one_after_another;
};

/// The services on what the archive holds, for the provider's table. `archive` is borrowed.
[[nodiscard]] std::vector<dicom::ScpService> dimse_services(store::Archive& archive,
                                                            const DimseOptions& options);

}  // namespace lucerna::retrieve
