#include "store/workitem_book.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <utility>

#include "base/error.h"
#include "store/matching.h"
#include "store/parts.h"
#include "store/same_patient.h"
#include "store/saying.h"

namespace lucerna::store {
namespace {

constexpr const char* kColumns =
    "SELECT sop_instance_uid, state, transaction_uid, patient_id, issuer_of_patient_id, "
    "study_instance_uid, dataset_json, id FROM workitems ";

Workitem workitem_from(const Statement& row) {
    return {row.text(0), row.text(1), row.text(2), row.text(3),
            row.text(4), row.text(5), row.text(6)};
}

std::optional<Workitem> workitem_of(Connection& index, const std::string& uid) {
    Statement find = index.prepare(std::string(kColumns) + "WHERE sop_instance_uid = ?");
    if (!find.bind(uid).step()) return {};
    return workitem_from(find);
}

/// It would go where that other patient is erased. What it named before may have become hers since.
void require_no_study_of_another(Connection& index, const Workitem& item,
                                 const std::string& json_before = {}) {
    if (item.patient_id.empty() || item.json == json_before) return;
    const PatientKey patient{indexed_text(item.patient_id),
                             indexed_text(item.issuer_of_patient_id)};
    const std::vector<std::string> before = said_in_workitem(json_before).studies;
    for (const std::string& study : said_in_workitem(item.json).studies)
        if (std::find(before.begin(), before.end(), study) == before.end() &&
            is_study_of_another(index, indexed_text(study), patient, 0))
            throw Error(ErrorCode::kConflict,
                        "a Study Instance UID (0020,000D) is of another patient's study or order");
}

}  // namespace

WorkitemBook::WorkitemBook(Parts& parts) : parts_(parts) {}

bool WorkitemBook::add(const Workitem& item,
                       const std::function<bool(const std::string& filter)>& fits) {
    const Instant now = parts_.clock.now();
    bool added = false;
    // Before the transaction, in which everybody else waits to write; but for those of a moment
    // ago.
    std::map<std::string, bool> looked_at;
    for (const std::string& filter : parts_.index.read(filters_of_subscriptions))
        looked_at.emplace(filter, fits && fits(filter));
    const auto fits_it = [&](const std::string& filter) {
        const auto known = looked_at.find(filter);
        return known != looked_at.end() ? known->second : fits && fits(filter);
    };
    parts_.index.write([&](Connection& index) {
        added = !workitem_of(index, item.sop_instance_uid);
        if (!added) return;
        require_no_study_of_another(index, item);
        index
            .prepare(
                "INSERT INTO workitems (sop_instance_uid, state, transaction_uid, patient_id, "
                "issuer_of_patient_id, study_instance_uid, dataset_json) VALUES (?,?,?,?,?,?,?)")
            .bind(item.sop_instance_uid)
            .bind(item.state)
            .bind(item.transaction_uid)
            .bind(indexed_text(item.patient_id))
            .bind(indexed_text(item.issuer_of_patient_id))
            .bind(indexed_text(item.study_instance_uid))
            .bind(item.json)
            .run();
        subscribe_to_new(index, item.sop_instance_uid, fits_it);
        tell_subscribers(index, item.sop_instance_uid, item.reports, now);
    });
    if (added) parts_.subscriptions.has_news();
    return added;
}

std::optional<Workitem> WorkitemBook::find(const std::string& sop_instance_uid) {
    return parts_.index.read(
        [&](Connection& index) { return workitem_of(index, sop_instance_uid); });
}

void WorkitemBook::change(const std::string& sop_instance_uid,
                          const std::function<void(Workitem&)>& work) {
    const Instant now = parts_.clock.now();
    parts_.index.write([&](Connection& index) {
        std::optional<Workitem> item = workitem_of(index, sop_instance_uid);
        if (!item) throw Error(ErrorCode::kNotFound, "there is no such work item");
        item->is_watched = has_subscribers(index, sop_instance_uid);
        const std::string before = item->json;
        work(*item);
        require_no_study_of_another(index, *item, before);
        index
            .prepare(
                "UPDATE workitems SET state = ?, transaction_uid = ?, patient_id = ?, "
                "issuer_of_patient_id = ?, study_instance_uid = ?, dataset_json = ? WHERE "
                "sop_instance_uid = ?")
            .bind(item->state)
            .bind(item->transaction_uid)
            .bind(indexed_text(item->patient_id))
            .bind(indexed_text(item->issuer_of_patient_id))
            .bind(indexed_text(item->study_instance_uid))
            .bind(item->json)
            .bind(sop_instance_uid)
            .run();
        tell_subscribers(index, sop_instance_uid, item->reports, now);
    });
    parts_.subscriptions.has_news();
}

void WorkitemBook::for_each(const WorkitemFilter& filter,
                            const std::function<bool(const Workitem&)>& take) {
    // Of rows that can be large: no more are held than a page of them.
    constexpr std::size_t kPageBytes = std::size_t{4} << 20;
    const std::pair<const char*, std::string> columns[] = {
        {"state", filter.state},
        {"patient_id", indexed_text(filter.patient_id)},
        {"study_instance_uid", indexed_text(filter.study_instance_uid)}};
    std::string sql = std::string(kColumns) + "WHERE id > ?";
    for (const auto& [column, value] : columns)
        if (!value.empty()) sql += std::string(" AND ") + column + " = ?";
    sql += " ORDER BY id LIMIT 64";
    std::int64_t after = 0;
    for (;;) {
        std::vector<Workitem> page;
        bool is_last = false;
        parts_.index.read([&](Connection& index) {
            Statement next = index.prepare(sql);
            next.bind(after);
            for (const auto& [column, value] : columns)
                if (!value.empty()) next.bind(value);
            std::size_t bytes = 0;
            while (bytes < kPageBytes && !(is_last = !next.step())) {
                page.push_back(workitem_from(next));
                after = next.integer(7);
                bytes += page.back().json.size();
            }
            is_last = is_last && page.size() < 64;
        });
        for (const Workitem& item : page)
            if (!take(item)) return;
        if (is_last) return;
    }
}

namespace {

/// Those that name it, wherever they do: as theirs, or for their input.
constexpr const char* kOfStudy =
    R"sql( FROM workitems
WHERE (study_instance_uid = ?1 OR instr(dataset_json, '"' || ?1 || '"') > 0))sql";

std::size_t counted(Statement&& count) {
    return count.step() ? static_cast<std::size_t>(count.integer(0)) : 0;
}

}  // namespace

