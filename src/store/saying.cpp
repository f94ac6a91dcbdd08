#include "store/saying.h"

#include <nlohmann/json.hpp>

#include "base/encoding.h"
#include "dicom/message_data_set.h"
#include "dicom/tags.h"
#include "dicom/uids.h"
#include "store/matching.h"
#include "store/order_json.h"

namespace lucerna::store {
namespace {

using nlohmann::json;

/// PS3.18 F.2.2.
std::string name_in(const json& value) {
    if (!value.is_object()) return {};
    std::string name;
    for (const char* group : {"Alphabetic", "Ideographic", "Phonetic"}) {
        const auto found = value.find(group);
        if (group[0] != 'A') name += '=';
        if (found != value.end() && found->is_string()) name += found->get<std::string>();
    }
    while (name.ends_with('=')) name.pop_back();
    return name;
}

/// Of an attribute, wherever it is in a data set as DICOM JSON.
void add_values(const json& set, const char* tag, std::vector<json>& values) {
    if (!set.is_object()) return;
    for (const auto& [key, attribute] : set.items()) {
        if (!attribute.is_object() || !attribute.contains("Value")) continue;
        const json& its = attribute["Value"];
        if (!its.is_array()) continue;
        for (const json& value : its)
            if (key == tag)
                values.push_back(value);
            else if (attribute.value("vr", json()) == json("SQ"))
                add_values(value, tag, values);
    }
}

std::vector<std::string> texts_in(const json& set, const char* tag) {
    std::vector<json> values;
    add_values(set, tag, values);
    std::vector<std::string> texts;
    for (const json& value : values)
        if (value.is_string()) texts.emplace_back(trimmed(value.get<std::string>()));
    return texts;
}

std::string text_of(const json& set, const char* tag) {
    const json::json_pointer place("/" + std::string(tag) + "/Value/0");
    if (!set.is_object() || !set.contains(place)) return {};
    const json& value = set[place];
    return value.is_string() ? std::string(trimmed(value.get<std::string>())) : name_in(value);
}

constexpr const char* kNameTag = "00100010";
constexpr const char* kIdTag = "00100020";
constexpr const char* kIssuerTag = "00100021";
constexpr const char* kBirthDateTag = "00100030";
constexpr const char* kOtherIdsTag = "00101000";
constexpr const char* kOtherIdsSequenceTag = "00101002";
constexpr const char* kAccessionTag = "00080050";
constexpr const char* kAdmissionTag = "00380010";
constexpr const char* kStudyTag = "0020000D";
constexpr const char* kSeriesTag = "0020000E";
constexpr const char* kReferencedObjectTag = "00081155";

std::vector<PatientKey> other_ids_in(const json& set) {
    std::vector<PatientKey> ids;
    for (std::string& id : texts_in(set, kOtherIdsTag)) ids.push_back({std::move(id), ""});
    std::vector<json> items;
    add_values(set, kOtherIdsSequenceTag, items);
    for (const json& item : items)
        ids.push_back({text_of(item, kIdTag), text_of(item, kIssuerTag)});
    return ids;
}

}  // namespace

Saying said_in_workitem(const std::string& dataset_json) {
    const json set = json::parse(dataset_json, nullptr, false);
    std::vector<std::string> parts = texts_in(set, kSeriesTag);
    for (std::string& uid : texts_in(set, kReferencedObjectTag)) parts.push_back(std::move(uid));
    return {text_of(set, kNameTag),
            text_of(set, kBirthDateTag),
            texts_in(set, kAccessionTag),
            texts_in(set, kAdmissionTag),
            other_ids_in(set),
            texts_in(set, kStudyTag),
            std::move(parts)};
}

Saying said_in_order(const std::string& order_json) {
    const exam::Order order = order_from_json(order_json);
    return {order.patient_name.reveal(),
            order.patient_birth_date.reveal(),
            {order.accession_number.reveal()},
            {order.admission_id}};
}

Saying said_in_performed(const std::string& data_set) {
    namespace tags = dicom::tags;
    const auto set = std::move(
        dicom::read_message(from_base64(data_set), dicom::transfer_syntax::kExplicitVrLittleEndian)
            .data_set);
    Saying saying{set.text_or(tags::kPatientName, ""),
                  set.text_or(tags::kPatientBirthDate, ""),
                  {},
                  {set.text_or({0x0038, 0x0010}, "")}};
    for (const dicom::DataSet& item : set.items({0x0040, 0x0270}))
        saying.accession_numbers.push_back(item.text_or({0x0008, 0x0050}, ""));
    return saying;
}

}  // namespace lucerna::store
