#include "store/exam_book.h"

#include <algorithm>
#include <array>

#include "base/error.h"
#include "base/split.h"
#include "store/kept_reading.h"
#include "store/matching.h"
#include "store/parts.h"
#include "store/rows.h"

namespace lucerna::store {
namespace {

constexpr std::array<std::string_view, 6> kNames = {"receiving", "waiting", "reading",
                                                    "read",      "refused", "failed"};

struct Move {
    ExamState from;
    ExamState to;
};

using enum ExamState;
constexpr Move kMoves[] = {
    // All views are there, or nothing more came for a while.
    {kReceiving, kWaiting},
    // There is nothing in it that a model could read.
    {kReceiving, kRefused},
    {kReceiving, kFailed},
    {kWaiting, kReading},
    {kWaiting, kReceiving},
    {kWaiting, kRefused},
    {kWaiting, kFailed},
    {kReading, kRead},
    {kReading, kRefused},
    {kReading, kFailed},
    // The reader died, or images came while it read.
    {kReading, kWaiting},
    {kReading, kReceiving},
    // Another image came, or somebody asked for another reading.
    {kRead, kReceiving},
    {kRead, kWaiting},
    {kRefused, kReceiving},
    {kRefused, kWaiting},
    {kFailed, kReceiving},
    {kFailed, kWaiting},
};

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    if (text.empty()) return lines;
    for (const std::string_view line : split(text, "\n")) lines.emplace_back(line);
    return lines;
}

std::string joined(const std::vector<std::string>& lines) {
    std::string text;
    for (const std::string& line : lines) text += (text.empty() ? "" : "\n") + line;
    return text;
}

constexpr const char* kColumns =
    "SELECT x.study_instance_uid, x.state, s.patient_name, s.patient_id, s.patient_birth_date, "
    "s.accession_number, s.patient_sex, s.study_date, s.study_time, s.study_description, "
    "x.modality, x.views, x.images, x.revision, x.first_received_at, x.last_received_at, x.score, "
    "x.above, x.model_sha256, x.synthetic, x.refusals_json, x.read_at, x.problem, "
    "(SELECT count(*) FROM findings f WHERE f.study_instance_uid = x.study_instance_uid), "
    "(SELECT count(*) FROM findings f WHERE f.study_instance_uid = x.study_instance_uid AND "
    "(SELECT d.action FROM decisions d JOIN decided_places p ON p.decision = d.id WHERE "
    "d.study_instance_uid = f.study_instance_uid AND p.place = f.place AND d.model_sha256 = "
    "x.model_sha256 ORDER BY d.id DESC LIMIT 1) IN ('accept', 'dismiss')) "
    "FROM exams x JOIN studies s ON s.study_instance_uid = x.study_instance_uid ";

ExamEntry entry_from(const Statement& row) {
    ExamEntry entry;
    entry.study_instance_uid = row.text(0);
    entry.state = static_cast<ExamState>(row.small(1));
    entry.patient_name = PatientName(row.text(2));
    entry.patient_id = PatientId(row.text(3));
    entry.patient_birth_date = BirthDate(row.text(4));
    entry.accession_number = AccessionNumber(row.text(5));
    entry.patient_sex = row.text(6);
    entry.study_date = row.text(7);
    entry.study_time = row.text(8);
    entry.study_description = row.text(9);
    entry.modality = row.text(10);
    entry.views = lines_of(row.text(11));
    entry.images = row.small(12);
    entry.revision = row.integer(13);
    entry.first_received_at = row.instant(14);
    entry.last_received_at = row.instant(15);
    if (!row.is_null(16)) entry.score = row.number(16);
    entry.above = lines_of(row.text(17));
    entry.model_sha256 = row.text(18);
    entry.synthetic = row.integer(19) != 0;
    entry.refusals_json = row.text(20);
    if (!row.is_null(21)) entry.read_at = row.instant(21);
    entry.problem = row.text(22);
    entry.findings = row.small(23);
    entry.decided = row.small(24);
    return entry;
}

void count_change(Connection& index) {
    index.prepare("UPDATE counters SET value = value + 1 WHERE name = 'exams'").run();
}

void set_state(Connection& index, const std::string& study, ExamState state,
               const std::string& problem) {
    index.prepare("UPDATE exams SET state = ?, problem = ? WHERE study_instance_uid = ?")
        .bind(static_cast<int>(state))
        .bind(problem)
        .bind(study)
        .run();
    count_change(index);
    if (state == kRefused || state == kFailed) recall_companions(index, study);
}

struct Standing {
    ExamState state = kReceiving;
    std::int64_t revision = 0;
};

Standing standing_of(Connection& index, const std::string& study) {
    Statement find =
        index.prepare("SELECT state, revision FROM exams WHERE study_instance_uid = ?");
    if (!find.bind(study).step()) throw Error(ErrorCode::kNotFound, "no exam for study " + study);
    return {static_cast<ExamState>(find.small(0)), find.integer(1)};
}

void require_move(const std::string& study, ExamState from, ExamState to) {
    if (!may_move(from, to))
        throw Error(ErrorCode::kConflict, "the exam of study " + study + " is " +
                                              std::string(name_of(from)) + " and cannot become " +
                                              std::string(name_of(to)));
}

void save_findings(Connection& index, const std::string& study,
                   const std::vector<PlacedFinding>& findings) {
    index.prepare("DELETE FROM findings WHERE study_instance_uid = ?").bind(study).run();
    for (const PlacedFinding& finding : findings)
        index
            .prepare(
                "INSERT INTO findings (study_instance_uid, finding, place) VALUES (?, ?, ?) ON "
                "CONFLICT DO NOTHING")
            .bind(study)
            .bind(finding.id)
            .bind(finding.place)
            .run();
}

void save_exam(Connection& index, const std::string& study, const Reading& reading,
               ExamState state) {
    Statement update = index.prepare(
        "UPDATE exams SET state = ?, score = ?, above = ?, model_sha256 = ?, synthetic = ?, "
        "refusals_json = ?, read_at = ?, problem = '' WHERE study_instance_uid = ?");
    update.bind(static_cast<int>(state));
    if (reading.score)
        update.bind(*reading.score);
    else
        update.bind_null();
    update.bind(joined(reading.above))
        .bind(reading.model_sha256)
        .bind(reading.synthetic ? 1 : 0)
        .bind(reading.refusals_json)
        .bind(reading.read_at)
        .bind(study)
        .run();
}

}  // namespace

