#include "pipeline/companions.h"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/log.h"
#include "deliver/destination.h"

namespace lucerna::pipeline {
namespace {

using std::chrono::milliseconds;

constexpr std::chrono::minutes kLease{5};
/// Between two looks at an exam that is not read yet.
constexpr std::chrono::seconds kLook{5};

/// "\"1.2\"\"1.3\"".
std::vector<std::string> uids_in(const std::string& payload) {
    std::vector<std::string> uids;
    std::size_t begin = payload.find('"');
    while (begin != std::string::npos) {
        const std::size_t end = payload.find('"', begin + 1);
        if (end == std::string::npos) break;
        uids.push_back(payload.substr(begin + 1, end - begin - 1));
        begin = payload.find('"', end + 1);
    }
    return uids;
}

std::vector<std::string> not_queued(store::WorkQueue& queue, const std::string& kind,
                                    const std::string& study, std::vector<std::string> uids) {
    std::erase_if(uids, [&](const std::string& uid) {
        return queue.has_in_payload(kind, study, '"' + uid + '"');
    });
    return uids;
}

/// When what it names may be forwarded: nothing where it never is.
std::optional<Instant> due(const store::Job& job, store::Store& store,
                           const std::vector<std::string>& uids, milliseconds quiet, Instant now) {
    const auto exam = store.exams().exam(job.study_instance_uid);
    // Of one that could not be read no images go either. Where another image comes it is read with
    // all there is.
    if (!exam || exam->state == store::ExamState::kFailed) return {};
    if (exam->state != store::ExamState::kRead && exam->state != store::ExamState::kRefused)
        return now + kLook;
    Instant last{};
    for (const std::string& uid : uids)
        if (const auto row = store.archive().instance(uid)) last = std::max(last, row->received_at);
    // A clock that was set back delays nothing.
    return last > now ? now : last + quiet;
}

void queue_for(const std::string& destination, const std::string& study,
               const std::vector<std::string>& uids, store::WorkQueue& queue) {
    const std::string kind = delivery_kind(destination);
    const std::vector<std::string> fresh = not_queued(queue, kind, study, uids);
    if (fresh.empty()) return;
    // No other job has that one.
    queue.enqueue({kind,
                   study + "#with#" + fresh.front(),
                   deliver::to_json({destination, fresh}),
                   {},
                   study});
    log_event(LogLevel::kInfo, "exam.companions",
              {{"exam", study}, {"destination", destination}, {"objects", fresh.size()}});
}

bool is_in(const std::vector<std::string>& names, const std::string& name) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

void forward_companions(const store::Job& job, store::Store& store, const OpinionRules& rules,
                        milliseconds quiet, const Clock& clock) {
    const std::vector<std::string> uids = uids_in(job.payload);
    const Instant now = clock.now();
    const std::optional<Instant> when = due(job, store, uids, quiet, now);
    try {
        if (when && *when > now)
            return store.queue().retry(job, *when, "the exam is not read, or more may come");
        if (when)
            for (const std::string& destination : rules.destinations)
                if (is_in(rules.with_images, destination))
                    queue_for(destination, job.study_instance_uid, uids, store.queue());
        store.queue().drop(job);
    } catch (const Error& error) {
        // More came meanwhile: it waits again, with all of them.
        if (error.code() != ErrorCode::kConflict) throw;
    }
}

void forward_companions(store::Store& store, const OpinionRules& rules, milliseconds quiet,
                        const Clock& clock) {
    while (const auto job = store.queue().lease(store::kCompanionsJob, "server", kLease))
        forward_companions(*job, store, rules, quiet, clock);
}

}  // namespace lucerna::pipeline
