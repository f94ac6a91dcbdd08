#include "pipeline/server.h"

#include <algorithm>
#include <functional>
#include <limits>
#include <thread>
#include <utility>

#include "base/answer_due.h"
#include "base/error.h"
#include "base/log.h"
#include "pipeline/commitment_reports.h"
#include "pipeline/parallel.h"
#include "pipeline/ports.h"
#include "pipeline/workers.h"
#include "prepare/steps.h"
#include "receive/dimse_receiver.h"
#include "receive/fhir_orders.h"
#include "receive/hl7_orders.h"
#include "receive/stow.h"
#include "retrieve/capabilities.h"
#include "retrieve/deletion.h"
#include "retrieve/dimse_services.h"
#include "retrieve/qido.h"
#include "retrieve/ups.h"
#include "retrieve/wado.h"
#include "review/api.h"
#include "review/exams.h"
#include "review/page.h"

namespace lucerna::pipeline {
namespace {

review::About about_of(const infer::ModelPackage& model, const ServerParts& parts) {
    const exam::ModelIdentity& identity = model.identity();
    return {parts.version,
            identity.name,
            identity.version,
            identity.sha256,
            identity.manufacturer,
            identity.intended_use,
            exam::use_statement(identity, parts.jurisdiction),
            identity.research_only_in(parts.jurisdiction),
            identity.attribution};
}

OpinionRules opinion_rules(const ServerParts& parts) {
    OpinionRules rules;
    rules.reading.jurisdiction = parts.jurisdiction;
    rules.lease = parts.reading_lease;
    for (const deliver::Destination& destination : parts.destinations) {
        if (destination.results) rules.destinations.push_back(destination.name);
        if (destination.images) rules.with_images.push_back(destination.name);
        const auto deidentified = parts.deidentifiers.find(destination.name);
        if (deidentified == parts.deidentifiers.end()) continue;
        rules.without_refused_captures.push_back(destination.name);
        if (deidentified->second->profile().has(deidentify::Option::kCleanPixelData))
            rules.without_captures.push_back(destination.name);
    }
    return rules;
}

/// Destinations by AE title, for those who ask for objects to be sent there as they are.
retrieve::PeerOf peers_of(const std::vector<deliver::Destination>& destinations) {
    return [destinations](const std::string& aet) -> std::optional<dicom::ScuOptions> {
        for (const deliver::Destination& destination : destinations)
            if (destination.aet == aet && !aet.empty() && !destination.deidentified)
                return deliver::scu_options(destination);
        return {};
    };
}

/// What the index says; "NaN" where it is not there to say it.
template <typename Read>
std::function<double()> watched(Read read) {
    return [read] {
        try {
            return static_cast<double>(read());
        } catch (const Error& error) {
            if (error.code() != ErrorCode::kUnavailable && error.code() != ErrorCode::kCancelled)
                throw;
            return std::numeric_limits<double>::quiet_NaN();
        }
    };
}

/// As of one moment, for each of these destinations: those that wait or are on their way, and those
/// that were given up.
http::Metrics::Gauges deliveries(store::Store& store, const std::vector<std::string>& names) {
    std::vector<std::string> kinds;
    for (const std::string& name : names) kinds.push_back(delivery_kind(name));
    constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();
    http::Metrics::Gauges gauges;
    const auto add = [&](std::size_t at, double waiting, double given_up) {
        gauges.push_back({{{"destination", names[at]}, {"state", "waiting"}}, waiting});
        gauges.push_back({{{"destination", names[at]}, {"state", "given-up"}}, given_up});
    };
    try {
        const std::vector<store::WorkQueue::Open> open = store.queue().open(kinds);
        for (std::size_t at = 0; at < names.size(); ++at)
            add(at, static_cast<double>(open[at].waiting), static_cast<double>(open[at].given_up));
    } catch (const Error& error) {
        if (error.code() != ErrorCode::kUnavailable && error.code() != ErrorCode::kCancelled) throw;
        for (std::size_t at = 0; at < names.size(); ++at) add(at, kUnknown, kUnknown);
    }
    return gauges;
}

void count(http::Metrics& metrics, store::Store& store, const std::vector<std::string>& sent_to) {
    metrics.watch("lucerna_instances", "Objects kept.",
                  watched([&store] { return store.archive().totals().instances; }));
    metrics.watch("lucerna_kept_bytes", "Bytes of the objects kept.",
                  watched([&store] { return store.archive().totals().bytes; }));
    metrics.watch("lucerna_exams_waiting", "Exams that wait to be read.",
                  watched([&store] { return store.exams().count(store::ExamState::kWaiting); }));
    if (!sent_to.empty())
        metrics.watch_each("lucerna_deliveries",
                           "Deliveries of results that wait or are on their way, or were given up.",
                           [&store, sent_to] { return deliveries(store, sent_to); });
}

/// Whoever watches the server has what else there is to say, whatever becomes of the index.
http::Handler promptly(http::Handler handler) {
    return [handler = std::move(handler)](http::Request& request) {
        const AnswerDue due;
        return handler(request);
    };
}

/// What one request has of the machine's cores.
void a_few_at_once(std::size_t parts, const std::function<void(std::size_t)>& part) {
    run_parts(std::clamp(std::thread::hardware_concurrency(), 2U, 4U), parts, part);
}

}  // namespace

struct Server::State {
    State(const ServerParts& parts, store::Store& opened, const infer::ModelPackage& model,
          const Clock& clock)
        : store(opened),
          completion{model.contract().views, parts.quiet},
          archive_sink(opened, [this](const auto& study) { note_image(store, study, completion); }),
          orders(opened.orders()),
          hl7_desk(orders, parts.orders, clock),
          reports(opened.archive(), parts.reports),
          source(opened.archive(), parts.deidentifiers, reports),
          exams(opened),
          delivery(parts.destinations, source),
          about(about_of(model, parts)),
          commitments(opened.queue(), peers_of(parts.destinations), clock),
          workers(opened, model, completion, opinion_rules(parts),
                  {peers_of(parts.destinations), parts.aet}, delivery, parts.delivery_lease,
                  reports, clock),
          dimse(parts.dicom, archive_sink, services(parts)),
          http(with_metrics(parts), routes(parts, clock)) {
        if (parts.hl7)
            hl7.emplace(*parts.hl7, [this](const std::string& message, const std::string& peer) {
                return hl7_desk.answer(message, peer);
            });
    }