std::size_t count_workitems_of_study(Connection& index, const std::string& study_instance_uid) {
    Statement count = index.prepare(std::string("SELECT count(*)") + kOfStudy);
    return counted(std::move(count.bind(study_instance_uid)));
}

std::size_t erase_workitems_of_study(Connection& index, const std::string& study_instance_uid) {
    index.prepare(std::string("DELETE") + kOfStudy).bind(study_instance_uid).run();
    return static_cast<std::size_t>(index.changes());
}

std::size_t erase_workitems_of_nobody(Connection& index, const std::string& study_instance_uid) {
    index.prepare(std::string("DELETE") + kOfStudy + " AND patient_id = ''")
        .bind(study_instance_uid)
        .run();
    return static_cast<std::size_t>(index.changes());
}

std::size_t erase_workitem(Connection& index, const std::string& sop_instance_uid) {
    index.prepare("DELETE FROM workitems WHERE sop_instance_uid = ?").bind(sop_instance_uid).run();
    return static_cast<std::size_t>(index.changes());
}

std::size_t erase_workitems_of_patient(Connection& index, const std::string& patient_id,
                                       const std::string& issuer_of_patient_id) {
    index
        .prepare(
            "DELETE FROM workitems WHERE patient_id = ?1 AND issuer_of_patient_id = ?2 AND NOT (?2 "
            "= '' AND EXISTS (SELECT 1 FROM studies s WHERE s.study_instance_uid = "
            "workitems.study_instance_uid AND s.patient_id = ?1 AND s.issuer_of_patient_id <> "
            "''))")
        .bind(indexed_text(patient_id))
        .bind(indexed_text(issuer_of_patient_id))
        .run();
    return static_cast<std::size_t>(index.changes());
}

}  // namespace lucerna::store
