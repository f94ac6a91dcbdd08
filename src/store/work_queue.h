#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"

namespace lucerna::store {

struct Parts;

/// Reports on objects of any studies that somebody asked after (PS3.4 J.3). One that is still owed
/// outlives the erasure of an object that it names: it has to say that the object is not kept.
inline constexpr const char* kCommitmentJob = "commitment";

/// A job to be queued. `kind` and `key` together are its identity.
struct NewJob {
    std::string kind;
    std::string key;
    std::string payload;
    /// Not before this; the default is at once.
    Instant not_before{};
    /// The study it is about: erased with it. May be empty.
    std::string study_instance_uid = {};
};

enum class JobState { kWaiting, kLeased, kDone, kGivenUp };

[[nodiscard]] std::string_view name_of(JobState state);

struct Job {
    std::int64_t id = 0;
    std::string kind;
    std::string key;
    std::string payload;
    JobState state = JobState::kWaiting;
    /// How often it was leased, this time included.
    int attempts = 0;
    /// Tells this lease from an earlier or later one of the same job.
    std::int64_t lease = 0;
    std::string holder;
    Instant created_at{};
    Instant not_before{};
    Instant leased_until{};
    /// Why it was retried or given up last.
    std::string problem;
    std::string study_instance_uid;
};

/// Durable work. A lease that runs out, or whose process died, makes the job free again: a step
/// must bear being done twice. A clock that is set back delays nothing. Safe from several threads.
class WorkQueue {
  public:
    explicit WorkQueue(Parts& parts);

    /// Durable on return. False, and nothing changed, when a job of this kind and key is there
    /// already, in whatever state.
    bool enqueue(const NewJob& job);

    /// The job of this kind that has waited longest and may run now.
    [[nodiscard]] std::optional<Job> lease(const std::string& kind, const std::string& who,
                                           std::chrono::milliseconds lease_for);
    /// As lease, but waits for one: until `patience` is over or a stop is asked for.
    [[nodiscard]] std::optional<Job> wait_and_lease(const std::string& kind, const std::string& who,
                                                    std::chrono::milliseconds lease_for,
                                                    std::chrono::milliseconds patience,
                                                    const std::stop_token& stop);

    /// These eight throw Error(kConflict) when the lease is no longer the one that `job` was given
    /// with: another worker has it.
    void complete(const Job& job);
    void retry(const Job& job, Instant not_before, const std::string& why);
    /// With what is left of it to do.
    void retry(const Job& job, Instant not_before, const std::string& why,
               const std::string& payload);
    /// It was not begun: as retry, but the attempt does not count.
    void put_off(const Job& job, Instant not_before);
    void give_up(const Job& job, const std::string& why);
    void extend(const Job& job, std::chrono::milliseconds lease_for);
    /// It is done, and nothing of it stays.
    void drop(const Job& job);
    /// As drop, and in the same transaction these follow from it.
    void replace(const Job& job, std::span<const NewJob> jobs);

    /// A job that waits need not be done any more: it goes. Nothing where there is none that waits.
    void withdraw(const std::string& kind, const std::string& key);
    /// A job that waits, waits on until then. False where there is none that waits.
    [[nodiscard]] bool postpone(const std::string& kind, const std::string& key,
                                Instant not_before);
    /// A job that waits may run now.
    void hasten(const std::string& kind, const std::string& key);

    /// Payloads of the jobs of this kind about this study, in whatever state.
    [[nodiscard]] std::vector<std::string> payloads(const std::string& kind,
                                                    const std::string& study_instance_uid);

    /// Of each of these kinds, in their order, what is not done: waiting or leased, or given up.
    struct Open {
        std::size_t waiting = 0;
        std::size_t given_up = 0;
    };
    [[nodiscard]] std::vector<Open> open(std::span<const std::string> kinds);

    /// Nobody does jobs of this kind: all of them go.
    void forget_kind(const std::string& kind);

    /// A job that was given up or is done waits again, its attempts counted from none.
    void revive(std::int64_t id);

    /// All of a kind, or of every kind when empty; newest first.
    [[nodiscard]] std::vector<Job> list(const std::string& kind, std::size_t limit = 1000);
    /// Drops done jobs that were created before; they no longer guard against being queued again.
    /// And commitment jobs that were given up, however old. At most so many: the others wait no
    /// longer for a turn to write than for any. Returns how many went.
    std::size_t forget_done(Instant created_before, std::int64_t most = 2000);
    /// At start: frees every lease, since the one process that held them is gone, and hastens
    /// commitment jobs that nobody has tried, which waited for what went with it.
    std::size_t recover();

  private:
    void follow_clock(Instant now);
    void look_for_dead();

    Parts& parts_;
    /// Milliseconds since 1970 UTC when a job was last looked for.
    std::atomic<std::int64_t> last_seen_ = 0;
    /// Milliseconds of a steady clock when a dead process was last looked for.
    std::atomic<std::int64_t> last_dead_ = 0;
};

}  // namespace lucerna::store