    http::ServerOptions with_metrics(const ServerParts& parts) {
        http::ServerOptions options = parts.http;
        count(metrics, store, opinion_rules(parts).destinations);
        options.metrics = &metrics;
        return options;
    }

    std::vector<dicom::ScpService> services(const ServerParts& parts) {
        return retrieve::dimse_services(store.archive(), {.own_aet = parts.aet,
                                                          .peer_of = peers_of(parts.destinations),
                                                          .commitments = &commitments,
                                                          .gives_out = parts.query_retrieve,
                                                          .orders = &store.orders(),
                                                          .performed = &store.performed(),
                                                          .run = a_few_at_once});
    }

    http::Router routes(const ServerParts& parts, const Clock& clock) {
        http::Router router;
        const http::Handler stow = receive::stow_handler(archive_sink);
        router.add("POST", "/dicom-web/studies", stow);
        router.add("POST", "/dicom-web/studies/{study}", stow);
        retrieve::add_qido(router, store.archive());
        retrieve::add_wado(router, store.archive(), {.run = a_few_at_once});
        retrieve::add_ups(router, store.workitems(), store.subscriptions(), clock);
        if (parts.deletion) retrieve::add_deletion(router, store.archive());
        retrieve::add_capabilities(router);
        receive::add_fhir_orders(router, orders, parts.orders, clock);
        review::add_api(router, exams, about, clock);
        review::add_page(router, parts.web);
        router.add("GET", "/metrics", promptly(http::metrics_handler(metrics)));
        router.add(
            "GET", "/health",
            [](http::Request&) { return http::Response::json(200, "{\"status\":\"up\"}"); },
            http::Access::kOpen);
        return router;
    }

    // In the order in which they are needed: what is declared last stops first, so that nothing
    // comes in any more when the workers finish what they have in hand.
    store::Store& store;
    CompletionRules completion;
    http::Metrics metrics;
    ArchiveSink archive_sink;
    OrderDesk orders;
    receive::Hl7Desk hl7_desk;
    KeptReports reports;
    ArchiveSource source;
    review::StoredExams exams;
    deliver::DeliveryStep delivery;
    review::About about;
    CommitmentJobs commitments;
    Workers workers;
    receive::DimseReceiver dimse;
    http::Server http;
    std::optional<receive::MllpListener> hl7;
};

Server::Server(const ServerParts& parts, store::Store& store, const infer::ModelPackage& model,
               const Clock& clock) {
    // Throws for a step that does not exist, now rather than at the first exam.
    (void)prepare::steps_named(model.contract().steps);
    state_ = std::make_unique<State>(parts, store, model, clock);
}

Server::~Server() = default;

std::uint16_t Server::http_port() const {
    return state_->http.port();
}
std::uint16_t Server::dicom_port() const {
    return state_->dimse.port();
}
std::uint16_t Server::hl7_port() const {
    return state_->hl7 ? state_->hl7->port() : std::uint16_t{0};
}
receive::InstanceSink& Server::sink() {
    return state_->archive_sink;
}

}  // namespace lucerna::pipeline
