#include "store/instance_rows.h"

#include <algorithm>
#include <cstdio>
#include <map>
#include <set>

#include "store/key_ring.h"
#include "store/matching.h"
#include "store/name_words.h"
#include "store/study_accounts.h"

namespace lucerna::store {
namespace {

void bind_optional(Statement& statement, const std::optional<long long>& number) {
    if (number)
        statement.bind(static_cast<std::int64_t>(*number));
    else
        statement.bind_null();
}

#define SERIES_TEXTS                                                                           \
    "modality, series_description, body_part_examined, laterality, series_date, series_time, " \
    "step_start_date, step_start_time, timezone_offset_from_utc"
constexpr std::string Facts::*kSeriesTexts[] = {
    &Facts::modality,        &Facts::series_description, &Facts::body_part_examined,
    &Facts::laterality,      &Facts::series_date,        &Facts::series_time,
    &Facts::step_start_date, &Facts::step_start_time,    &Facts::timezone_offset_from_utc};
/// Beside those, and in the place of the last, which came later.
constexpr std::size_t kSeriesNumber = std::size(kSeriesTexts) - 1;
constexpr std::size_t kRequestItems = kSeriesNumber + 1;
constexpr std::size_t kSeriesTimezone = kRequestItems + 1;

std::string object_of(const Facts& facts, const Placing& placing) {
    char when[24];
    std::snprintf(when, sizeof when, "%012llx-",
                  static_cast<unsigned long long>(placing.received_at.time_since_epoch().count()));
    return when + facts.sop_instance_uid;
}

void bind_study(Statement& statement, const Facts& row) {
    const NameKeys name = name_keys(row.patient_name);
    for (const auto text : kStudyTexts) statement.bind(row.*text);
    statement.bind(name.alphabetic)
        .bind(name.ideographic)
        .bind(name.phonetic)
        .bind(time_key(row.study_time))
        .bind(name_keys(row.referring_physician_name).alphabetic);
}

std::int64_t insert_study(Connection& index, const Facts& facts, const std::string& object,
                          Role role) {
    Statement insert = index.prepare(
        "INSERT INTO studies (" STUDY_TEXTS
        ", alphabetic_name_key, ideographic_name_key, phonetic_name_key, study_time_key, "
        "referring_physician_name_key, study_instance_uid) VALUES "
        "(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)");
    bind_study(insert, facts);
    insert.bind(facts.study_instance_uid).run();
    const std::int64_t id = index.last_row();
    enter_name_words(index, id, facts.patient_name, facts.referring_physician_name);
    // What was made of it is in the way of nothing that was received.
    if (role != Role::kReceived) return id;
    Accounts accounts;
    if (const Account* account = take_account(accounts, object, facts))
        save_account(index, id, *account);
    return id;
}

Facts kept_study(Connection& index, std::int64_t id) {
    Statement find = index.prepare("SELECT " STUDY_TEXTS " FROM studies WHERE id = ?");
    Facts row;
    if (!find.bind(id).step()) return row;
    int at = 0;
    for (const auto text : kStudyTexts) row.*text = find.text(at++);
    return row;
}

void update_study(Connection& index, std::int64_t id, const Facts& row) {
    Statement update = index.prepare(
        "UPDATE studies SET (" STUDY_TEXTS
        ", alphabetic_name_key, ideographic_name_key, phonetic_name_key, study_time_key, "
        "referring_physician_name_key) = (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?) WHERE id = ?");
    bind_study(update, row);
    update.bind(id).run();
}

void enter_names_anew(Connection& index, std::int64_t study, const Facts& row) {
    index.prepare("DELETE FROM name_words WHERE study = ?").bind(study).run();
    enter_name_words(index, study, row.patient_name, row.referring_physician_name);
}

Entered enter_study(Connection& index, const Facts& facts, const std::string& object, Role role,
                    OtherPatient other, std::int64_t& id) {
    Facts row;
    {
        Statement find =
            index.prepare("SELECT id, " STUDY_TEXTS " FROM studies WHERE study_instance_uid = ?");
        if (find.bind(facts.study_instance_uid).step()) {
            id = find.integer(0);
            int at = 1;
            for (const auto text : kStudyTexts) row.*text = find.text(at++);
        }
    }
    if (id == 0) {
        id = insert_study(index, facts, object, role);
        return {.is_first = true};
    }
    Accounts accounts = accounts_of(index, id);
    if (other == OtherPatient::kRefused) require_same_patient(facts, role, accounts);
    // What was made of it says of its patient what was known then.
    if (role != Role::kReceived) return {};
    const std::size_t left_out = whole_of(accounts).left_out;
    const Account* const account = take_account(accounts, object, facts);
    if (account == nullptr) return {};
    save_account(index, id, *account);
    const WholeStudy whole = whole_of(accounts);
    const bool disagrees = whole.left_out > left_out;
    if (std::any_of(std::begin(kStudyTexts), std::end(kStudyTexts),
                    [&](const auto text) { return whole.says.*text != row.*text; }))
        update_study(index, id, whole.says);
    if (row.patient_name != whole.says.patient_name ||
        row.referring_physician_name != whole.says.referring_physician_name)
        enter_names_anew(index, id, whole.says);
    return {.disagrees = disagrees, .renames = disagrees || names_another(row, whole.says)};
}

/// Modalities in Study (0008,0061): those of its series, once each.
void gather_modalities(Connection& index, std::int64_t study) {
    std::string modalities;
    {
        Statement find = index.prepare(
            "SELECT DISTINCT modality FROM series WHERE study = ? AND modality <> '' ORDER BY "
            "modality");
        find.bind(study);
        while (find.step()) modalities += (modalities.empty() ? "" : "\\") + find.text(0);
    }
    index.prepare("UPDATE studies SET modalities = ? WHERE id = ?")
        .bind(modalities)
        .bind(study)
        .run();
}

struct SeriesRow {
    std::int64_t id = 0;
    Facts facts;
    bool has_items = false;
    Description description = {};
    /// That are in `facts`, and are to be saved.
    bool has_new_items = false;
};

std::optional<SeriesRow> kept_series(Connection& index, std::int64_t study,
                                     const std::string& series_instance_uid) {
    Statement find = index.prepare(
        "SELECT id, described_by, series_number, (SELECT count(*) FROM request_attributes r "
        "WHERE r.series = series.id), " SERIES_TEXTS
        " FROM series WHERE study = ? AND series_instance_uid = ?");
    if (!find.bind(study).bind(series_instance_uid).step()) return {};
    SeriesRow row{find.integer(0), {}, find.integer(3) != 0, Description(find.text(1))};
    if (!find.is_null(2)) row.facts.series_number = find.integer(2);
    int at = 4;
    for (const auto text : kSeriesTexts) row.facts.*text = find.text(at++);
    return row;
}

void save_series(Connection& index, std::int64_t study, const std::string& series_instance_uid,
                 SeriesRow& row) {
    Statement save = index.prepare(
        row.id == 0 ? "INSERT INTO series (" SERIES_TEXTS
                      ", series_number, series_time_key, step_start_time_key, described_by, study, "
                      "series_instance_uid) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"
                    : "UPDATE series SET (" SERIES_TEXTS
                      ", series_number, series_time_key, step_start_time_key, described_by) = "
                      "(?,?,?,?,?,?,?,?,?,?,?,?,?) WHERE study = ? AND series_instance_uid = ?");
    for (const auto text : kSeriesTexts) save.bind(row.facts.*text);
    bind_optional(save, row.facts.series_number);
    save.bind(time_key(row.facts.series_time))
        .bind(time_key(row.facts.step_start_time))
        .bind(row.description.column())
        .bind(study)
        .bind(series_instance_uid)
        .run();
    if (row.id == 0) row.id = index.last_row();
}

void save_items(Connection& index, std::int64_t series,
                const std::vector<Facts::RequestItem>& items) {
    index.prepare("DELETE FROM request_attributes WHERE series = ?").bind(series).run();
    for (const Facts::RequestItem& item : items)
        index.prepare("INSERT INTO request_attributes VALUES (?,?,?)")
            .bind(series)
            .bind(item.scheduled_procedure_step_id)
            .bind(item.requested_procedure_id)
            .run();
}

/// The same of a series, with its items. True where that is anything.
bool take_series(const std::string& object, const Facts& facts, SeriesRow& row) {
    bool changes = take_texts(row.description, object, facts,
                              std::span(kSeriesTexts).first<kSeriesNumber>(), row.facts);
    const std::string& timezone = facts.timezone_offset_from_utc;
    if (!timezone.empty() && row.description.takes(kSeriesTimezone, object,
                                                   !row.facts.timezone_offset_from_utc.empty())) {
        row.facts.timezone_offset_from_utc = timezone;
        changes = true;
    }
    if (facts.series_number &&
        row.description.takes(kSeriesNumber, object, row.facts.series_number.has_value())) {
        row.facts.series_number = facts.series_number;
        changes = true;
    }
    if (!facts.request_items.empty() &&
        row.description.takes(kRequestItems, object, row.has_items)) {
        row.facts.request_items = facts.request_items;
        row.has_items = row.has_new_items = changes = true;
    }
    return changes;
}

std::int64_t series_row(Connection& index, std::int64_t study, const Facts& facts,
                        const std::string& object) {
    const std::optional<SeriesRow> kept = kept_series(index, study, facts.series_instance_uid);
    SeriesRow row = kept.value_or(SeriesRow{});
    if (!take_series(object, facts, row) && kept) return row.id;
    save_series(index, study, facts.series_instance_uid, row);
    if (row.has_new_items) save_items(index, row.id, row.facts.request_items);
    if (!kept)
        index.prepare("UPDATE studies SET series_count = series_count + 1 WHERE id = ?")
            .bind(study)
            .run();
    if (!kept || kept->facts.modality != row.facts.modality) gather_modalities(index, study);
    return row.id;
}

std::vector<Facts::RequestItem> kept_items(Connection& index, std::int64_t series) {
    Statement find = index.prepare(
        "SELECT scheduled_procedure_step_id, requested_procedure_id FROM request_attributes WHERE "
        "series = ?");
    find.bind(series);
    std::vector<Facts::RequestItem> items;
    while (find.step()) items.push_back({find.text(0), find.text(1)});
    return items;
}

/// What an object that cannot be read may have said of its series: nothing that a later one gave.
void take_kept_series(Connection& index, std::int64_t study, const std::string& object,
                      Facts& facts) {
    const std::optional<SeriesRow> kept = kept_series(index, study, facts.series_instance_uid);
    if (!kept) return;
    const auto may_be_its = [&](std::size_t attribute) {
        return kept->description.object_of(attribute) <= object;
    };
    for (std::size_t i = 0; i < kSeriesNumber; ++i)
        if (may_be_its(i)) facts.*kSeriesTexts[i] = kept->facts.*kSeriesTexts[i];
    if (may_be_its(kSeriesNumber)) facts.series_number = kept->facts.series_number;
    if (may_be_its(kRequestItems)) facts.request_items = kept_items(index, kept->id);
}

std::string key_owner_of(Connection& index, const std::string& sop_instance_uid) {
    Statement find = index.prepare("SELECT " + owner_in("k") +
                                   " FROM instances i JOIN data_keys k ON k.name = i.data_key "
                                   "WHERE i.sop_instance_uid = ?");
    return find.bind(sop_instance_uid).step() ? find.text(0) : std::string();
}

/// `objects`, and what the index has of those that cannot be read: each as often as it may be of
/// another account.
std::vector<Described> all_that_is_said(Connection& index, std::int64_t study,
                                        std::span<const Described> objects) {
    std::vector<Described> all;
    for (const Described& one : objects) {
        if (one.is_readable) {
            all.push_back(one);
            continue;
        }
        const std::string object = object_of(one.facts, one.placing);
        Facts known = one.facts;
        take_kept_series(index, study, object, known);
        // Of results alone there are none.
        Accounts accounts = accounts_of(index, study);
        if (accounts.empty()) accounts.push_back({kept_study(index, study)});
        auto said =
            may_have_said(accounts, known, object, key_owner_of(index, known.sop_instance_uid));
        if (said.empty()) said.push_back(known);
        for (Facts& facts : said) all.push_back({std::move(facts), one.placing});
    }
    return all;
}

}  // namespace

Entered insert_instance(Connection& index, const Facts& facts, const Placing& placing,
                        OtherPatient other) {
    const std::string object = object_of(facts, placing);
    std::int64_t study = 0;
    const Entered entered = enter_study(index, facts, object, placing.role, other, study);
    const std::int64_t series = series_row(index, study, facts, object);
    Statement insert = index.prepare(
        "INSERT INTO instances (series, sop_instance_uid, sop_class_uid, transfer_syntax_uid, "
        "instance_number, rows, columns, bits_allocated, number_of_frames, view_position, "
        "image_laterality, view, role, object, data_key, bytes, head_bytes, received_at) "
        "VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)");
    insert.bind(series)
        .bind(facts.sop_instance_uid)
        .bind(facts.sop_class_uid)
        .bind(facts.transfer_syntax_uid);
    bind_optional(insert, facts.instance_number);
    bind_optional(insert, facts.rows);
    bind_optional(insert, facts.columns);
    bind_optional(insert, facts.bits_allocated);
    bind_optional(insert, facts.number_of_frames);
    insert.bind(facts.view_position)
        .bind(facts.image_laterality)
        .bind(facts.view)
        .bind(static_cast<int>(placing.role))
        .bind(placing.object)
        .bind(placing.data_key)
        .bind(static_cast<std::int64_t>(placing.bytes))
        .bind(static_cast<std::int64_t>(placing.head_bytes))
        .bind(placing.received_at)
        .run();
    index.prepare("UPDATE series SET instance_count = instance_count + 1 WHERE id = ?")
        .bind(series)
        .run();
    index.prepare("UPDATE studies SET instance_count = instance_count + 1 WHERE id = ?")
        .bind(study)
        .run();
    return entered;
}

DescribedAnew describe_anew(Connection& index, const std::string& study_instance_uid,
                            std::span<const Described> objects) {
    std::int64_t study = 0;
    std::set<std::string> kept;
    std::map<std::string, SeriesRow> series;
    {
        Statement find = index.prepare(
            "SELECT s.id, e.id, e.series_instance_uid, i.sop_instance_uid FROM instances i JOIN "
            "series e ON e.id = i.series JOIN studies s ON s.id = e.study WHERE "
            "s.study_instance_uid = ?");
        find.bind(study_instance_uid);
        while (find.step()) {
            study = find.integer(0);
            series[find.text(2)].id = find.integer(1);
            kept.insert(find.text(3));
        }
    }
    const std::vector<Described> said = all_that_is_said(index, study, objects);
    Accounts accounts;
    // As enter_study does.
    const auto says_anything = [](const Facts& facts) {
        return std::any_of(std::begin(kStudyTexts), std::end(kStudyTexts),
                           [&](const auto text) { return !(facts.*text).empty(); });
    };
    const bool has_received = std::any_of(said.begin(), said.end(), [&](const Described& one) {
        return one.placing.role == Role::kReceived && says_anything(one.facts) &&
               kept.contains(one.facts.sop_instance_uid);
    });
    for (const auto& [facts, placing, is_readable] : said) {
        if (!kept.contains(facts.sop_instance_uid)) continue;
        const std::string object = object_of(facts, placing);
        if (placing.role == Role::kReceived || !has_received)
            (void)take_account(accounts, object, facts);
        (void)take_series(object, facts, series[facts.series_instance_uid]);
    }
    for (const Described& one : objects) kept.erase(one.facts.sop_instance_uid);
    if (!kept.empty()) return DescribedAnew::kNot;
    if (study == 0) return DescribedAnew::kAsTheSamePersons;
    const WholeStudy whole = whole_of(accounts), before = whole_of(accounts_of(index, study));
    const Facts& row = whole.says;
    replace_accounts(index, study, has_received ? accounts : Accounts());
    update_study(index, study, row);
    enter_names_anew(index, study, row);
    for (auto& [series_instance_uid, one] : series) {
        save_series(index, study, series_instance_uid, one);
        save_items(index, one.id, one.facts.request_items);
    }
    gather_modalities(index, study);
    // Of results alone there is nobody that they could name wrongly.
    if (!has_received) return DescribedAnew::kAsTheSamePersons;
    return whole.left_out == before.left_out && !names_another(before.says, row)
               ? DescribedAnew::kAsTheSamePersons
               : DescribedAnew::kAsAnothers;
}

}  // namespace lucerna::store
