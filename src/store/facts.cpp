#include "store/facts.h"

#include "base/error.h"
#include "dicom/patient_issuer.h"
#include "dicom/tags.h"
#include "dicom/uids.h"
#include "exam/view.h"
#include "store/exam_kinds.h"
#include "store/matching.h"

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

}  // namespace

std::string key_owner_of_patient(const std::string& patient_id,
                                 const std::string& issuer_of_patient_id) {
    // The first line end behind "patient" is that of the ID: one in it, which PS3.5 6.2 allows in
    // none, is written otherwise.
    std::string id;
    for (const char c : indexed_text(patient_id)) {
        if (c == '\n' || c == '\x01') id += '\x01';
        id += c == '\n' ? 'n' : c;
    }
    return "patient\n" + id + "\n" + indexed_text(issuer_of_patient_id);
}

std::string Facts::key_owner() const {
    return patient_id.empty() ? "study\n" + study_instance_uid
                              : key_owner_of_patient(patient_id, issuer_of_patient_id);
}

bool Facts::is_exam_image() const {
    return rows.value_or(0) > 0 && columns.value_or(0) > 0 &&
           is_of_an_exam(sop_class_uid, modality);
}

Facts facts_of_arriving(const dicom::DataSet& data_set, const ViewOf& view_of) {
    namespace tags = dicom::tags;
    for (const dicom::Tag tag :
         {tags::kPatientId, tags::kIssuerOfPatientId, tags::kStudyInstanceUid,
          tags::kSeriesInstanceUid, tags::kSopInstanceUid, tags::kSopClassUid})
        if (data_set.value_count(tag) > 1)
            throw Error(ErrorCode::kInvalidInput,
                        dicom::describe(tag) + " has several values: no backslash can be in it");
    return facts_of(data_set, view_of);
}

Facts study_facts_of(const dicom::DataSet& data_set) {
    const auto text = [&](std::uint16_t group, std::uint16_t element) {
        return value_of(data_set, dicom::Tag{group, element});
    };
    const auto date = [&](std::uint16_t group, std::uint16_t element) {
        return date_of(data_set, dicom::Tag{group, element});
    };
    Facts facts;
    facts.patient_id = text(0x0010, 0x0020);
    // Of what is not there it says nothing.
    if (!facts.patient_id.empty())
        facts.issuer_of_patient_id = indexed_text(dicom::issuer_of_patient_id(data_set));
    facts.patient_name = text(0x0010, 0x0010);
    facts.patient_birth_date = date(0x0010, 0x0030);
    facts.patient_sex = text(0x0010, 0x0040);
    facts.study_date = date(0x0008, 0x0020);
    facts.study_time = text(0x0008, 0x0030);
    facts.accession_number = text(0x0008, 0x0050);
    facts.study_id = text(0x0020, 0x0010);
    facts.study_description = text(0x0008, 0x1030);
    facts.referring_physician_name = text(0x0008, 0x0090);

    facts.timezone_offset_from_utc = text(0x0008, 0x0201);
    return facts;
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
    Facts facts = study_facts_of(data_set);
    facts.sop_class_uid = uid_of(data_set, {0x0008, 0x0016}, "SOP Class UID (0008,0016)");
    facts.sop_instance_uid = uid_of(data_set, {0x0008, 0x0018}, "SOP Instance UID (0008,0018)");
    facts.study_instance_uid = uid_of(data_set, {0x0020, 0x000D}, "Study Instance UID (0020,000d)");
    facts.series_instance_uid =
        uid_of(data_set, {0x0020, 0x000E}, "Series Instance UID (0020,000e)");
    facts.transfer_syntax_uid = data_set.transfer_syntax_uid();

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

}  // namespace lucerna::store