std::string_view name_of(ExamState state) {
    return kNames[static_cast<std::size_t>(state)];
}

std::optional<ExamState> exam_state_from(std::string_view name) {
    const auto found = std::find(kNames.begin(), kNames.end(), name);
    if (found == kNames.end()) return {};
    return static_cast<ExamState>(found - kNames.begin());
}

bool may_move(ExamState from, ExamState to) {
    return std::any_of(std::begin(kMoves), std::end(kMoves),
                       [&](const Move& move) { return move.from == from && move.to == to; });
}

void enter_image(Connection& index, const Facts& facts, Instant now) {
    count_change(index);
    std::vector<std::string> views;
    {
        Statement find = index.prepare("SELECT views FROM exams WHERE study_instance_uid = ?");
        if (find.bind(facts.study_instance_uid).step()) views = lines_of(find.text(0));
    }
    if (!facts.view.empty()) views.push_back(facts.view);
    std::sort(views.begin(), views.end());
    views.erase(std::unique(views.begin(), views.end()), views.end());
    // While it waits or is read it stays so: the reading that ends then sees the new revision.
    index
        .prepare(
            "INSERT INTO exams (study_instance_uid, state, modality, views, images, revision, "
            "first_received_at, last_received_at) VALUES (?1, ?2, ?3, ?4, 1, 1, ?5, ?5) "
            "ON CONFLICT (study_instance_uid) DO UPDATE SET views = ?4, images = exams.images + 1, "
            "revision = exams.revision + 1, last_received_at = ?5, state = CASE WHEN exams.state "
            "IN (?6, ?7, ?8) THEN ?2 ELSE exams.state END")
        .bind(facts.study_instance_uid)
        .bind(static_cast<int>(kReceiving))
        .bind(facts.modality)
        .bind(joined(views))
        .bind(now)
        .bind(static_cast<int>(kRead))
        .bind(static_cast<int>(kRefused))
        .bind(static_cast<int>(kFailed))
        .run();
}

