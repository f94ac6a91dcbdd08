#include "retrieve/commitment.h"

#include <optional>
#include <set>

#include "base/error.h"
#include "base/log.h"
#include "dicom/dimse_status.h"
#include "dicom/uids.h"
#include "retrieve/identifier.h"

namespace lucerna::retrieve {
namespace {

namespace tags = dicom::tags;
namespace status = dicom::status;

constexpr std::uint16_t kRequestCommitment = 1;
constexpr std::uint16_t kAllCommitted = 1;
constexpr std::uint16_t kSomeNotCommitted = 2;
/// A screening day is a few thousand images.
constexpr std::size_t kMostReferences = 10000;
/// Between two words that an examination goes on: as many of the largest objects take minutes.
constexpr std::size_t kObjectsBetweenWords = 16;

CommitmentRefusal invalid(dicom::Tag tag, const char* what) {
    return {status::kInvalidArgument, dicom::describe(tag) + " " + what};
}

/// 0 where the object is kept, of that class, and whole.
std::uint16_t failure_of(const Reference& reference, store::Archive& archive) {
    try {
        const auto row = archive.instance(reference.sop_instance_uid);
        if (!row) return status::kNoSuchInstance;
        if (row->sop_class_uid != reference.sop_class_uid) return status::kClassInstanceConflict;
        (void)archive.object(reference.sop_instance_uid);
        return 0;
    } catch (const Error& error) {
        // Erased a moment ago, or damaged.
        return error.code() == ErrorCode::kNotFound ? status::kNoSuchInstance
                                                    : status::kProcessingFailure;
    }
}

/// What is wrong with the data set of the request; empty where it can be read.
std::string unreadable(dicom::ScpExchange& exchange) {
    try {
        (void)exchange.data_set();
        return {};
    } catch (const Error& error) {
        return error.what();
    }
}

/// Examines, and keeps the job back as long. Empty where the report is another's by then.
std::optional<CommitmentReport> examined(const CommitmentRequest& request, store::Archive& archive,
                                         const std::string& own_aet, CommitmentOutbox& outbox,
                                         const std::string& name) {
    bool is_ours = true;
    CommitmentReport report =
        examine(request, archive, own_aet, [&] { is_ours = is_ours && outbox.keep_back(name); });
    if (!is_ours || !outbox.keep_back(name)) return {};
    return report;
}

/// Whether the requester has taken the report on its own association.
bool is_told_at_once(dicom::ScpExchange& exchange, const CommitmentReport& report) {
    const auto response = exchange.ask(report.command, report.data_set);
    return response && response->status == status::kSuccess;
}

/// The job is kept and goes out by itself, only later, where this fails.
void hasten(CommitmentOutbox& outbox, const std::string& name) {
    try {
        outbox.report_now(name);
    } catch (const Error& error) {
        log_event(LogLevel::kWarning, "commitment.not-hastened",
                  {{"job", name}, {"why", error.what()}});
    }
}

}  // namespace

std::variant<CommitmentRequest, CommitmentRefusal> commitment_request_from(
    dicom::ScpExchange& exchange) {
    const dicom::DimseCommand& command = exchange.request();
    if (command.requested_sop_instance_uid != kCommitmentInstance)
        return CommitmentRefusal{status::kNoSuchInstance,
                                 "the SOP instance is not the well-known one"};
    if (command.action_type != kRequestCommitment)
        return CommitmentRefusal{status::kNoSuchAction, "the only action is 1"};
    if (const std::string what = unreadable(exchange); !what.empty())
        return CommitmentRefusal{status::kInvalidArgument, what};
    const dicom::DataSet& asked = exchange.data_set();
    std::set<std::string> named;
    CommitmentRequest request;
    request.requester_aet = exchange.sender().calling_aet;
    request.transaction_uid = asked.text_or(tags::kTransactionUid, "");
    if (!dicom::is_valid_uid(request.transaction_uid))
        return invalid(tags::kTransactionUid, "is missing or no UID");
    for (const dicom::DataSet& item : asked.items(tags::kReferencedSopSequence)) {
        Reference reference{item.text_or(tags::kReferencedSopClassUid, ""),
                            item.text_or(tags::kReferencedSopInstanceUid, "")};
        if (!dicom::is_valid_uid(reference.sop_class_uid) ||
            !dicom::is_valid_uid(reference.sop_instance_uid))
            return invalid(tags::kReferencedSopSequence, "has an item without valid UIDs");
        // Each is read whole to be checked: once, however often it is named.
        if (!named.insert(reference.sop_instance_uid + " " + reference.sop_class_uid).second)
            continue;
        if (request.references.size() == kMostReferences)
            return CommitmentRefusal{status::kResourceLimitation,
                                     "ask for " + std::to_string(kMostReferences) +
                                         " objects at most in one transaction"};
        request.references.push_back(std::move(reference));
    }
    if (request.references.empty()) return invalid(tags::kReferencedSopSequence, "has no item");
    return request;
}

CommitmentReport examine(const CommitmentRequest& request, store::Archive& archive,
                         const std::string& own_aet, const std::function<void()>& at_it) {
    CommitmentReport report;
    report.data_set.set_text(tags::kTransactionUid, request.transaction_uid);
    report.data_set.set_text(tags::kRetrieveAeTitle, own_aet);
    std::size_t looked_at = 0;
    for (const Reference& reference : request.references) {
        if (at_it && looked_at++ % kObjectsBetweenWords == 0) at_it();
        const std::uint16_t failure = failure_of(reference, archive);
        dicom::DataSet& item = report.data_set.add_item(failure == 0 ? tags::kReferencedSopSequence
                                                                     : tags::kFailedSopSequence);
        item.set_text(tags::kReferencedSopClassUid, reference.sop_class_uid);
        item.set_text(tags::kReferencedSopInstanceUid, reference.sop_instance_uid);
        if (failure != 0) item.set_integer(tags::kFailureReason, failure);
        ++(failure == 0 ? report.committed : report.failed);
    }
    report.command.field = dicom::command::kEventReportRequest;
    report.command.affected_sop_class_uid = kCommitmentClass;
    report.command.affected_sop_instance_uid = kCommitmentInstance;
    report.command.event_type = report.failed == 0 ? kAllCommitted : kSomeNotCommitted;
    return report;
}

void answer_commitment(dicom::ScpExchange& exchange, store::Archive& archive,
                       const std::string& own_aet, CommitmentOutbox& outbox) {
    const auto asked = commitment_request_from(exchange);
    if (const auto* refusal = std::get_if<CommitmentRefusal>(&asked)) {
        exchange.answer({.status = refusal->status, .comment = refusal->why});
        log_event(LogLevel::kWarning, "commitment.refused",
                  {{"association", exchange.sender().association},
                   {"requester", exchange.sender().calling_aet},
                   {"status", dicom::describe_status(refusal->status)},
                   {"why", refusal->why}});
        return;
    }
    const auto& request = std::get<CommitmentRequest>(asked);
    const std::string name = outbox.accept(request);
    try {
        exchange.answer({.status = status::kSuccess});
        const auto report = examined(request, archive, own_aet, outbox, name);
        if (!report) return;
        if (!is_told_at_once(exchange, *report)) return outbox.report_now(name);
        outbox.reported(name);
        log_event(LogLevel::kInfo, "commitment.reported",
                  {{"requester", request.requester_aet},
                   {"transaction", request.transaction_uid},
                   {"committed", report->committed},
                   {"failed", report->failed},
                   {"on", "the same association"}});
    } catch (const Error& error) {
        hasten(outbox, name);
        // The request has been answered: what goes wrong from here on is no answer to it.
        if (exchange.is_lost()) throw;
        log_event(LogLevel::kError, "commitment.not-examined",
                  {{"transaction", request.transaction_uid}, {"why", error.what()}});
    }
}

}  // namespace lucerna::retrieve
