#include "store/partial_erasure.h"

#include <cstdint>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "store/erasure.h"
#include "store/exam_book.h"
#include "store/exam_kinds.h"
#include "store/named_in_jobs.h"
#include "store/rows.h"

namespace lucerna::store {
namespace {

constexpr int kReceived = static_cast<int>(Role::kReceived);
constexpr int kResult = static_cast<int>(Role::kResult);

struct Found {
    std::int64_t id = 0;
    std::string sop_instance_uid;
    /// Of the exam that its study is.
    bool is_image = false;
};

std::vector<Found> found_by(Statement&& find) {
    std::vector<Found> found;
    while (find.step())
        found.push_back({find.integer(0), find.text(1),
                         find.integer(2) != 0 && is_of_an_exam(find.text(3), find.text(4))});
    return found;
}

constexpr const char* kFind =
    "SELECT i.id, i.sop_instance_uid, i.role = 0 AND coalesce(i.rows, 0) > 0 AND "
    "coalesce(i.columns, 0) > 0, i.sop_class_uid, e.modality FROM instances i JOIN series e ON "
    "e.id = i.series JOIN studies s "
    "ON s.id = e.study WHERE s.study_instance_uid = ?1 ";
static_assert(kReceived == 0);

std::vector<Found> named_by(Connection& index, const StudyPart& part) {
    Statement find = index.prepare(
        std::string(kFind) + "AND e.series_instance_uid = ?2 AND ?3 IN ('', i.sop_instance_uid)");
    find.bind(part.study_instance_uid).bind(part.series_instance_uid).bind(part.sop_instance_uid);
    return found_by(std::move(find));
}

std::vector<Found> results_of(Connection& index, const StudyPart& part) {
    // What was named itself is not among them.
    Statement find = index.prepare(std::string(kFind) +
                                   "AND i.role = ?4 AND NOT (e.series_instance_uid = ?2 AND ?3 IN "
                                   "('', i.sop_instance_uid))");
    find.bind(part.study_instance_uid)
        .bind(part.series_instance_uid)
        .bind(part.sop_instance_uid)
        .bind(kResult);
    return found_by(std::move(find));
}

std::size_t instances_in(Connection& index, const std::string& study) {
    Statement count = index.prepare(
        "SELECT count(*) FROM instances i JOIN series e ON e.id = i.series JOIN studies s ON s.id "
        "= e.study WHERE s.study_instance_uid = ?");
    (void)count.bind(study).step();
    return static_cast<std::size_t>(count.integer(0));
}

void take_out(Connection& index, std::int64_t id) {
    for (const char* sql :
         {"INSERT INTO doomed (name, what) SELECT object, 'object' FROM instances WHERE "
          "id = ? ON CONFLICT DO NOTHING",
          "INSERT INTO doomed (name, what) SELECT data_key, 'maybe-key' FROM instances "
          "WHERE id = ? ON CONFLICT DO NOTHING",
          "DELETE FROM instances WHERE id = ?"})
        index.prepare(sql).bind(id).run();
}

/// And out of what was to be done with them.
void take_out(Connection& index, const std::string& study, const std::vector<Found>& doomed) {
    for (const Found& one : doomed) {
        take_out_of_jobs(index, study, one.sop_instance_uid);
        take_out(index, one.id);
    }
}

void run_for(Connection& index, const std::string& study, const char* sql) {
    index.prepare(sql).bind(study).run();
}

/// What series and study say of their contents is made true again.
void count_again(Connection& index, const std::string& study) {
    for (const char* sql :
         {"UPDATE series SET instance_count = (SELECT count(*) FROM instances i WHERE i.series = "
          "series.id) WHERE study = (SELECT id FROM studies WHERE study_instance_uid = ?)",
          "DELETE FROM series WHERE instance_count = 0 AND study = (SELECT id FROM studies WHERE "
          "study_instance_uid = ?)",
          "UPDATE studies SET series_count = (SELECT count(*) FROM series e WHERE e.study = "
          "studies.id), instance_count = (SELECT coalesce(sum(e.instance_count), 0) FROM series e "
          "WHERE e.study = studies.id), modalities = (SELECT coalesce(group_concat(modality, "
          "'\\'), '') FROM (SELECT DISTINCT e.modality FROM series e WHERE e.study = studies.id "
          "AND e.modality <> '' ORDER BY e.modality) m) WHERE study_instance_uid = ?"})
        run_for(index, study, sql);
}

struct LeftOfExam {
    std::int64_t images = 0;
    /// As the exam's row has them: sorted, each once, a line each.
    std::string views;
};

LeftOfExam left_of_exam(Connection& index, const std::string& study) {
    Statement find = index.prepare(
        "SELECT i.sop_class_uid, e.modality, i.view FROM instances i JOIN series e ON e.id = "
        "i.series JOIN studies s ON s.id = e.study WHERE s.study_instance_uid = ? AND i.role = 0 "
        "AND i.rows > 0 AND i.columns > 0");
    find.bind(study);
    LeftOfExam left;
    std::set<std::string> views;
    while (find.step()) {
        if (!is_of_an_exam(find.text(0), find.text(1))) continue;
        ++left.images;
        if (std::string view = find.text(2); !view.empty()) views.insert(std::move(view));
    }
    for (const std::string& view : views) left.views += (left.views.empty() ? "" : "\n") + view;
    return left;
}

/// The exam as if only what is left of its images had come, or none where none is left.
void begin_anew(Connection& index, const std::string& study) {
    for (const char* sql :
         {"DELETE FROM readings WHERE study_instance_uid = ?",
          "DELETE FROM findings WHERE study_instance_uid = ?",
          // They may be of what was taken out.
          "DELETE FROM decisions WHERE study_instance_uid = ?",
          "UPDATE exams SET revision = revision + 1, score = NULL, above = '', model_sha256 = '', "
          "synthetic = 0, refusals_json = '[]', read_at = NULL, problem = '' WHERE "
          "study_instance_uid = ?"})
        run_for(index, study, sql);
    const LeftOfExam left = left_of_exam(index, study);
    // Where it is read again, all there is goes out again. Else nothing but what stays is to.
    run_for(index, study,
            left.images > 0 ? "DELETE FROM jobs WHERE ?1 IN (subject, payload) OR (subject = '' "
                              "AND job_key LIKE ?1 || '#%')"
                            : "DELETE FROM jobs WHERE (?1 IN (subject, payload) OR (subject = '' "
                              "AND job_key LIKE ?1 || '#%')) AND kind NOT LIKE 'deliver:%'");
    if (left.images == 0) {
        // An exam that comes again counts its revisions from the first: its deliveries are others.
        run_for(index, study,
                "UPDATE jobs SET job_key = job_key || '#before#' || id WHERE kind LIKE 'deliver:%' "
                "AND job_key NOT LIKE '%#before#%' "
                "AND (subject = ?1 OR (subject = '' AND job_key LIKE ?1 || '#%'))");
        run_for(index, study, "DELETE FROM exams WHERE study_instance_uid = ?");
        return;
    }
    index.prepare("UPDATE exams SET state = ?, images = ?, views = ? WHERE study_instance_uid = ?")
        .bind(static_cast<int>(ExamState::kReceiving))
        .bind(left.images)
        .bind(left.views)
        .bind(study)
        .run();
}

struct Going {
    std::vector<Found> instances;
    bool takes_image = false;
};

/// The part itself, and with an image what was made from the images.
Going going_with(Connection& index, const StudyPart& part) {
    Going going{named_by(index, part)};
    for (const Found& one : going.instances) going.takes_image = going.takes_image || one.is_image;
    if (going.takes_image)
        for (Found& result : results_of(index, part)) going.instances.push_back(std::move(result));
    return going;
}

void take_out(Connection& index, const std::string& study, const Going& going) {
    take_out(index, study, going.instances);
    // What its job was to queue may be among them.
    recall_companions(index, study);
    count_again(index, study);
    if (going.takes_image) begin_anew(index, study);
}

}  // namespace

void require_as_seen(Connection& index, const StudyPart& part, const AsSeen& as_seen) {
    if (!as_seen) return;
    std::set<std::string> left;
    for (const InstanceRow& row : *as_seen) left.insert(row.object);
    Statement find = index.prepare(
        "SELECT i.object FROM instances i JOIN series e ON e.id = i.series JOIN studies s ON s.id "
        "= e.study WHERE s.study_instance_uid = ?1 AND ?2 IN ('', e.series_instance_uid) AND ?3 "
        "IN ('', i.sop_instance_uid)");
    find.bind(part.study_instance_uid).bind(part.series_instance_uid).bind(part.sop_instance_uid);
    bool is_as_seen = true;
    while (find.step()) is_as_seen = left.erase(find.text(0)) == 1 && is_as_seen;
    if (!is_as_seen || !left.empty())
        throw Error(ErrorCode::kConflict, "what is kept there has changed since it was looked at");
}

bool describes_study(Connection& index, const StudyPart& part) {
    // What no object is noted for was there before objects were noted: it may be of any.
    Statement find = index.prepare(
        "SELECT 1 FROM instances i JOIN series e ON e.id = i.series JOIN studies s ON s.id = "
        "e.study WHERE s.study_instance_uid = ?1 AND ((e.series_instance_uid = ?2 AND ?3 IN ('', "
        "i.sop_instance_uid)) OR i.role = ?4) AND (e.described_by = '' OR instr(e.described_by, "
        "'-' || i.sop_instance_uid || ':') > 0 OR EXISTS (SELECT 1 FROM study_accounts a WHERE "
        "a.study = s.id AND (a.described_by = '' OR instr(a.described_by, '-' || "
        "i.sop_instance_uid || ':') > 0)))");
    find.bind(part.study_instance_uid)
        .bind(part.series_instance_uid)
        .bind(part.sop_instance_uid)
        .bind(kResult);
    return find.step();
}

ErasedPart erase_part_rows(Connection& index, const StudyPart& part) {
    const Going going = going_with(index, part);
    if (going.instances.empty()) return {};
    if (going.instances.size() == instances_in(index, part.study_instance_uid)) {
        const ErasedStudy erased = erase_study_rows(index, part.study_instance_uid);
        return {erased.instances, 1, erased.beside};
    }
    take_out(index, part.study_instance_uid, going);
    index.prepare("UPDATE counters SET value = value + 1 WHERE name = 'exams'").run();
    return {going.instances.size(), 0};
}

void make_way(Connection& index, const StudyPart& part) {
    take_out(index, part.study_instance_uid, going_with(index, part));
}

std::size_t erase_results(Connection& index, const std::string& study) {
    const std::vector<Found> results = results_of(index, {study, {}, {}});
    take_out(index, study, results);
    recall_companions(index, study);
    count_again(index, study);
    read_exam_again(index, study);
    return results.size();
}

}  // namespace lucerna::store