void read_exam_again(Connection& index, const std::string& study_instance_uid) {
    count_change(index);
    index
        .prepare(
            "UPDATE exams SET revision = revision + 1, state = CASE WHEN state IN (?2, ?3, ?4) "
            "THEN ?5 ELSE state END WHERE study_instance_uid = ?1")
        .bind(study_instance_uid)
        .bind(static_cast<int>(kRead))
        .bind(static_cast<int>(kRefused))
        .bind(static_cast<int>(kFailed))
        .bind(static_cast<int>(kReceiving))
        .run();
}

ExamBook::ExamBook(Parts& parts) : parts_(parts) {}

std::optional<ExamEntry> ExamBook::exam(const std::string& study_instance_uid) {
    return parts_.index.read([&](Connection& index) -> std::optional<ExamEntry> {
        Statement find = index.prepare(std::string(kColumns) + "WHERE x.study_instance_uid = ?");
        if (!find.bind(study_instance_uid).step()) return {};
        return entry_from(find);
    });
}

namespace {

std::string newest_reading(Connection& index, const std::string& study) {
    Statement find = index.prepare(
        "SELECT reading_json FROM readings WHERE study_instance_uid = ? ORDER BY id DESC LIMIT 1");
    return find.bind(study).step() ? find.text(0) : std::string();
}

}  // namespace

std::string ExamBook::reading_json(const std::string& study_instance_uid) {
    return parts_.index.read(
        [&](Connection& index) { return newest_reading(index, study_instance_uid); });
}

std::vector<ExamEntry> ExamBook::worklist(std::optional<ExamState> only, std::size_t limit,
                                          std::size_t offset) {
    std::vector<ExamEntry> entries;
    each_of_worklist(
        only, limit,
        [&](const ExamEntry& entry) {
            entries.push_back(entry);
            return true;
        },
        offset);
    return entries;
}

void ExamBook::each_of_worklist(std::optional<ExamState> only, std::size_t limit,
                                const std::function<bool(const ExamEntry&)>& take,
                                std::size_t offset) {
    parts_.index.read([&](Connection& index) {
        Statement find = index.prepare(std::string(kColumns) + (only ? "WHERE x.state = ? " : "") +
                                       "ORDER BY x.score DESC NULLS LAST, x.first_received_at, "
                                       "x.study_instance_uid LIMIT ? OFFSET ?");
        if (only) find.bind(static_cast<int>(*only));
        find.bind(static_cast<std::int64_t>(limit)).bind(static_cast<std::int64_t>(offset));
        while (find.step() && take(entry_from(find))) {
        }
    });
}

std::size_t ExamBook::count(ExamState only) {
    return parts_.index.read([&](Connection& index) {
        Statement count = index.prepare("SELECT count(*) FROM exams WHERE state = ?");
        return count.bind(static_cast<int>(only)).step()
                   ? static_cast<std::size_t>(count.integer(0))
                   : 0;
    });
}

std::vector<ExamEntry> ExamBook::quiet_since(Instant before, Instant never_after) {
    return parts_.index.read([&](Connection& index) {
        std::vector<ExamEntry> entries;
        Statement find = index.prepare(std::string(kColumns) +
                                       "WHERE x.state = ? AND (x.last_received_at <= ? OR "
                                       "x.last_received_at > ?) "
                                       "ORDER BY x.last_received_at, x.study_instance_uid");
        find.bind(static_cast<int>(kReceiving)).bind(before).bind(never_after);
        while (find.step()) entries.push_back(entry_from(find));
        return entries;
    });
}

void ExamBook::move(const std::string& study_instance_uid, ExamState to,
                    std::span<const NewJob> jobs, const std::string& problem) {
    parts_.index.write([&](Connection& index) {
        require_move(study_instance_uid, standing_of(index, study_instance_uid).state, to);
        set_state(index, study_instance_uid, to, problem);
        for (const NewJob& job : jobs) enter_job(index, job, parts_.clock.now());
    });
    if (!jobs.empty()) parts_.bell.ring();
}

