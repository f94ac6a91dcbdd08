#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>

#include "base/clock.h"
#include "base/guarded.h"
#include "retrieve/commitment.h"
#include "retrieve/dimse_move.h"
#include "store/store.h"

namespace lucerna::pipeline {

using store::kCommitmentJob;
/// How long a worker that says nothing has such a job.
inline constexpr std::chrono::minutes kCommitmentLease{30};
/// That tell at once.
inline constexpr std::size_t kCommitmentReporters = 8;

/// Payload of a kCommitmentJob: {"requester": "MODALITY", "transaction": "1.2", "references":
/// [["class", "instance"], ...]}.
[[nodiscard]] std::string to_json(const retrieve::CommitmentRequest& request);
/// Throws Error(kInvalidInput) for any other text.
[[nodiscard]] retrieve::CommitmentRequest commitment_request_from_json(const std::string& json);

/// Commitment requests as jobs of the work queue.
class CommitmentJobs final : public retrieve::CommitmentOutbox {
  public:
    /// `peer_of` as in CommitmentRules.
    CommitmentJobs(store::WorkQueue& queue, retrieve::PeerOf peer_of, const Clock& clock)
        : queue_(queue), peer_of_(std::move(peer_of)), clock_(clock) {}
    std::string accept(const retrieve::CommitmentRequest& request) override;
    bool can_reach(const std::string& requester_aet) const override;
    bool keep_back(const std::string& name) override;
    void reported(const std::string& name) override;
    void report_now(const std::string& name) override;

  private:
    store::WorkQueue& queue_;
    const retrieve::PeerOf peer_of_;
    const Clock& clock_;
};

/// Who is told, and in whose name.
struct CommitmentRules {
    retrieve::PeerOf peer_of;
    std::string own_aet = "LUCERNA";
};

/// Whom reports go to: to each one at a time, and for a while none after one that it did not take,
/// so that a requester who is away keeps others' reports back for one try at most, not for one each
/// of its own. Those who did not take their last one keep no more than all reporters but one busy,
/// however many they are. Safe from several threads.
class CommitmentPeers {
  public:
    /// Nothing where a report to it may go out now, which `end` has to follow; else from when.
    [[nodiscard]] std::optional<Instant> begin(const std::string& aet, Instant now);
    void end(const std::string& aet, bool took_it, Instant now);

  private:
    struct Peer {
        bool is_told = false;
        /// Its last one.
        bool did_not_take = false;
        Instant rests_until{};
    };
    using Peers = std::map<std::string, Peer>;
    [[nodiscard]] static bool are_busy_with_such(const Peers& peers);
    Guarded<Peers> peers_;
};

/// Carries out one leased kCommitmentJob: examines the archive anew and tells the requester on an
/// association of our own; holds the lease for as long as that takes. Put off where `peers` says
/// so. Tried again, as deliveries are, while a back end is away, for up to the last try, and until
/// the requester has taken it; given up where no
/// destination has its AE title. Nothing of what was reported or given up stays. Throws
/// Error(kConflict), nothing reported, where another has the lease by then. Logs
/// "commitment.reported", "commitment.retry", "commitment.given-up".
void report_commitment(const store::Job& job, store::Store& store, const CommitmentRules& rules,
                       CommitmentPeers& peers, const Clock& clock, const std::stop_token& stop);

}  // namespace lucerna::pipeline
