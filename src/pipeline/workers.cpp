#include "pipeline/workers.h"

#include <condition_variable>
#include <functional>
#include <mutex>
#include <utility>

#include "base/error.h"
#include "base/log.h"
#include "base/memory.h"
#include "pipeline/companions.h"
#include "pipeline/held_lease.h"
#include "pipeline/tidying.h"

namespace lucerna::pipeline {
namespace {

using namespace std::chrono_literals;

/// How long a thread waits for a job before it looks for one that has become due.
constexpr auto kPatience = 1s;
constexpr int kRoundsToGiveBack = 15;
/// For what arrived after it was erased.
constexpr auto kBetweenLooks = 10min;
/// For what was broken off.
constexpr auto kBetweenShortLooks = 15s;

/// Sleeps, but not past a stop.
void rest(const std::stop_token& stop, std::chrono::milliseconds how_long) {
    std::mutex mutex;
    std::condition_variable_any never;
    std::unique_lock lock(mutex);
    never.wait_for(lock, stop, how_long, [] { return false; });
}

/// Leases jobs of one kind and hands them to `work`. Work that throws has left its job leased: the
/// lease runs out and the job is tried again.
template <typename Work>
void take_jobs(const std::stop_token& stop, store::WorkQueue& queue, const std::string& kind,
               std::chrono::milliseconds lease, Work work) {
    while (!stop.stop_requested()) {
        try {
            const auto job = queue.wait_and_lease(kind, "server", lease, kPatience, stop);
            if (job) work(*job);
        } catch (const std::exception& problem) {
            log_event(LogLevel::kError, "worker.failed",
                      {{"kind", kind}, {"problem", problem.what()}});
            rest(stop, kPatience);
        }
    }
}

/// Also forwards what came beside exams, drops, once a day, the jobs that were done long ago, and
/// gives back memory now and then: what one large object took stays with the process else.
void watch_for_quiet(const std::stop_token& stop, store::Store& store, const CompletionRules& rules,
                     const OpinionRules& opinion, const Clock& clock) {
    Tidying tidying([&](Instant before) { return store.queue().forget_done(before); });
    int rounds = 0;
    while (!stop.stop_requested()) {
        try {
            const Instant now = clock.now();
            note_quiet(store, rules, now);
            forward_companions(store, opinion, rules.quiet, clock);
            tidying.run(now, stop);
        } catch (const std::exception& problem) {
            log_event(LogLevel::kError, "worker.failed",
                      {{"kind", "quiet"}, {"problem", problem.what()}});
        }
        if (++rounds % kRoundsToGiveBack == 0) give_back_freed_memory();
        rest(stop, kPatience);
    }
}

/// Takes what was erased out of the reports of this process, whichever process erased it, and at
/// start what a crash has left there.
void watch_for_erasures(const std::stop_token& stop, store::Store& store, KeptReports& reports) {
    std::uint64_t seen = 0;
    while (!stop.stop_requested()) {
        try {
            const std::uint64_t erasures = store.archive().erasures();
            if (erasures != seen) reports.forget_erased();
            seen = erasures;
        } catch (const std::exception& problem) {
            log_event(LogLevel::kError, "worker.failed",
                      {{"kind", "erasures"}, {"problem", problem.what()}});
        }
        rest(stop, kPatience);
    }
}

/// A thread of its own: of many objects it takes minutes.
void watch_for_late_arrivals(const std::stop_token& stop, store::Archive& archive) {
    while (!stop.stop_requested()) {
        try {
            archive.remove_late_arrivals([&stop] { return !stop.stop_requested(); });
        } catch (const std::exception& problem) {
            log_event(LogLevel::kWarning, "worker.failed",
                      {{"kind", "late arrivals"}, {"problem", problem.what()}});
        }
        rest(stop, kBetweenLooks);
    }
}

/// Finishes what a process that ended, or one whose back ends were away, has left undone. A thread
/// of its own: an erasure may take minutes.
void watch_for_what_is_left(const std::stop_token& stop, store::Archive& archive) {
    struct Left {
        const char* kind;
        std::function<void()> finish;
        bool has_failed = false;
    };
    const auto goes_on = [&stop] { return !stop.stop_requested(); };
    Left all[] = {{"left erasures", [&] { archive.finish_left_erasures(goes_on); }},
                  {"left objects", [&] { archive.recover_left_objects(); }}};
    while (!stop.stop_requested()) {
        for (Left& left : all) {
            try {
                left.finish();
                left.has_failed = false;
            } catch (const std::exception& problem) {
                // Once, for as long as a back end is away.
                if (!std::exchange(left.has_failed, true))
                    log_event(LogLevel::kError, "worker.failed",
                              {{"kind", left.kind}, {"problem", problem.what()}});
            }
        }
        rest(stop, kBetweenShortLooks);
    }
}

}  // namespace

void deliver_results(const store::Job& job, store::WorkQueue& queue, deliver::DeliveryStep& step,
                     const Clock& clock, std::chrono::milliseconds lease,
                     const std::stop_token& stop) {
    deliver::DeliveryJob delivery;
    try {
        delivery = deliver::delivery_job_from_json(job.payload);
        delivery.study_instance_uid = job.study_instance_uid;
    } catch (const Error& error) {
        queue.give_up(job, error.what());
        log_event(LogLevel::kError, "deliver.given-up",
                  {{"exam", job.study_instance_uid}, {"kind", job.kind}, {"why", error.what()}});
        return;
    }
    const deliver::DeliveryResult result = [&] {
        const HeldLease held(job, queue, lease);
        std::stop_source end;
        const auto ends = [&end] { end.request_stop(); };
        const std::stop_callback when_lost(held.lost(), ends);
        const std::stop_callback when_stopped(stop, ends);
        return step.run(delivery, job.attempts, end.get_token());
    }();
    // What left the house has left it, whoever has the lease by now.
    const bool is_sent = std::holds_alternative<deliver::Delivered>(result);
    if (is_sent) deliver::log_result(delivery, job.attempts, result);
    // These throw where the lease is lost: then what comes of it is for the other to say.
    if (const auto* later = std::get_if<deliver::RetryAfter>(&result))
        queue.retry(job, clock.now() + later->delay, later->why,
                    deliver::to_json(deliver::what_is_left(delivery, *later)));
    else if (const auto* never = std::get_if<deliver::GiveUp>(&result))
        queue.give_up(job, never->why);
    else
        queue.complete(job);
    if (!is_sent) deliver::log_result(delivery, job.attempts, result);
}

Workers::Workers(store::Store& store, const infer::ModelPackage& model, CompletionRules completion,
                 OpinionRules opinion, CommitmentRules commitment, deliver::DeliveryStep& step,
                 std::chrono::milliseconds delivery_lease, KeptReports& reports,
                 const Clock& clock) {
    for (const std::string& destination : opinion.destinations)
        threads_.emplace_back([&store, &step, &clock, destination,
                               delivery_lease](const std::stop_token& stop) {
            take_jobs(stop, store.queue(), delivery_kind(destination), delivery_lease,
                      [&](const store::Job& job) {
                          deliver_results(job, store.queue(), step, clock, delivery_lease, stop);
                      });
        });
    const auto peers = std::make_shared<CommitmentPeers>();
    for (std::size_t i = 0; i < kCommitmentReporters; ++i)
        threads_.emplace_back([&store, &clock, commitment, peers](const std::stop_token& stop) {
            take_jobs(stop, store.queue(), kCommitmentJob, kCommitmentLease,
                      [&](const store::Job& job) {
                          report_commitment(job, store, commitment, *peers, clock, stop);
                      });
        });
    threads_.emplace_back([&store, &clock, completion, opinion](const std::stop_token& stop) {
        watch_for_quiet(stop, store, completion, opinion, clock);
    });
    threads_.emplace_back([&store, &reports](const std::stop_token& stop) {
        watch_for_erasures(stop, store, reports);
    });
    threads_.emplace_back(
        [&store](const std::stop_token& stop) { watch_for_late_arrivals(stop, store.archive()); });
    threads_.emplace_back(
        [&store](const std::stop_token& stop) { watch_for_what_is_left(stop, store.archive()); });
    threads_.emplace_back([&store, &model, &clock, opinion](const std::stop_token& stop) {
        take_jobs(stop, store.queue(), kReadJob, opinion.lease, [&](const store::Job& job) {
            give_second_opinion(job, store, model, opinion, clock);
        });
    });
}

Workers::~Workers() {
    // All at once: each is waited for in turn then.
    for (std::jthread& thread : threads_) thread.request_stop();
}

}  // namespace lucerna::pipeline
