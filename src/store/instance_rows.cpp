#include "store/instance_rows.h"

#include <algorithm>
#include <cstdio>
#include <map>
#include <set>

#include "store/matching.h"
#include "store/name_words.h"
#include "store/same_patient.h"

namespace lucerna::store {
namespace {

void bind_optional(Statement& statement, const std::optional<long long>& number) {
    if (number)
        statement.bind(static_cast<std::int64_t>(*number));
    else
        statement.bind_null();
}

/// The attributes of a study's row, in the order of every statement below.
#define STUDY_TEXTS                                                                     \
    "patient_id, issuer_of_patient_id, patient_name, patient_birth_date, patient_sex, " \
    "study_date, study_time, accession_number, study_id, study_description, "           \
    "referring_physician_name, timezone_offset_from_utc"
constexpr std::string Facts::*kStudyTexts[] = {&Facts::patient_id,
                                               &Facts::issuer_of_patient_id,
                                               &Facts::patient_name,
                                               &Facts::patient_birth_date,
                                               &Facts::patient_sex,
                                               &Facts::study_date,
                                               &Facts::study_time,
                                               &Facts::accession_number,
                                               &Facts::study_id,
                                               &Facts::study_description,
                                               &Facts::referring_physician_name,
                                               &Facts::timezone_offset_from_utc};

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

/// Which object gave each attribute of a row, as the column described_by holds it:
/// "OBJECT:LETTERS" joined by semicolons, a letter for an attribute, an object named so that of
/// two the one received first is the smaller. What is not named was there before there was such a
/// column: no object is earlier.
class Description {
  public:
    Description() = default;
    explicit Description(const std::string& column) {
        if (column.empty()) return;
        for (const std::string_view one : split(column, ";")) {
            const std::size_t colon = one.find(':');
            if (colon == std::string_view::npos) continue;
            for (const char letter : one.substr(colon + 1))
                given_[letter] = std::string(one.substr(0, colon));
        }
    }

    /// The row is to have the attribute from this object: it has none, or one of a later object.
    bool takes(std::size_t attribute, const std::string& object, bool row_has_it) {
        const char letter = letter_of(attribute);
        if (row_has_it) {
            const auto found = given_.find(letter);
            if (found == given_.end() || found->second <= object) return false;
        }
        given_[letter] = object;
        return true;
    }

    [[nodiscard]] std::string column() const {
        std::map<std::string, std::string> letters;
        for (const auto& [letter, object] : given_) letters[object] += letter;
        std::string text;
        for (const auto& [object, of_it] : letters) {
            if (!text.empty()) text += ';';
            text += object;
            text += ':';
            text += of_it;
        }
        return text;
    }

