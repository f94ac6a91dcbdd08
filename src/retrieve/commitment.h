#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "dicom/data_set.h"
#include "dicom/dimse_command.h"
#include "dicom/scp_exchange.h"
#include "store/archive.h"

namespace lucerna::retrieve {

/// Storage Commitment Push Model (PS3.4 J.3.1).
constexpr std::string_view kCommitmentClass = "1.2.840.10008.1.20.1";
constexpr std::string_view kCommitmentInstance = "1.2.840.10008.1.20.1.1";

/// An object that somebody wants to know to be kept.
struct Reference {
    std::string sop_class_uid;
    std::string sop_instance_uid;
    friend bool operator==(const Reference&, const Reference&) = default;
};

/// A request for commitment (PS3.4 J.3.2), and who is to be told.
struct CommitmentRequest {
    std::string requester_aet;
    std::string transaction_uid;
    std::vector<Reference> references;
    friend bool operator==(const CommitmentRequest&, const CommitmentRequest&) = default;
};

struct CommitmentRefusal {
    std::uint16_t status = 0;
    std::string why;
};

/// What an N-ACTION asks for; 0112 for another instance than the well-known one, 0123 for another
/// action than 1, 0115 for a transaction or reference that has no valid UID, or no reference.
[[nodiscard]] std::variant<CommitmentRequest, CommitmentRefusal> commitment_request_from(
    dicom::ScpExchange& exchange);

/// The N-EVENT-REPORT (PS3.4 J.3.3) that answers it.
struct CommitmentReport {
    dicom::DimseCommand command;
    dicom::DataSet data_set;
    std::size_t committed = 0;
    std::size_t failed = 0;
};

/// Reads the objects referred to one by one, every byte checked: what is reported as committed was
/// on the device and whole, and has not been erased since, whatever came in its place. Failure
/// Reason: 0112 not kept, 0119 kept as of another class, 0110 damaged or not readable, for another
/// program either. All may take hours.
class Examination {
  public:
    /// What comes of an object that cannot be read as a back end is away: 0110, or `go_on` throws
    /// Error(kUnavailable), since the object may be whole.
    enum class Away { kIsFailure, kIsThrown };
    /// Both are borrowed.
    Examination(const CommitmentRequest& request, store::Archive& archive,
                Away away = Away::kIsFailure)
        : request_(request), archive_(archive), away_(away), begun_(archive.now()) {}
    [[nodiscard]] bool is_over() const { return examined_.size() == request_.references.size(); }
    /// Before every sixteenth object, for whoever waits to hear that it goes on.
    [[nodiscard]] bool is_time_for_a_word() const;
    /// Reads the next object; there must be one.
    void go_on();
    /// Reads all that are left. Says that it is `at_it` when it is time for a word; what that
    /// throws ends it.
    void go_on_to_the_end(const std::function<void()>& at_it = {});
    /// Of what has been read, and is kept at this moment: to be given at once.
    [[nodiscard]] CommitmentReport report(const std::string& own_aet) const;

  private:
    const CommitmentRequest& request_;
    store::Archive& archive_;
    const Away away_;
    const Instant begun_;
    struct Examined {
        /// 0 for what is whole.
        std::uint16_t failure = 0;
        /// What was read (InstanceRow::object).
        std::string object = {};
    };
    [[nodiscard]] Examined examined(const Reference& reference) const;

    std::vector<Examined> examined_;
};

/// Where accepted requests wait for their report, so that none is forgotten, whatever is erased
/// meanwhile.
class CommitmentOutbox {
  public:
    virtual ~CommitmentOutbox() = default;
    /// Durable on return. Reported from there in some minutes, if nothing else is heard. Returns
    /// the request's name.
    [[nodiscard]] virtual std::string accept(const CommitmentRequest& request) = 0;
    /// A report can be given to that requester on a new association.
    [[nodiscard]] virtual bool can_reach(const std::string& requester_aet) const = 0;
    /// Its report is still being made, and will be for some minutes. False where somebody else
    /// has begun to give it.
    [[nodiscard]] virtual bool keep_back(const std::string& name) = 0;
    /// The requester has its report.
    virtual void reported(const std::string& name) = 0;
    /// The requester could not be told on its own association: to be reported now, on a new one.
    virtual void report_now(const std::string& name) = 0;
};

/// Serves N-ACTION: accepts the request, or refuses it (0213) where there is no room for another
/// one on its association and its requester cannot be reached on a new one. What it refers to is
/// examined afterwards, while the association has nothing else to do, and reported on it if it
/// stays open, else by the outbox. Logs "commitment.refused", "commitment.reported",
/// "commitment.not-examined".
void answer_commitment(dicom::ScpExchange& exchange, store::Archive& archive,
                       const std::string& own_aet, CommitmentOutbox& outbox);

}  // namespace lucerna::retrieve
