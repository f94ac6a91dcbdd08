#include <algorithm>
#include <charconv>
#include <chrono>
#include <optional>

#include "store/exam_book.h"
#include "store/exam_kinds.h"
#include "store/parts.h"
#include "store/rows.h"

namespace lucerna::store {
namespace {

/// While more keep coming nobody looks.
constexpr std::chrono::seconds kAfterTheLast{5};
/// What ends a reading recalls the job; this is for whatever may not have done so.
constexpr std::chrono::minutes kUnread{15};

std::optional<ExamState> state_of(Connection& index, const std::string& study) {
    Statement find = index.prepare("SELECT state FROM exams WHERE study_instance_uid = ?");
    if (!find.bind(study).step()) return {};
    return static_cast<ExamState>(find.small(0));
}

std::int64_t row_of(Connection& index, const std::string& sop_instance_uid) {
    Statement find = index.prepare("SELECT id FROM instances WHERE sop_instance_uid = ?");
    return find.bind(sop_instance_uid).step() ? find.integer(0) : 0;
}

/// All there are where a payload is none: what was queued already is not queued again.
std::int64_t first_of(const std::string& payload) {
    std::int64_t row = 0;
    std::from_chars(payload.data(), payload.data() + payload.size(), row);
    return row;
}

/// A row that was erased may have left its number to one that came later.
std::int64_t first_of_waiting(Connection& index, const std::string& study, std::int64_t row) {
    Statement find = index.prepare("SELECT payload FROM jobs WHERE kind = ? AND job_key = ?");
    if (!find.bind(kCompanionsJob).bind(study).step()) return row;
    return std::min(row, first_of(find.text(0)));
}

void wait_until(Connection& index, const std::string& study, std::int64_t first, Instant when) {
    index
        .prepare(
            "UPDATE jobs SET payload = ?, state = ?, not_before = ?, holder = '' WHERE kind = ? "
            "AND job_key = ?")
        .bind(std::to_string(first))
        .bind(static_cast<int>(JobState::kWaiting))
        .bind(when)
        .bind(kCompanionsJob)
        .bind(study)
        .run();
}

}  // namespace

void enter_companion(Connection& index, const Facts& facts, Instant now) {
    const std::string& study = facts.study_instance_uid;
    const auto state = state_of(index, study);
    if (!state) return;
    const bool ended =
        *state == ExamState::kRead || *state == ExamState::kRefused || *state == ExamState::kFailed;
    const Instant when = ended ? Instant(now + kAfterTheLast) : Instant(now + kUnread);
    const std::int64_t row = row_of(index, facts.sop_instance_uid);
    if (enter_job(index, {kCompanionsJob, study, std::to_string(row), when, study}, now)) return;
    // Whoever has it leased loses it: it is another job now.
    wait_until(index, study, first_of_waiting(index, study, row), when);
}

void recall_companions(Connection& index, const std::string& study_instance_uid) {
    index
        .prepare(
            "UPDATE jobs SET state = ?, not_before = ?, holder = '' WHERE kind = ? AND job_key = ?")
        .bind(static_cast<int>(JobState::kWaiting))
        .bind(Instant{})
        .bind(kCompanionsJob)
        .bind(study_instance_uid)
        .run();
}

std::vector<Companion> ExamBook::companions(const Job& job) {
    return parts_.index.read([&](Connection& index) {
        Statement find = index.prepare(
            "SELECT i.sop_instance_uid, i.received_at, coalesce(i.rows, 0) > 0 AND "
            "coalesce(i.columns, 0) > 0, i.sop_class_uid, e.modality FROM instances i JOIN series "
            "e ON e.id = i.series JOIN studies s ON s.id = e.study WHERE s.study_instance_uid = ? "
            "AND i.role = ? AND i.id >= ? ORDER BY i.id");
        find.bind(job.study_instance_uid)
            .bind(static_cast<int>(Role::kReceived))
            .bind(first_of(job.payload));
        std::vector<Companion> found;
        while (find.step()) {
            const bool is_image = find.integer(2) != 0 && is_of_an_exam(find.text(3), find.text(4));
            if (!is_image) found.push_back({find.text(0), find.instant(1)});
        }
        return found;
    });
}

}  // namespace lucerna::store