  private:
    static char letter_of(std::size_t attribute) {
        return static_cast<char>('a' + static_cast<int>(attribute));
    }
    std::map<char, std::string> given_;
};

std::string object_of(const Facts& facts, const Placing& placing) {
    char when[24];
    std::snprintf(when, sizeof when, "%012llx-",
                  static_cast<unsigned long long>(placing.received_at.time_since_epoch().count()));
    return when + facts.sop_instance_uid;
}

/// Puts into `row` what it takes of `facts`. True where that is anything.
bool take_texts(Description& description, const std::string& object, const Facts& facts,
                std::span<std::string Facts::*const> texts, Facts& row) {
    bool any = false;
    for (std::size_t i = 0; i < texts.size(); ++i) {
        const std::string& given = facts.*texts[i];
        if (given.empty() || !description.takes(i, object, !(row.*texts[i]).empty())) continue;
        row.*texts[i] = given;
        any = true;
    }
    return any;
}

void bind_study(Statement& statement, const Facts& row, const Description& description) {
    const NameKeys name = name_keys(row.patient_name);
    for (const auto text : kStudyTexts) statement.bind(row.*text);
    statement.bind(name.alphabetic)
        .bind(name.ideographic)
        .bind(name.phonetic)
        .bind(time_key(row.study_time))
        .bind(name_keys(row.referring_physician_name).alphabetic)
        .bind(description.column());
}

std::int64_t insert_study(Connection& index, const Facts& facts, const std::string& object) {
    Facts row;
    Description description;
    take_texts(description, object, facts, kStudyTexts, row);
    Statement insert = index.prepare(
        "INSERT INTO studies (" STUDY_TEXTS
        ", alphabetic_name_key, ideographic_name_key, phonetic_name_key, study_time_key, "
        "referring_physician_name_key, described_by, study_instance_uid) VALUES "
        "(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)");
    bind_study(insert, row, description);
    insert.bind(facts.study_instance_uid).run();
    const std::int64_t id = index.last_row();
    enter_name_words(index, id, row.patient_name, row.referring_physician_name);
    return id;
}

void update_study(Connection& index, std::int64_t id, const Facts& row,
                  const Description& description) {
    Statement update = index.prepare(
        "UPDATE studies SET (" STUDY_TEXTS
        ", alphabetic_name_key, ideographic_name_key, phonetic_name_key, study_time_key, "
        "referring_physician_name_key, described_by) = "
        "(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?) "
        "WHERE id = ?");
    bind_study(update, row, description);
    update.bind(id).run();
}

/// The first of kStudyTexts are of the patient.
constexpr std::size_t kPatientTexts = 5;

/// Of two patients in one study, which an earlier version took, one is whose it is, as a whole.
/// Returns what of `facts` may count.
Facts of_one_patient(Description& description, const std::string& object, Facts facts, Facts& row) {
    Facts& other = description.takes(0, object, true) ? row : facts;
    for (std::size_t i = 0; i < kPatientTexts; ++i) (other.*kStudyTexts[i]).clear();
    return facts;
}

/// Puts into the row of a study what it takes of `facts`. True where that is anything.
bool take_study(Description& description, const std::string& object, const Facts& facts,
                Facts& row) {
    if (!are_of_two_patients({facts.patient_id, facts.issuer_of_patient_id},
                             {row.patient_id, row.issuer_of_patient_id}))
        return take_texts(description, object, facts, kStudyTexts, row);
    return take_texts(description, object, of_one_patient(description, object, facts, row),
                      kStudyTexts, row);
}

void enter_names_anew(Connection& index, std::int64_t study, const Facts& row) {
    index.prepare("DELETE FROM name_words WHERE study = ?").bind(study).run();
    enter_name_words(index, study, row.patient_name, row.referring_physician_name);
}

std::int64_t study_row(Connection& index, const Facts& facts, const std::string& object,
                       OtherPatient other) {
    Facts row;
    std::int64_t id = 0;
    std::string described_by;
    {
        Statement find = index.prepare("SELECT id, described_by, " STUDY_TEXTS
                                       " FROM studies WHERE study_instance_uid = ?");
        if (find.bind(facts.study_instance_uid).step()) {
            id = find.integer(0);
            described_by = find.text(1);
            int at = 2;
            for (const auto text : kStudyTexts) row.*text = find.text(at++);
        }
    }
    if (id == 0) return insert_study(index, facts, object);
    if (other == OtherPatient::kRefused) require_same_patient(facts, person_of(row));
    const std::string patient = row.patient_name;
    const std::string referring = row.referring_physician_name;
    Description description(described_by);
    if (!take_study(description, object, facts, row)) return id;
    update_study(index, id, row, description);
    if (row.patient_name != patient || row.referring_physician_name != referring)
        enter_names_anew(index, id, row);
    return id;
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

}  // namespace

void insert_instance(Connection& index, const Facts& facts, const Placing& placing,
                     OtherPatient other) {
    const std::string object = object_of(facts, placing);
    const std::int64_t study = study_row(index, facts, object, other);
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
}

bool describe_anew(Connection& index, const std::string& study_instance_uid,
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
    Facts row;
    Description description;
    for (const auto& [facts, placing] : objects) {
        if (kept.erase(facts.sop_instance_uid) == 0) continue;
        const std::string object = object_of(facts, placing);
        (void)take_study(description, object, facts, row);
        (void)take_series(object, facts, series[facts.series_instance_uid]);
    }
    if (!kept.empty()) return false;
    if (study == 0) return true;
    update_study(index, study, row, description);
    enter_names_anew(index, study, row);
    for (auto& [series_instance_uid, one] : series) {
        save_series(index, study, series_instance_uid, one);
        save_items(index, one.id, one.facts.request_items);
    }
    gather_modalities(index, study);
    return true;
}

}  // namespace lucerna::store
