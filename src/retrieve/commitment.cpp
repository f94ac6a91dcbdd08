#include "retrieve/commitment.h"

#include <exception>
#include <memory>
#include <optional>
#include <set>
#include <utility>

#include "base/error.h"
#include "base/log.h"
#include "dicom/dimse_status.h"
#include "dicom/follow_ups.h"
#include "dicom/uids.h"
#include "retrieve/identifier.h"
#include "retrieve/object_parts.h"

namespace lucerna::retrieve {
namespace {

namespace tags = dicom::tags;
namespace status = dicom::status;

constexpr std::uint16_t kRequestCommitment = 1;
constexpr std::uint16_t kAllCommitted = 1;
constexpr std::uint16_t kSomeNotCommitted = 2;
/// A screening day is a few thousand images.
constexpr std::size_t kMostReferences = 10000;
/// Of an examination: two UIDs and a name, each in a string of its own, twice while a list grows.
constexpr std::size_t kBytesOfReference = 512;
/// Between two words that an examination goes on: as many of the largest objects take minutes.
constexpr std::size_t kObjectsBetweenWords = 16;

CommitmentRefusal invalid(dicom::Tag tag, const char* what) {
    return {status::kInvalidArgument, dicom::describe(tag) + " " + what};
}

/// Its one value; empty where there are several, of which nobody knows which is meant.
std::string only_uid(const dicom::DataSet& data_set, dicom::Tag tag) {
    return data_set.value_count(tag) == 1 ? data_set.text_or(tag, "") : std::string();
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

/// An accepted request, up to its report: examined, and kept back from the outbox as long.
class PromisedReport final : public dicom::FollowUp {
  public:
    PromisedReport(CommitmentRequest request, store::Archive& archive, std::string own_aet,
                   CommitmentOutbox& outbox)
        : request_(std::move(request)),
          examination_(request_, archive,
                       // Else no later report reaches it.
                       outbox.can_reach(request_.requester_aet) ? Examination::Away::kIsThrown
                                                                : Examination::Away::kIsFailure),
          own_aet_(std::move(own_aet)),
          outbox_(outbox) {}

    void accept() { name_ = outbox_.accept(request_); }

    bool work() override {
        if (examination_.is_time_for_a_word()) waits();
        if (!is_ours_) return false;
        examination_.go_on();
        return !examination_.is_over();
    }

    std::optional<dicom::Question> question() override {
        waits();
        if (!is_ours_) return std::nullopt;
        CommitmentReport report = examination_.report(own_aet_);
        committed_ = report.committed;
        failed_ = report.failed;
        return dicom::Question{std::move(report.command), std::move(report.data_set)};
    }

    void waits() override { is_ours_ = is_ours_ && outbox_.keep_back(name_); }

    void answered(const dicom::DimseCommand& response) override {
        if (response.status != status::kSuccess) return unanswered();
        outbox_.reported(name_);
        log_event(LogLevel::kInfo, "commitment.reported",
                  {{"requester", request_.requester_aet},
                   {"transaction", request_.transaction_uid},
                   {"committed", committed_},
                   {"failed", failed_},
                   {"on", "the same association"}});
    }

    /// The job is kept and goes out by itself, only later, where this fails.
    void unanswered() override {
        if (!is_ours_) return;
        try {
            outbox_.report_now(name_);
        } catch (const std::exception& error) {
            log_event(LogLevel::kWarning, "commitment.not-hastened",
                      {{"job", name_}, {"why", error.what()}});
        }
    }

    void failed(const std::exception& error) override {
        unanswered();
        log_event(LogLevel::kError, "commitment.not-examined",
                  {{"transaction", request_.transaction_uid}, {"why", error.what()}});
    }

  private:
    const CommitmentRequest request_;
    Examination examination_;
    const std::string own_aet_;
    CommitmentOutbox& outbox_;
    std::string name_;
    /// Nobody else has begun to report.
    bool is_ours_ = true;
    std::size_t committed_ = 0;
    std::size_t failed_ = 0;
};

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
    request.transaction_uid = only_uid(asked, tags::kTransactionUid);
    if (!dicom::is_valid_uid(request.transaction_uid))
        return invalid(tags::kTransactionUid, "is missing or no UID");
    for (const dicom::DataSet& item : asked.items(tags::kReferencedSopSequence)) {
        Reference reference{only_uid(item, tags::kReferencedSopClassUid),
                            only_uid(item, tags::kReferencedSopInstanceUid)};
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

bool Examination::is_time_for_a_word() const {
    return examined_.size() % kObjectsBetweenWords == 0;
}

Examination::Examined Examination::examined(const Reference& reference) const {
    try {
        const auto row = archive_.instance(reference.sop_instance_uid);
        if (!row) return {status::kNoSuchInstance};
        if (row->sop_class_uid != reference.sop_class_uid) return {status::kClassInstanceConflict};
        read_through(archive_, *row, 0, row->size, one_after_another);
        archive_.require_lasting(row->object, begun_);
        return {0, row->object};
    } catch (const Error& error) {
        if (error.code() == ErrorCode::kUnavailable && away_ == Away::kIsThrown) throw;
        // Erased a moment ago, or damaged.
        return {error.code() == ErrorCode::kNotFound ? status::kNoSuchInstance
                                                     : status::kProcessingFailure};
    }
}

void Examination::go_on() {
    examined_.push_back(examined(request_.references[examined_.size()]));
}

void Examination::go_on_to_the_end(const std::function<void()>& at_it) {
    while (!is_over()) {
        if (at_it && is_time_for_a_word()) at_it();
        go_on();
    }
}

CommitmentReport Examination::report(const std::string& own_aet) const {
    std::vector<std::string> whole;
    for (const Examined& one : examined_)
        if (one.failure == 0) whole.push_back(one.object);
    const std::set<std::string> kept = archive_.kept_among(whole);
    CommitmentReport report;
    report.data_set.set_text(tags::kTransactionUid, request_.transaction_uid);
    report.data_set.set_text(tags::kRetrieveAeTitle, own_aet);
    for (std::size_t i = 0; i < examined_.size(); ++i) {
        const Examined& one = examined_[i];
        const std::uint16_t failure =
            one.failure == 0 && !kept.contains(one.object) ? status::kNoSuchInstance : one.failure;
        const Reference& reference = request_.references[i];
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
    auto asked = commitment_request_from(exchange);
    if (const auto* request = std::get_if<CommitmentRequest>(&asked)) {
        const bool waits =
            exchange.has_room_afterwards(request->references.size() * kBytesOfReference);
        // It would be promised a report that nobody could give.
        if (!waits && !outbox.can_reach(request->requester_aet))
            asked = CommitmentRefusal{status::kResourceLimitation,
                                      "reports of earlier requests wait to be answered: ask again "
                                      "after that"};
    }
    if (const auto* refusal = std::get_if<CommitmentRefusal>(&asked)) {
        exchange.answer({.status = refusal->status, .comment = refusal->why});
        log_event(LogLevel::kWarning, "commitment.refused",
                  {{"association", exchange.sender().association},
                   {"requester", exchange.sender().calling_aet},
                   {"status", dicom::describe_status(refusal->status)},
                   {"why", refusal->why}});
        return;
    }
    auto promised = std::make_unique<PromisedReport>(std::get<CommitmentRequest>(std::move(asked)),
                                                     archive, own_aet, outbox);
    promised->accept();
    // Before the answer: what is accepted is reported, though the association may end with that.
    exchange.afterwards(std::move(promised));
    exchange.answer({.status = status::kSuccess});
}

}  // namespace lucerna::retrieve
