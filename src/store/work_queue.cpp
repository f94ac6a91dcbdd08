#include "store/work_queue.h"

#include <algorithm>

#include "base/encoding.h"
#include "base/error.h"
#include "base/log.h"
#include "store/pace.h"
#include "store/parts.h"
#include "store/presence.h"
#include "store/rows.h"

namespace lucerna::store {
namespace {

using std::chrono::milliseconds;

constexpr const char* kColumns =
    "SELECT id, kind, job_key, payload, state, attempts, lease, holder, created_at, not_before, "
    "leased_until, problem, subject FROM jobs ";

/// Between two looks for a job whose time has come; a new one rings the bell.
constexpr milliseconds kLook{250};

/// Between two looks for a process that ended.
constexpr milliseconds kLookForDead{2000};

/// Less than this is a clock being disciplined.
constexpr milliseconds kStepBack{1000};

Job job_from(const Statement& row) {
    Job job;
    job.id = row.integer(0);
    job.kind = row.text(1);
    job.key = row.text(2);
    job.payload = row.text(3);
    job.state = static_cast<JobState>(row.small(4));
    job.attempts = row.small(5);
    job.lease = row.integer(6);
    job.holder = row.text(7);
    job.created_at = row.instant(8);
    job.not_before = row.instant(9);
    job.leased_until = row.instant(10);
    job.problem = row.text(11);
    job.study_instance_uid = row.text(12);
    return job;
}

/// One whose lease ran out comes before those that nobody had yet.
std::optional<Job> next_job(Connection& index, const std::string& kind, Instant now) {
    Statement lapsed = index.prepare(std::string(kColumns) +
                                     "WHERE kind = ? AND state = ? AND leased_until <= ? "
                                     "ORDER BY leased_until, id LIMIT 1");
    lapsed.bind(kind).bind(static_cast<int>(JobState::kLeased)).bind(now);
    if (lapsed.step()) return job_from(lapsed);
    Statement waiting = index.prepare(std::string(kColumns) +
                                      "WHERE kind = ? AND state = ? AND not_before <= ? "
                                      "ORDER BY not_before, id LIMIT 1");
    waiting.bind(kind).bind(static_cast<int>(JobState::kWaiting)).bind(now);
    if (waiting.step()) return job_from(waiting);
    return {};
}

void end_lease_of(Parts& parts, const Job& job, const LeaseEnd& end) {
    parts.index.write([&](Connection& index) { end_lease(index, job, end); });
    parts.bell.ring();
}

}  // namespace

std::string_view name_of(JobState state) {
    switch (state) {
        case JobState::kWaiting:
            return "waiting";
        case JobState::kLeased:
            return "leased";
        case JobState::kDone:
            return "done";
        case JobState::kGivenUp:
            break;
    }
    return "given-up";
}

bool enter_job(Connection& index, const NewJob& job, Instant now) {
    index
        .prepare(
            "INSERT INTO jobs (kind, job_key, subject, payload, state, attempts, lease, holder, "
            "created_at, not_before, leased_until, problem) VALUES (?,?,?,?,?,0,0,'',?,?,0,'') "
            "ON CONFLICT DO NOTHING")
        .bind(job.kind)
        .bind(job.key)
        .bind(job.study_instance_uid)
        .bind(job.payload)
        .bind(static_cast<int>(JobState::kWaiting))
        .bind(now)
        .bind(std::max(job.not_before, now))
        .run();
    return index.changes() > 0;
}

void require_lease(Connection& index, const Job& job) {
    Statement find = index.prepare("SELECT 1 FROM jobs WHERE id = ? AND state = ? AND lease = ?");
    find.bind(job.id).bind(static_cast<int>(JobState::kLeased)).bind(job.lease);
    if (!find.step())
        throw Error(ErrorCode::kConflict,
                    "the lease of job " + std::to_string(job.id) + " is no longer held");
}

void end_lease(Connection& index, const Job& job, const LeaseEnd& end) {
    require_lease(index, job);
    index
        .prepare("UPDATE jobs SET state = ?, not_before = ?, problem = ?, holder = '' WHERE id = ?")
        .bind(static_cast<int>(end.state))
        .bind(end.not_before)
        .bind(end.problem)
        .bind(job.id)
        .run();
}

WorkQueue::WorkQueue(Parts& parts) : parts_(parts) {}

bool WorkQueue::enqueue(const NewJob& job) {
    bool entered = false;
    const Instant now = parts_.clock.now();
    follow_clock(now);
    parts_.index.write([&](Connection& index) { entered = enter_job(index, job, now); });
    parts_.bell.ring();
    return entered;
}

/// Moves what waits for a time, or is leased until one, with a clock that was set back: it would
/// wait as much longer.
void WorkQueue::follow_clock(Instant now) {
    const auto seen = last_seen_.exchange(now.time_since_epoch().count());
    const auto back = milliseconds(seen) - now.time_since_epoch();
    if (back < kStepBack) return;
    parts_.index.write([&](Connection& index) {
        index
            .prepare(
                "UPDATE jobs SET not_before = not_before - ?1, leased_until = leased_until - ?1 "
                "WHERE state IN (?2, ?3) AND (not_before > ?4 OR leased_until > ?4) AND process IN "
                "('', ?5)")
            .bind(static_cast<std::int64_t>(back.count()))
            .bind(static_cast<int>(JobState::kWaiting))
            .bind(static_cast<int>(JobState::kLeased))
            .bind(now)
            .bind(parts_.index.process())
            .run();
    });
    log_event(LogLevel::kWarning, "store.clock-set-back", {{"milliseconds", back.count()}});
}

/// Where several processes share the work, one that ended leaves leases behind.
void WorkQueue::look_for_dead() {
    if (parts_.index.process().empty()) return;
    const auto now = std::chrono::steady_clock::now().time_since_epoch() / milliseconds(1);
    auto last = last_dead_.load();
    if (now - last < kLookForDead.count() || !last_dead_.compare_exchange_strong(last, now)) return;
    if (end_dead_processes(parts_) > 0) recover_left_objects(parts_);
}

std::optional<Job> WorkQueue::lease(const std::string& kind, const std::string& who,
                                    milliseconds lease_for) {
    const Instant now = parts_.clock.now();
    follow_clock(now);
    // Looking costs nothing; only a lease is written.
    const bool any = parts_.index.read(
        [&](Connection& index) { return next_job(index, kind, now).has_value(); });
    if (!any) return {};
    std::optional<Job> leased;
    parts_.index.write([&](Connection& index) {
        leased = next_job(index, kind, now);
        if (!leased) return;
        leased->state = JobState::kLeased;
        ++leased->attempts;
        ++leased->lease;
        leased->holder = who;
        leased->leased_until = now + lease_for;
        index
            .prepare(
                "UPDATE jobs SET state = ?, attempts = ?, lease = ?, holder = ?, leased_until = ?, "
                "process = ? WHERE id = ?")
            .bind(static_cast<int>(leased->state))
            .bind(leased->attempts)
            .bind(leased->lease)
            .bind(leased->holder)
            .bind(leased->leased_until)
            .bind(parts_.index.process())
            .bind(leased->id)
            .run();
    });
    return leased;
}

std::optional<Job> WorkQueue::wait_and_lease(const std::string& kind, const std::string& who,
                                             milliseconds lease_for, milliseconds patience,
                                             const std::stop_token& stop) {
    const auto end = std::chrono::steady_clock::now() + patience;
    while (!stop.stop_requested()) {
        const std::uint64_t heard = parts_.bell.rings();
        look_for_dead();
        if (auto job = lease(kind, who, lease_for)) return job;
        const auto left = std::chrono::ceil<milliseconds>(end - std::chrono::steady_clock::now());
        if (left <= milliseconds::zero()) break;
        parts_.bell.wait(heard, std::min(left, kLook), stop);
    }
    return {};
}

void WorkQueue::complete(const Job& job) {
    end_lease_of(parts_, job, {JobState::kDone, {}, {}});
}

void WorkQueue::retry(const Job& job, Instant not_before, const std::string& why) {
    end_lease_of(parts_, job, {JobState::kWaiting, not_before, why});
}

void WorkQueue::retry(const Job& job, Instant not_before, const std::string& why,
                      const std::string& payload) {
    parts_.index.write([&](Connection& index) {
        end_lease(index, job, {JobState::kWaiting, not_before, why});
        index.prepare("UPDATE jobs SET payload = ? WHERE id = ?").bind(payload).bind(job.id).run();
    });
    parts_.bell.ring();
}

void WorkQueue::put_off(const Job& job, Instant not_before) {
    parts_.index.write([&](Connection& index) {
        require_lease(index, job);
        index
            .prepare(
                "UPDATE jobs SET state = ?, not_before = ?, attempts = attempts - 1, holder = '', "
                "process = '' WHERE id = ?")
            .bind(static_cast<int>(JobState::kWaiting))
            .bind(not_before)
            .bind(job.id)
            .run();
    });
}

void WorkQueue::give_up(const Job& job, const std::string& why) {
    end_lease_of(parts_, job, {JobState::kGivenUp, {}, why});
}

void WorkQueue::extend(const Job& job, milliseconds lease_for) {
    parts_.index.write([&](Connection& index) {
        require_lease(index, job);
        index.prepare("UPDATE jobs SET leased_until = ? WHERE id = ?")
            .bind(parts_.clock.now() + lease_for)
            .bind(job.id)
            .run();
    });
}

void WorkQueue::drop(const Job& job) {
    replace(job, {});
}

void WorkQueue::replace(const Job& job, std::span<const NewJob> jobs) {
    parts_.index.write([&](Connection& index) {
        require_lease(index, job);
        for (const NewJob& next : jobs) enter_job(index, next, parts_.clock.now());
        index.prepare("DELETE FROM jobs WHERE id = ?").bind(job.id).run();
    });
    if (!jobs.empty()) parts_.bell.ring();
}

void WorkQueue::withdraw(const std::string& kind, const std::string& key) {
    parts_.index.write([&](Connection& index) {
        index.prepare("DELETE FROM jobs WHERE kind = ? AND job_key = ? AND state = ?")
            .bind(kind)
            .bind(key)
            .bind(static_cast<int>(JobState::kWaiting))
            .run();
    });
}

bool WorkQueue::postpone(const std::string& kind, const std::string& key, Instant not_before) {
    bool waits = false;
    parts_.index.write([&](Connection& index) {
        index.prepare("UPDATE jobs SET not_before = ? WHERE kind = ? AND job_key = ? AND state = ?")
            .bind(not_before)
            .bind(kind)
            .bind(key)
            .bind(static_cast<int>(JobState::kWaiting))
            .run();
        waits = index.changes() > 0;
    });
    return waits;
}

void WorkQueue::hasten(const std::string& kind, const std::string& key) {
    parts_.index.write([&](Connection& index) {
        index.prepare("UPDATE jobs SET not_before = ? WHERE kind = ? AND job_key = ? AND state = ?")
            .bind(parts_.clock.now())
            .bind(kind)
            .bind(key)
            .bind(static_cast<int>(JobState::kWaiting))
            .run();
    });
    parts_.bell.ring();
}

std::vector<std::string> WorkQueue::payloads(const std::string& kind,
                                             const std::string& study_instance_uid) {
    return parts_.index.read([&](Connection& index) {
        std::vector<std::string> payloads;
        Statement find = index.prepare("SELECT payload FROM jobs WHERE subject = ? AND kind = ?");
        find.bind(study_instance_uid).bind(kind);
        while (find.step()) payloads.push_back(find.text(0));
        return payloads;
    });
}

std::vector<WorkQueue::Open> WorkQueue::open(std::span<const std::string> kinds) {
    std::string listed;
    for (const std::string& kind : kinds)
        (listed += listed.empty() ? "[" : ",") += json_quoted(kind);
    return parts_.index.read([&](Connection& index) {
        std::vector<Open> open(kinds.size());
        if (kinds.empty()) return open;
        // The done ones, which are many, are passed over by the index.
        Statement count = index.prepare(
            "SELECT kind, state, count(*) FROM jobs WHERE kind IN (SELECT value FROM json_each(?)) "
            "AND state IN (?, ?, ?) GROUP BY kind, state");
        count.bind(listed + "]")
            .bind(static_cast<int>(JobState::kWaiting))
            .bind(static_cast<int>(JobState::kLeased))
            .bind(static_cast<int>(JobState::kGivenUp));
        while (count.step()) {
            const auto kind = std::find(kinds.begin(), kinds.end(), count.text(0));
            if (kind == kinds.end()) continue;
            Open& of = open[static_cast<std::size_t>(kind - kinds.begin())];
            const bool over = count.small(1) == static_cast<int>(JobState::kGivenUp);
            (over ? of.given_up : of.waiting) += static_cast<std::size_t>(count.integer(2));
        }
        return open;
    });
}

void WorkQueue::forget_kind(const std::string& kind) {
    // Looking costs nothing.
    const bool any = parts_.index.read([&](Connection& index) {
        Statement find = index.prepare("SELECT 1 FROM jobs WHERE kind = ? LIMIT 1");
        return find.bind(kind).step();
    });
    if (!any) return;
    parts_.index.write([&](Connection& index) {
        index.prepare("DELETE FROM jobs WHERE kind = ?").bind(kind).run();
    });
}

void WorkQueue::revive(std::int64_t id) {
    parts_.index.write([&](Connection& index) {
        index
            .prepare(
                "UPDATE jobs SET state = ?, attempts = 0, not_before = ?, holder = '' WHERE id = ? "
                "AND state IN (?, ?)")
            .bind(static_cast<int>(JobState::kWaiting))
            .bind(parts_.clock.now())
            .bind(id)
            .bind(static_cast<int>(JobState::kDone))
            .bind(static_cast<int>(JobState::kGivenUp))
            .run();
        if (index.changes() == 0)
            throw Error(ErrorCode::kConflict,
                        "job " + std::to_string(id) + " is neither done nor given up");
    });
    parts_.bell.ring();
}

std::vector<Job> WorkQueue::list(const std::string& kind, std::size_t limit) {
    return parts_.index.read([&](Connection& index) {
        std::vector<Job> jobs;
        Statement find = index.prepare(std::string(kColumns) +
                                       "WHERE ?1 = '' OR kind = ?1 ORDER BY id DESC LIMIT ?2");
        find.bind(kind).bind(static_cast<std::int64_t>(limit));
        while (find.step()) jobs.push_back(job_from(find));
        return jobs;
    });
}

std::size_t WorkQueue::forget_done(Instant created_before, std::int64_t most) {
    std::int64_t gone = 0;
    parts_.index.write([&](Connection& index) {
        // Earlier programs kept those that were given up, with the UIDs that they name.
        index
            .prepare(
                "DELETE FROM jobs WHERE id IN (SELECT id FROM jobs WHERE (state = ? AND created_at "
                "< ?) OR (kind = ? AND state = ?) LIMIT ?)")
            .bind(static_cast<int>(JobState::kDone))
            .bind(created_before)
            .bind(std::string(kCommitmentJob))
            .bind(static_cast<int>(JobState::kGivenUp))
            .bind(most)
            .run();
        gone = index.changes();
    });
    return static_cast<std::size_t>(gone);
}

std::size_t WorkQueue::recover() {
    std::int64_t freed = 0;
    parts_.index.write([&](Connection& index) {
        index.prepare("UPDATE jobs SET state = ?, holder = '' WHERE state = ?")
            .bind(static_cast<int>(JobState::kWaiting))
            .bind(static_cast<int>(JobState::kLeased))
            .run();
        freed = index.changes();
        // Made in what is the future now: the clock was set back while nobody looked.
        const Instant now = parts_.clock.now();
        index.prepare("UPDATE jobs SET not_before = ?1 WHERE not_before > ?1 AND created_at > ?1")
            .bind(now)
            .run();
        // No requester's own association is left that a report could go out on.
        index
            .prepare("UPDATE jobs SET not_before = ? WHERE kind = ? AND state = ? AND attempts = 0")
            .bind(now)
            .bind(kCommitmentJob)
            .bind(static_cast<int>(JobState::kWaiting))
            .run();
    });
    return static_cast<std::size_t>(freed);
}

}  // namespace lucerna::store
