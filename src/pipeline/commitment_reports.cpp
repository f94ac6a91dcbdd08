#include "pipeline/commitment_reports.h"

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/error.h"
#include "base/log.h"
#include "deliver/delivery.h"
#include "dicom/dimse_status.h"
#include "dicom/event_report.h"
#include "dicom/uids.h"

namespace lucerna::pipeline {
namespace {

using nlohmann::json;
using namespace std::chrono_literals;

/// How long the requester's own association may take before a report goes out on a new one.
constexpr auto kOwnAssociation = 10min;
/// Of a requester that did not take a report.
constexpr auto kRest = 1min;
/// For the report before, to the same one.
constexpr auto kBeforeLooking = 2s;
/// It has nothing to do but to note it.
constexpr auto kToAnswer = 30s;

bool is_last_try(const store::Job& job) {
    return job.attempts >= deliver::BackoffRules().max_attempts;
}

void tell(const retrieve::CommitmentRequest& request, const store::Job& job, store::Store& store,
          const CommitmentRules& rules, dicom::ScuOptions peer) {
    const auto at_it = [&] { store.queue().extend(job, kCommitmentLease); };
    using Away = retrieve::Examination::Away;
    // "Not committed" is the last word on an object, which is kept, it may be.
    retrieve::Examination examination(request, store.archive(),
                                      is_last_try(job) ? Away::kIsFailure : Away::kIsThrown);
    examination.go_on_to_the_end(at_it);
    at_it();
    retrieve::CommitmentReport report;
    const dicom::DimseCommand response =
        dicom::send_event_report(peer, std::string(retrieve::kCommitmentClass), [&] {
            report = examination.report(rules.own_aet);
            return dicom::Question{report.command, std::move(report.data_set)};
        });
    const std::uint16_t status = response.status.value_or(dicom::status::kProcessingFailure);
    if (status != dicom::status::kSuccess)
        throw Error(ErrorCode::kUnavailable,
                    peer.called_aet + " answers the report with " + dicom::describe_status(status));
    log_event(LogLevel::kInfo, "commitment.reported",
              {{"requester", request.requester_aet},
               {"transaction", request.transaction_uid},
               {"committed", report.committed},
               {"failed", report.failed},
               {"on", "a new association"}});
}

void give_up(const store::Job& job, store::Store& store, const std::string& why) {
    log_event(LogLevel::kError, "commitment.given-up", {{"job", job.key}, {"why", why}});
    // It may name what is erased later, and nobody would look for that here.
    store.queue().drop(job);
}

}  // namespace

std::string to_json(const retrieve::CommitmentRequest& request) {
    json references = json::array();
    for (const retrieve::Reference& reference : request.references)
        references.push_back({reference.sop_class_uid, reference.sop_instance_uid});
    return json{{"requester", request.requester_aet},
                {"transaction", request.transaction_uid},
                {"references", std::move(references)}}
        .dump(-1, ' ', false, json::error_handler_t::replace);
}

retrieve::CommitmentRequest commitment_request_from_json(const std::string& text) {
    try {
        const json whole = json::parse(text);
        retrieve::CommitmentRequest request{whole.at("requester"), whole.at("transaction"), {}};
        for (const json& reference : whole.at("references"))
            request.references.push_back({reference.at(0), reference.at(1)});
        return request;
    } catch (const json::exception& error) {
        throw Error(ErrorCode::kInvalidInput, "a commitment job is malformed", error);
    }
}

std::string CommitmentJobs::accept(const retrieve::CommitmentRequest& request) {
    std::string name = dicom::new_uid();
    queue_.enqueue({kCommitmentJob, name, to_json(request), clock_.now() + kOwnAssociation});
    return name;
}

bool CommitmentJobs::can_reach(const std::string& requester_aet) const {
    return peer_of_ && peer_of_(requester_aet).has_value();
}

bool CommitmentJobs::keep_back(const std::string& name) {
    return queue_.postpone(kCommitmentJob, name, clock_.now() + kOwnAssociation);
}

void CommitmentJobs::reported(const std::string& name) {
    queue_.withdraw(kCommitmentJob, name);
}

void CommitmentJobs::report_now(const std::string& name) {
    queue_.hasten(kCommitmentJob, name);
}

bool CommitmentPeers::are_busy_with_such(const Peers& peers) {
    const auto busy = std::count_if(peers.begin(), peers.end(), [](const auto& one) {
        return one.second.is_told && one.second.did_not_take;
    });
    return static_cast<std::size_t>(busy) + 1 >= kCommitmentReporters;
}

std::optional<Instant> CommitmentPeers::begin(const std::string& aet, Instant now) {
    std::optional<Instant> from;
    peers_.change([&](auto& peers) {
        Peer& peer = peers[aet];
        // A clock that was set back delays nothing.
        if (peer.rests_until > now + kRest) peer.rests_until = {};
        if (peer.is_told || (peer.did_not_take && are_busy_with_such(peers)))
            from = now + kBeforeLooking;
        else if (peer.rests_until > now)
            from = peer.rests_until;
        else
            peer.is_told = true;
    });
    return from;
}

void CommitmentPeers::end(const std::string& aet, bool took_it, Instant now) {
    peers_.change([&](auto& peers) {
        if (took_it)
            peers.erase(aet);
        else
            peers[aet] = {false, true, now + kRest};
    });
}

void report_commitment(const store::Job& job, store::Store& store, const CommitmentRules& rules,
                       CommitmentPeers& peers, const Clock& clock, const std::stop_token& stop) {
    retrieve::CommitmentRequest request;
    try {
        request = commitment_request_from_json(job.payload);
    } catch (const Error& error) {
        return give_up(job, store, error.what());
    }
    std::optional<dicom::ScuOptions> peer =
        rules.peer_of ? rules.peer_of(request.requester_aet) : std::nullopt;
    if (!peer)
        return give_up(job, store,
                       "no destination has the AE title " + request.requester_aet +
                           ", and its own association was not open any more");
    if (const auto later = peers.begin(request.requester_aet, clock.now()))
        return store.queue().put_off(job, *later);
    // Whatever comes of it.
    struct Told {
        CommitmentPeers& peers;
        const std::string& aet;
        const Clock& clock;
        bool took_it = false;
        ~Told() { peers.end(aet, took_it, clock.now()); }
    } told{peers, request.requester_aet, clock};
    peer->stop = stop;
    peer->response_timeout = kToAnswer;
    try {
        tell(request, job, store, rules, *std::move(peer));
        told.took_it = true;
        // It may name what has been erased since it was asked for.
        store.queue().drop(job);
    } catch (const Error& error) {
        if (is_last_try(job)) return give_up(job, store, error.what());
        const auto delay = deliver::delay_after(job.attempts, deliver::BackoffRules());
        log_event(LogLevel::kWarning, "commitment.retry",
                  {{"requester", request.requester_aet},
                   {"attempt", job.attempts},
                   {"seconds", static_cast<double>(delay.count()) / 1000.0},
                   {"why", error.what()}});
        store.queue().retry(job, clock.now() + delay, error.what());
    }
}

}  // namespace lucerna::pipeline
