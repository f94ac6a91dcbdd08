#include "pipeline/companions.h"

#include <algorithm>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "base/error.h"
#include "base/log.h"
#include "deliver/destination.h"

namespace lucerna::pipeline {
namespace {

using std::chrono::milliseconds;

constexpr std::chrono::minutes kLease{5};
/// What ends a reading recalls the job; this is for whatever may not have done so.
constexpr std::chrono::minutes kUnread{15};
/// In one round: whoever else is served between them waits no longer than these take.
constexpr int kAtMost = 100;

/// When what it names may be forwarded: nothing where it never is.
std::optional<Instant> due(const store::Job& job, store::Store& store,
                           const std::vector<store::Companion>& companions, milliseconds quiet,
                           Instant now) {
    const auto exam = store.exams().exam(job.study_instance_uid);
    // Of one that could not be read no images go either. Where another image comes it is read with
    // all there is.
    if (!exam || exam->state == store::ExamState::kFailed) return {};
    if (exam->state != store::ExamState::kRead && exam->state != store::ExamState::kRefused)
        return now + kUnread;
    Instant last{};
    for (const store::Companion& one : companions) last = std::max(last, one.received_at);
    // A clock that was set back delays nothing.
    return last > now ? now : last + quiet;
}

std::unordered_set<std::string> queued_for(const std::string& kind, const std::string& study,
                                           store::WorkQueue& queue) {
    std::unordered_set<std::string> queued;
    for (const std::string& payload : queue.payloads(kind, study)) {
        try {
            const deliver::DeliveryJob job = deliver::delivery_job_from_json(payload);
            queued.insert(job.sop_instance_uids.begin(), job.sop_instance_uids.end());
            queued.insert(job.delivered.begin(), job.delivered.end());
        } catch (const Error&) {
            continue;  // Whoever is to carry it out says so.
        }
    }
    return queued;
}

std::vector<std::string> that_get_images(const OpinionRules& rules) {
    std::vector<std::string> names;
    for (const std::string& name : rules.destinations)
        if (std::find(rules.with_images.begin(), rules.with_images.end(), name) !=
            rules.with_images.end())
            names.push_back(name);
    return names;
}

void forward(const store::Job& job, const std::vector<store::Companion>& companions,
             const OpinionRules& rules, store::WorkQueue& queue) {
    const std::string& study = job.study_instance_uid;
    std::vector<store::NewJob> deliveries;
    for (const std::string& destination : that_get_images(rules)) {
        const std::string kind = delivery_kind(destination);
        const auto queued = queued_for(kind, study, queue);
        std::vector<std::string> fresh;
        for (const store::Companion& one : companions)
            if (!queued.contains(one.sop_instance_uid)) fresh.push_back(one.sop_instance_uid);
        if (fresh.empty()) continue;
        // No other job has that one, but where it was deleted and came again.
        const auto first = std::find_if(
            companions.begin(), companions.end(),
            [&](const store::Companion& one) { return one.sop_instance_uid == fresh.front(); });
        deliveries.push_back({kind,
                              study + "#with#" + fresh.front() + "#" +
                                  std::to_string(first->received_at.time_since_epoch().count()),
                              deliver::to_json({destination, fresh}),
                              {},
                              study});
    }
    queue.replace(job, deliveries);
    for (const store::NewJob& delivery : deliveries)
        log_event(LogLevel::kInfo, "exam.companions", {{"exam", study}, {"kind", delivery.kind}});
}

}  // namespace

bool forward_companions(const store::Job& job, store::Store& store, const OpinionRules& rules,
                        milliseconds quiet, const Clock& clock) {
    const std::vector<store::Companion> companions = store.exams().companions(job);
    const Instant now = clock.now();
    const std::optional<Instant> when = due(job, store, companions, quiet, now);
    try {
        if (!when)
            store.queue().drop(job);
        else if (*when > now)
            store.queue().retry(job, *when, "the exam is not read, or more may come");
        else
            forward(job, companions, rules, store.queue());
        return true;
    } catch (const Error& error) {
        if (error.code() != ErrorCode::kConflict) throw;
        return false;
    }
}

void forward_companions(store::Store& store, const OpinionRules& rules, milliseconds quiet,
                        const Clock& clock) {
    if (that_get_images(rules).empty()) return store.queue().forget_kind(store::kCompanionsJob);
    for (int done = 0; done < kAtMost; ++done) {
        const auto job = store.queue().lease(store::kCompanionsJob, "server", kLease);
        if (!job || !forward_companions(*job, store, rules, quiet, clock)) return;
    }
}

}  // namespace lucerna::pipeline
