#include "store/facts.h"

#include <algorithm>

#include "base/error.h"
#include "dicom/uids.h"
#include "exam/view.h"
#include "store/matching.h"
#include "store/name_words.h"

namespace lucerna::store {
namespace {

std::string value_of(const dicom::DataSet& data_set, dicom::Tag tag) {
    std::string value = data_set.text_or(tag, "");
    // A null byte or a space pads to even length.
    while (!value.empty() && (value.back() == '\0' || value.back() == ' ')) value.pop_back();
    return indexed_text(value);
}

std::string uid_of(const dicom::DataSet& data_set, dicom::Tag tag, const char* name) {
    std::string uid = value_of(data_set, tag);
    if (uid.empty()) throw Error(ErrorCode::kInvalidInput, std::string(name) + " is missing");
    if (!dicom::is_valid_uid(uid))
        throw Error(ErrorCode::kInvalidInput, std::string(name) + " is not a UID");
    return uid;
}

/// As many as a series can be meant to answer; more would make the index heavy.
constexpr std::size_t kMostRequestItems = 64;

std::vector<Facts::RequestItem> request_items_of(const dicom::DataSet& data_set) {
    std::vector<Facts::RequestItem> items;
    for (const dicom::DataSet& item : data_set.items({0x0040, 0x0275})) {
        Facts::RequestItem one{value_of(item, {0x0040, 0x0009}), value_of(item, {0x0040, 0x1001})};
        // The index hands them out with control characters between (query.h).
        for (std::string* text : {&one.scheduled_procedure_step_id, &one.requested_procedure_id})
            std::erase_if(*text, [](char letter) { return letter >= 0 && letter < 0x20; });
        if (one.scheduled_procedure_step_id.empty() && one.requested_procedure_id.empty()) continue;
        items.push_back(std::move(one));
        if (items.size() == kMostRequestItems) break;
    }
    return items;
}

std::string date_of(const dicom::DataSet& data_set, dicom::Tag tag) {
    std::string value = value_of(data_set, tag);
    std::string key = date_key(value);
    return key.empty() ? value : key;
}

std::string view_as_it_stands(const Facts& facts) {
    const std::string& side =
        facts.image_laterality.empty() ? facts.laterality : facts.image_laterality;
    const auto view = exam::view_name_from(side + "-" + facts.view_position);
    return view ? exam::to_string(*view) : std::string();
}

void bind_optional(Statement& statement, const std::optional<long long>& number) {
    if (number)
        statement.bind(static_cast<std::int64_t>(*number));
    else
        statement.bind_null();
}

std::int64_t study_row(Connection& index, const Facts& facts) {
    Statement find = index.prepare("SELECT id FROM studies WHERE study_instance_uid = ?");
    if (find.bind(facts.study_instance_uid).step()) return find.integer(0);
    const NameKeys name = name_keys(facts.patient_name);
    index
        .prepare(
            "INSERT INTO studies (study_instance_uid, patient_id, issuer_of_patient_id, "
            "patient_name, alphabetic_name_key, ideographic_name_key, phonetic_name_key, "
            "patient_birth_date, patient_sex, study_date, study_time, study_time_key, "
            "accession_number, study_id, study_description, referring_physician_name, "
            "referring_physician_name_key) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)")
        .bind(facts.study_instance_uid)
        .bind(facts.patient_id)
        .bind(facts.issuer_of_patient_id)
        .bind(facts.patient_name)
        .bind(name.alphabetic)
        .bind(name.ideographic)
        .bind(name.phonetic)
        .bind(facts.patient_birth_date)
        .bind(facts.patient_sex)
        .bind(facts.study_date)
        .bind(facts.study_time)
        .bind(time_key(facts.study_time))
        .bind(facts.accession_number)
        .bind(facts.study_id)
        .bind(facts.study_description)
        .bind(facts.referring_physician_name)
        .bind(name_keys(facts.referring_physician_name).alphabetic)
        .run();
    const std::int64_t row = index.last_row();
    enter_name_words(index, row, facts.patient_name, facts.referring_physician_name);
    return row;
}

void add_modality(Connection& index, std::int64_t study, const std::string& modality) {
    if (modality.empty()) return;
    std::string modalities;
    {
        Statement find = index.prepare("SELECT modalities FROM studies WHERE id = ?");
        if (find.bind(study).step()) modalities = find.text(0);
    }
    std::vector<std::string> all;
    if (!modalities.empty())
        for (const std::string_view one : split(modalities, "\\")) all.emplace_back(one);
    if (std::find(all.begin(), all.end(), modality) != all.end()) return;
    all.push_back(modality);
    std::sort(all.begin(), all.end());
    modalities.clear();
    for (const std::string& one : all) modalities += (modalities.empty() ? "" : "\\") + one;
    index.prepare("UPDATE studies SET modalities = ? WHERE id = ?")
        .bind(modalities)
        .bind(study)
        .run();
}

std::int64_t series_row(Connection& index, std::int64_t study, const Facts& facts) {
    {
        Statement find =
            index.prepare("SELECT id FROM series WHERE study = ? AND series_instance_uid = ?");
        if (find.bind(study).bind(facts.series_instance_uid).step()) return find.integer(0);
    }
    Statement insert = index.prepare(
        "INSERT INTO series (study, series_instance_uid, modality, series_number, "
        "series_description, body_part_examined, laterality, series_date, series_time, "
        "series_time_key, step_start_date, step_start_time, step_start_time_key) "
        "VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)");
    insert.bind(study).bind(facts.series_instance_uid).bind(facts.modality);
    bind_optional(insert, facts.series_number);
    insert.bind(facts.series_description)
        .bind(facts.body_part_examined)
        .bind(facts.laterality)
        .bind(facts.series_date)
        .bind(facts.series_time)
        .bind(time_key(facts.series_time))
        .bind(facts.step_start_date)
        .bind(facts.step_start_time)
        .bind(time_key(facts.step_start_time))
        .run();
    const std::int64_t row = index.last_row();
    for (const Facts::RequestItem& item : facts.request_items)
        index.prepare("INSERT INTO request_attributes VALUES (?,?,?)")
            .bind(row)
            .bind(item.scheduled_procedure_step_id)
            .bind(item.requested_procedure_id)
            .run();
    index.prepare("UPDATE studies SET series_count = series_count + 1 WHERE id = ?")
        .bind(study)
        .run();
    add_modality(index, study, facts.modality);
    return row;
}

}  // namespace

std::string key_owner_of_patient(const std::string& patient_id,
                                 const std::string& issuer_of_patient_id) {
    return "patient\n" + indexed_text(patient_id) + "\n" + indexed_text(issuer_of_patient_id);
}

std::string Facts::key_owner() const {
    return patient_id.empty() ? "study\n" + study_instance_uid
                              : key_owner_of_patient(patient_id, issuer_of_patient_id);
}

Facts facts_of(const dicom::DataSet& data_set, const ViewOf& view_of) {
    const auto text = [&](std::uint16_t group, std::uint16_t element) {
        return value_of(data_set, dicom::Tag{group, element});
    };
    const auto date = [&](std::uint16_t group, std::uint16_t element) {
        return date_of(data_set, dicom::Tag{group, element});
    };
    const auto number = [&](std::uint16_t group, std::uint16_t element) {
        return data_set.integer(dicom::Tag{group, element});
    };
    Facts facts;
    facts.sop_class_uid = uid_of(data_set, {0x0008, 0x0016}, "SOP Class UID (0008,0016)");
    facts.sop_instance_uid = uid_of(data_set, {0x0008, 0x0018}, "SOP Instance UID (0008,0018)");
    facts.study_instance_uid = uid_of(data_set, {0x0020, 0x000D}, "Study Instance UID (0020,000d)");
    facts.series_instance_uid =
        uid_of(data_set, {0x0020, 0x000E}, "Series Instance UID (0020,000e)");
    facts.transfer_syntax_uid = data_set.transfer_syntax_uid();

    facts.patient_id = text(0x0010, 0x0020);
    facts.issuer_of_patient_id = text(0x0010, 0x0021);
    facts.patient_name = text(0x0010, 0x0010);
    facts.patient_birth_date = date(0x0010, 0x0030);
    facts.patient_sex = text(0x0010, 0x0040);
    facts.study_date = date(0x0008, 0x0020);
    facts.study_time = text(0x0008, 0x0030);
    facts.accession_number = text(0x0008, 0x0050);
    facts.study_id = text(0x0020, 0x0010);
    facts.study_description = text(0x0008, 0x1030);
    facts.referring_physician_name = text(0x0008, 0x0090);

    facts.modality = text(0x0008, 0x0060);
    facts.series_number = number(0x0020, 0x0011);
    facts.series_description = text(0x0008, 0x103E);
    facts.body_part_examined = text(0x0018, 0x0015);
    facts.laterality = text(0x0020, 0x0060);
    facts.series_date = date(0x0008, 0x0021);
    facts.series_time = text(0x0008, 0x0031);
    facts.step_start_date = date(0x0040, 0x0244);
    facts.step_start_time = text(0x0040, 0x0245);
    facts.request_items = request_items_of(data_set);

    facts.instance_number = number(0x0020, 0x0013);
    facts.rows = number(0x0028, 0x0010);
    facts.columns = number(0x0028, 0x0011);
    facts.bits_allocated = number(0x0028, 0x0100);
    facts.number_of_frames = number(0x0028, 0x0008);
    facts.view_position = text(0x0018, 0x5101);
    facts.image_laterality = text(0x0020, 0x0062);
    facts.view = view_of ? view_of(data_set) : view_as_it_stands(facts);
    return facts;
}

void insert_instance(Connection& index, const Facts& facts, const Placing& placing) {
    const std::int64_t study = study_row(index, facts);
    const std::int64_t series = series_row(index, study, facts);
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

}  // namespace lucerna::store