namespace {

bool is_read_under_another(Connection& index, const Job& job) {
    Statement find = index.prepare(
        "SELECT 1 FROM jobs WHERE kind = ? AND state = ? AND payload = ? AND id <> ? LIMIT 1");
    find.bind(kReadJob).bind(static_cast<int>(JobState::kLeased)).bind(job.payload).bind(job.id);
    return find.step();
}

}  // namespace

std::optional<ExamEntry> ExamBook::begin_reading(const Job& job) {
    // An image that comes after this look makes the reading outdated, not wrong.
    std::optional<ExamEntry> entry = exam(job.payload);
    if (!entry) return {};
    bool begun = false;
    parts_.index.write([&](Connection& index) {
        require_lease(index, job);
        const ExamState state = standing_of(index, job.payload).state;
        begun = state == kWaiting || (state == kReading && !is_read_under_another(index, job));
        if (begun && state == kWaiting) set_state(index, job.payload, kReading, {});
    });
    if (!begun) return {};
    return entry;
}

void ExamBook::save_reading(const Job& job, const Reading& reading, std::span<const NewJob> jobs) {
    const std::string& study_instance_uid = job.payload;
    parts_.index.write([&](Connection& index) {
        end_lease(index, job, {});
        const Standing standing = standing_of(index, study_instance_uid);
        if (standing.state != kReading)
            throw Error(ErrorCode::kConflict, "the exam of study " + study_instance_uid + " is " +
                                                  std::string(name_of(standing.state)) +
                                                  ", not reading");
        require_move(study_instance_uid, kReading, reading.outcome);
        const bool outdated = standing.revision != reading.revision;
        save_exam(index, study_instance_uid, reading, outdated ? kReceiving : reading.outcome);
        if (!outdated) recall_companions(index, study_instance_uid);
        save_findings(index, study_instance_uid, kept_reading(reading.reading_json).findings);
        index
            .prepare(
                "INSERT INTO readings (study_instance_uid, revision, model_sha256, read_at, "
                "reading_json) VALUES (?, ?, ?, ?, ?)")
            .bind(study_instance_uid)
            .bind(reading.revision)
            .bind(reading.model_sha256)
            .bind(reading.read_at)
            .bind(reading.reading_json)
            .run();
        for (const NewJob& next : jobs) enter_job(index, next, parts_.clock.now());
        count_change(index);
    });
    if (!jobs.empty()) parts_.bell.ring();
}

ExamState ExamBook::leave_unread(const Job& job, std::int64_t revision,
                                 std::optional<Instant> again, const std::string& problem) {
    ExamState to = kWaiting;
    parts_.index.write([&](Connection& index) {
        end_lease(
            index, job,
            {again ? JobState::kWaiting : JobState::kGivenUp, again.value_or(Instant{}), problem});
        const Standing standing = standing_of(index, job.payload);
        require_move(job.payload, standing.state, again ? kWaiting : kFailed);
        if (!again) to = standing.revision != revision ? kReceiving : kFailed;
        set_state(index, job.payload, to, problem);
    });
    parts_.bell.ring();
    return to;
}

std::size_t ExamBook::recover() {
    std::int64_t moved = 0;
    parts_.index.write([&](Connection& index) {
        index.prepare("UPDATE exams SET state = ? WHERE state = ?")
            .bind(static_cast<int>(kWaiting))
            .bind(static_cast<int>(kReading))
            .run();
        moved = index.changes();
        if (moved > 0) count_change(index);
    });
    return static_cast<std::size_t>(moved);
}

