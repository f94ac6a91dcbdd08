#include "pipeline/held_lease.h"

#include <condition_variable>
#include <mutex>

#include "base/error.h"
#include "base/log.h"

namespace lucerna::pipeline {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

/// Three tries before it has run out.
constexpr int kBeats = 4;

/// False when it is another's.
bool extend(const store::Job& job, store::WorkQueue& queue, milliseconds lease,
            steady_clock::time_point& held_at) {
    const auto now = steady_clock::now();
    try {
        queue.extend(job, lease);
        held_at = now;
    } catch (const Error& error) {
        if (error.code() == ErrorCode::kConflict) return false;
        log_event(LogLevel::kWarning, "worker.lease-not-extended",
                  {{"kind", job.kind}, {"problem", error.what()}});
    }
    return now - held_at < lease;
}

void hold(const std::stop_token& stop, const store::Job& job, store::WorkQueue& queue,
          milliseconds lease, std::stop_source work) {
    auto held_at = steady_clock::now();
    std::mutex mutex;
    std::condition_variable_any ended;
    std::unique_lock lock(mutex);
    for (;;) {
        ended.wait_for(lock, stop, lease / kBeats, [] { return false; });
        if (stop.stop_requested()) return;
        if (extend(job, queue, lease, held_at)) continue;
        log_event(LogLevel::kWarning, "worker.lease-lost", {{"kind", job.kind}, {"job", job.id}});
        work.request_stop();
        return;
    }
}

}  // namespace

HeldLease::HeldLease(const store::Job& job, store::WorkQueue& queue, milliseconds lease)
    : thread_([&job, &queue, lease, work = work_](const std::stop_token& stop) {
          hold(stop, job, queue, lease, work);
      }) {}

}  // namespace lucerna::pipeline
