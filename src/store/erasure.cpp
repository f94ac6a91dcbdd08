#include "store/erasure.h"

#include <functional>
#include <mutex>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/log.h"
#include "base/outside_wait.h"
#include "store/order_book.h"
#include "store/pace.h"
#include "store/parts.h"
#include "store/performed_book.h"
#include "store/same_patient.h"

namespace lucerna::store {
namespace {

void run_with(Connection& index, const std::string& sql, const std::string& value) {
    index.prepare(sql).bind(value).run();
}

static_assert(static_cast<int>(JobState::kWaiting) == 0 &&
              static_cast<int>(JobState::kLeased) == 1);

}  // namespace

void require_not_being_read(Connection& index, const std::string& study_instance_uid) {
    Statement find =
        index.prepare("SELECT 1 FROM exams WHERE study_instance_uid = ? AND state = ?");
    if (find.bind(study_instance_uid).bind(static_cast<int>(ExamState::kReading)).step())
        throw Error(ErrorCode::kConflict,
                    "that study is being read just now; try again in a moment");
}

ErasedStudy erase_study_rows(Connection& index, const std::string& study_instance_uid) {
    const PatientKey whose = patient_of_study(index, study_instance_uid).value_or(PatientKey());
    run_with(index,
             "INSERT INTO doomed (name, what) SELECT i.object, 'object' FROM instances i "
             "JOIN series e ON e.id = i.series JOIN studies s ON s.id = e.study WHERE "
             "s.study_instance_uid = ? ON CONFLICT DO NOTHING",
             study_instance_uid);
    const auto instances = static_cast<std::size_t>(index.changes());
    // Remember whose key may be of no use now: doom_unused_keys looks at these alone.
    run_with(index,
             "INSERT INTO doomed (name, what) SELECT DISTINCT i.data_key, 'maybe-key' "
             "FROM instances i JOIN series e ON e.id = i.series JOIN studies s ON s.id = e.study "
             "WHERE s.study_instance_uid = ? ON CONFLICT DO NOTHING",
             study_instance_uid);
    for (const char* sql :
         {// A UID stands in a payload as a JSON string. A job that has a subject names objects of
          // that study alone; a commitment request of any, and its report is owed until it is
          // given.
          "DELETE FROM jobs WHERE subject = '' AND NOT (kind = 'commitment' AND state IN (0, 1)) "
          "AND EXISTS (SELECT 1 FROM instances i JOIN series e ON e.id = i.series JOIN studies s "
          "ON s.id = e.study WHERE s.study_instance_uid = ? AND instr(jobs.payload, '\"' || "
          "i.sop_instance_uid || '\"') > 0)",
          "DELETE FROM studies WHERE study_instance_uid = ?",
          "DELETE FROM exams WHERE study_instance_uid = ?",
          "DELETE FROM readings WHERE study_instance_uid = ?",
          "DELETE FROM findings WHERE study_instance_uid = ?",
          "DELETE FROM decisions WHERE study_instance_uid = ?",
          // Earlier programs queued jobs without their subject.
          "DELETE FROM jobs WHERE ?1 IN (subject, payload) OR (subject = '' AND "
          "job_key LIKE ?1 || '#%')"})
        run_with(index, sql, study_instance_uid);
    index.prepare("UPDATE counters SET value = value + 1 WHERE name = 'exams'").run();
    Beside beside;
    // What is still to be done of an order is to be done anew.
    beside.orders =
        erase_orders_of_study(index, study_instance_uid, whose, Orders::kDone) +
        erase_performed_of_study(index, study_instance_uid, whose, Performed::kOfItAlone);
    beside.workitems = erase_workitems_of_study(index, study_instance_uid);
    return {instances, beside};
}

void doom_key_of(Connection& index, const std::string& owner) {
    run_with(index,
             "INSERT INTO doomed (name, what) SELECT k.name, 'maybe-key' FROM data_keys k WHERE " +
                 owner_in("k") + " = ? ON CONFLICT DO NOTHING",
             owner);
}

std::size_t doom_unused_keys(Connection& index, const std::set<std::string>& in_use) {
    std::size_t stay = 0;
    for (const std::string& name : in_use) {
        run_with(index,
                 "DELETE FROM doomed WHERE what = 'maybe-key' AND name = ?1 AND NOT EXISTS "
                 "(SELECT 1 FROM instances i WHERE i.data_key = ?1)",
                 name);
        stay += static_cast<std::size_t>(index.changes());
    }
    index.execute(
        // Where the last one goes, `keys rotate` must know that there were some.
        "INSERT INTO counters SELECT 'had-keys', 1 WHERE EXISTS (SELECT 1 FROM data_keys) "
        "ON CONFLICT DO NOTHING;"
        "INSERT INTO doomed (name, what) SELECT d.name, 'key' FROM doomed d WHERE d.what "
        "= 'maybe-key' AND NOT EXISTS (SELECT 1 FROM instances i WHERE i.data_key = d.name) "
        "ON CONFLICT DO NOTHING;"
        "DELETE FROM doomed WHERE what = 'maybe-key';"
        "DELETE FROM data_keys WHERE name IN (SELECT name FROM doomed WHERE what = 'key')");
    return stay;
}

void note_erasure(Connection& index, vault::Act act, std::size_t studies, std::size_t instances,
                  const Beside& beside) {
    act.counts = {{"studies", static_cast<long long>(studies)},
                  {"instances", static_cast<long long>(instances)}};
    const auto note = [&act](const char* name, std::size_t count) {
        if (count > 0) act.counts.emplace_back(name, static_cast<long long>(count));
    };
    note("orders", beside.orders);
    note("workitems", beside.workitems);
    note("subscriptions", beside.subscriptions);
    {
        Statement find = index.prepare("SELECT name FROM doomed WHERE what = 'key' ORDER BY name");
        while (find.step()) act.data_keys.push_back(find.text(0));
    }
    run_with(index, "INSERT INTO doomed (name, what) VALUES (?, 'trace')", vault::to_json(act));
    index.execute(
        "INSERT INTO counters VALUES ('erasures', 1) ON CONFLICT (name) DO UPDATE SET value = "
        "counters.value + 1");
}

namespace {

/// Until it is noted they are doomed, and found by the next look. Where there is no room for the
/// list though they are gone, more is erased without.
void note_erased(Parts& parts, const std::vector<std::string>& objects) {
    try {
        parts.objects->note_erased(objects);
    } catch (const Error& error) {
        if (error.code() != ErrorCode::kOutOfSpace) throw;
        log_event(LogLevel::kWarning, "store.erasure-not-noted",
                  {{"objects", objects.size()}, {"why", error.what()}});
    }
}

bool is_doomed(Connection& index, const std::string& what, const std::string& name) {
    Statement find = index.prepare("SELECT 1 FROM doomed WHERE what = ? AND name = ?");
    return find.bind(what).bind(name).step();
}

/// Empty where nothing is.
std::string next_doomed(Parts& parts) {
    return parts.index.read([](Connection& index) {
        Statement find = index.prepare("SELECT what, name FROM doomed ORDER BY what, name LIMIT 1");
        return find.step() ? find.text(0) + " " + find.text(1) : std::string();
    });
}

/// In the order in which it goes: keys before objects, so that what a crash leaves cannot be
/// opened.
std::vector<std::string> doomed_of(Parts& parts, const char* what) {
    std::vector<std::string> names;
    parts.index.read([&](Connection& index) {
        Statement find = index.prepare("SELECT name FROM doomed WHERE what = ? ORDER BY name");
        find.bind(std::string(what));
        while (find.step()) names.push_back(find.text(0));
    });
    return names;
}

void forget_doomed(Parts& parts, const char* what, std::span<const std::string> names) {
    parts.index.write([&](Connection& index) {
        for (const std::string& name : names)
            index.prepare("DELETE FROM doomed WHERE what = ? AND name = ?")
                .bind(std::string(what))
                .bind(name)
                .run();
    });
}

/// Takes out each by `take_out`, some at a time, which others see. One that cannot be does not keep
/// the others, but where nothing can be just now; the first `problem` is left there. False where it
/// does not go on.
bool take_out_doomed(Parts& parts, const char* what, const std::function<bool()>& goes_on,
                     const std::function<void(const std::string& name)>& take_out,
                     const std::function<void(const std::vector<std::string>& names)>& then,
                     std::optional<Error>& problem) {
    constexpr std::size_t kAtOnce = 256;
    constexpr int kMostInVain = 3;
    int in_vain = 0;
    std::vector<std::string> gone;
    const auto note = [&] {
        if (gone.empty()) return;
        then(gone);
        forget_doomed(parts, what, gone);
        gone.clear();
    };
    for (const std::string& name : doomed_of(parts, what)) {
        if (goes_on && !goes_on()) return false;
        try {
            take_out(name);
            in_vain = 0;
            gone.push_back(name);
        } catch (const Error& error) {
            if (!problem) problem = error;
            // Of one alone it may be said by a bucket that refuses that one for good.
            if (error.code() == ErrorCode::kUnavailable && ++in_vain == kMostInVain) break;
        }
        if (gone.size() == kAtOnce) note();
    }
    note();
    return true;
}

/// Of a thread that holds `working_off`.
bool work_off(Parts& parts, const std::function<bool()>& goes_on) {
    ++parts.erasures;
    if (next_doomed(parts).empty()) return false;
    const auto destroy = [&](const std::string& name) { parts.keys.destroy(name); };
    const auto remove = [&](const std::string& name) { parts.objects->remove(name); };
    const auto note = [&](const std::vector<std::string>& names) { note_erased(parts, names); };
    const auto nothing = [](const std::vector<std::string>&) {};
    // First: what another erasure enters meanwhile is to be gone before it is in the trail.
    const std::vector<std::string> traces = doomed_of(parts, "trace");
    std::optional<Error> problem;
    (void)take_out_doomed(parts, "key", {}, destroy, nothing, problem);
    if (problem && problem->code() == ErrorCode::kUnavailable) throw Error(*problem);
    if (!take_out_doomed(parts, "object", goes_on, remove, note, problem)) return false;
    if (!problem) {
        // What another process was through with meanwhile is in its trail.
        for (const std::string& trace : traces)
            if (parts.index.read(
                    [&](Connection& index) { return is_doomed(index, "trace", trace); }))
                parts.trail.add(trace);
        forget_doomed(parts, "trace", traces);
    }
    // The log of the index still holds the erased rows until it is emptied into the file.
    parts.index.checkpoint();
    if (problem) throw Error(*problem);
    return true;
}

}  // namespace

bool work_off_doomed(Parts& parts) {
    // It was said to be gone: however many wait for the object store, this is not refused.
    const OutsideWait waits("the object store", OutsideWait::Crowded::kWaits);
    const std::lock_guard alone(parts.working_off);
    return work_off(parts, {});
}

void Archive::finish_erasures() {
    if (next_doomed(parts_).empty()) return;
    const LongWork is_long;
    work_off_doomed(parts_);
}

void Archive::finish_left_erasures(const std::function<bool()>& goes_on) {
    std::string next = next_doomed(parts_);
    const bool is_left = parts_.next_doomed.with(
        [&](std::string& seen) { return std::exchange(seen, next) == next; });
    if (next.empty() || !is_left) return;
    // Who is at one here is left to it.
    const std::unique_lock alone(parts_.working_off, std::try_to_lock);
    if (!alone) return;
    const LongWork is_long;
    if (work_off(parts_, goes_on))
        log_event(LogLevel::kInfo, "store.erasure-finished", {{"why", "it was broken off"}});
}

}  // namespace lucerna::store