namespace {

constexpr const char* kDecisionColumns =
    "SELECT d.finding, d.model_sha256, d.action, d.comment, d.who, d.self_declared, d.decided_at, "
    "coalesce(p.place, '') FROM decisions d LEFT JOIN decided_places p ON p.decision = d.id WHERE "
    "d.study_instance_uid = ? ";

Decision decision_from(const Statement& row, const std::string& study) {
    return {study,       row.text(0),         row.text(1),    row.text(2), row.text(3),
            row.text(4), row.integer(5) != 0, row.instant(6), row.text(7)};
}

void require_room_for_decision(Connection& index, const std::string& study,
                               const std::string& place) {
    Statement count = index.prepare(
        "SELECT count(*), count(CASE WHEN p.place = ? THEN 1 END) FROM decisions d LEFT JOIN "
        "decided_places p ON p.decision = d.id WHERE d.study_instance_uid = ?");
    if (!count.bind(place).bind(study).step()) return;
    if (count.integer(1) >= ExamBook::kMostDecisions)
        throw Error(ErrorCode::kConflict, "there are " + std::to_string(count.integer(1)) +
                                              " decisions on that finding, and no more are kept");
    if (count.integer(0) >= ExamBook::kMostDecisionsOfExam)
        throw Error(ErrorCode::kConflict, "there are " + std::to_string(count.integer(0)) +
                                              " decisions on that exam, and no more are kept");
}

}  // namespace

void ExamBook::decide(const Decision& decision, const std::string& shown) {
    if (decision.who.empty())
        throw Error(ErrorCode::kInvalidInput, "a decision needs the name of who decided");
    if (decision.action != "accept" && decision.action != "dismiss" && decision.action != "undo")
        throw Error(ErrorCode::kInvalidInput, "a decision is accept, dismiss or undo");
    parts_.index.write([&](Connection& index) {
        (void)standing_of(index, decision.study_instance_uid);
        const std::string newest = newest_reading(index, decision.study_instance_uid);
        if (reading_id(newest) != shown)
            throw Error(ErrorCode::kConflict,
                        "the exam was read again since it was shown: look again");
        const KeptReading reading = kept_reading(newest);
        const PlacedFinding* const finding = reading.find(decision.finding);
        if (finding == nullptr)
            throw Error(ErrorCode::kNotFound, "the exam's reading has no such finding");
        require_room_for_decision(index, decision.study_instance_uid, finding->place);
        index
            .prepare(
                "INSERT INTO decisions (study_instance_uid, finding, model_sha256, action, "
                "comment, who, self_declared, decided_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)")
            .bind(decision.study_instance_uid)
            .bind(decision.finding)
            .bind(reading.model_sha256)
            .bind(decision.action)
            .bind(decision.comment)
            .bind(decision.who)
            .bind(decision.self_declared ? 1 : 0)
            .bind(decision.when)
            .run();
        // Ids only grow, and nobody else writes.
        index
            .prepare(
                "INSERT INTO decided_places (decision, place) SELECT max(id), ? FROM decisions")
            .bind(finding->place)
            .run();
        count_change(index);
    });
}

std::vector<Decision> ExamBook::decisions_of(const std::string& study_instance_uid,
                                             std::size_t limit, std::size_t offset) {
    return parts_.index.read([&](Connection& index) {
        std::vector<Decision> decisions;
        Statement find =
            index.prepare(std::string(kDecisionColumns) + "ORDER BY d.id LIMIT ? OFFSET ?");
        find.bind(study_instance_uid)
            .bind(static_cast<std::int64_t>(limit))
            .bind(static_cast<std::int64_t>(offset));
        while (find.step()) decisions.push_back(decision_from(find, study_instance_uid));
        return decisions;
    });
}

void ExamBook::each_newest_decision(const std::string& study_instance_uid,
                                    const std::function<void(Decision&&)>& take) {
    parts_.index.read([&](Connection& index) {
        Statement find = index.prepare(std::string(kDecisionColumns) + "ORDER BY d.id DESC");
        find.bind(study_instance_uid);
        while (find.step()) take(decision_from(find, study_instance_uid));
    });
}

std::size_t ExamBook::count_decisions(const std::string& study_instance_uid) {
    return parts_.index.read([&](Connection& index) {
        Statement count =
            index.prepare("SELECT count(*) FROM decisions WHERE study_instance_uid = ?");
        count.bind(study_instance_uid);
        return count.step() ? static_cast<std::size_t>(count.integer(0)) : std::size_t{0};
    });
}

std::uint64_t ExamBook::revision() {
    return parts_.index.read([](Connection& index) {
        return static_cast<std::uint64_t>(
            index.number("SELECT value FROM counters WHERE name = 'exams'"));
    });
}

}  // namespace lucerna::store
