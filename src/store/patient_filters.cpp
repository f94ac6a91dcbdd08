#include "store/patient_filters.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>
#include <utility>

#include "base/split.h"
#include "dicom/tags.h"
#include "store/matching.h"

namespace lucerna::store {
namespace {

using nlohmann::json;

constexpr dicom::Tag kAccessionNumber{0x0008, 0x0050};
constexpr dicom::Tag kAdmissionId{0x0038, 0x0010};

/// Both folded. "D*" is no Doe's more than anybody else's.
bool spells(std::string_view value, std::string_view text) {
    if (text.empty() || !is_like(value, text)) return false;
    const auto open = static_cast<std::size_t>(
        std::count_if(value.begin(), value.end(), [](char c) { return c == '*' || c == '?'; }));
    return open == 0 || 2 * (value.size() - open) > text.size();
}

/// What is said of a person: the groups of the name, and the family names alone.
std::vector<std::string> parts_of(const std::string& name) {
    const NameKeys keys = name_keys(name);
    std::vector<std::string> parts;
    for (const std::string& group : {keys.alphabetic, keys.ideographic, keys.phonetic})
        for (std::string part : {group, group.substr(0, group.find('^'))})
            if (!part.empty()) parts.push_back(std::move(part));
    return parts;
}

/// Of a path, the last one; none where it is not known.
std::optional<dicom::Tag> attribute_in(const std::string& path) {
    return dicom::tag_from(std::string_view(path).substr(path.rfind('.') + 1));
}

struct Key {
    std::optional<dicom::Tag> tag;
    std::string value;
};

/// [["attribute", "value"], ...]; of what is not, the whole as a value of something.
std::vector<Key> keys_in(const std::string& filter) {
    const json pairs = json::parse(filter, nullptr, false);
    if (!pairs.is_array()) return {{{}, filter}};
    std::vector<Key> keys;
    for (const json& pair : pairs)
        if (pair.is_array() && pair.size() == 2 && pair[0].is_string() && pair[1].is_string())
            keys.push_back({attribute_in(pair[0].get<std::string>()), pair[1].get<std::string>()});
    return keys;
}

/// The value, and each of a list.
std::vector<std::string> values_of(const Key& key) {
    std::vector<std::string> values{fold_case(trimmed(key.value))};
    for (const std::string_view part : split(key.value, "\\,"))
        values.push_back(fold_case(trimmed(part)));
    return values;
}

/// The attribute is this one, or nobody knows which.
bool may_be(const Key& key, dicom::Tag tag) {
    return !key.tag || *key.tag == tag;
}

/// Between its wildcards it has the whole of it: "P1?" is said of P1, too.
bool has_part(std::string_view value, std::string_view text) {
    const std::vector<std::string_view> parts = split(value, "*?");
    return std::find(parts.begin(), parts.end(), text) != parts.end();
}

bool has_id(const Key& key, const NamedPatient& patient) {
    const std::string id = fold_case(trimmed(patient.patient_id));
    const std::vector<std::string> values = values_of(key);
    return std::any_of(values.begin(), values.end(), [&](const std::string& value) {
        return spells(value, id) || (may_be(key, dicom::tags::kPatientId) && has_part(value, id));
    });
}

/// Her studies and what is in them, by their UIDs; her orders and stays, by their numbers.
bool has_what_is_hers(const Key& key, const NamedPatient& patient) {
    const std::vector<std::string> values = values_of(key);
    const auto any_is = [&](const std::set<std::string>& hers) {
        return std::any_of(values.begin(), values.end(), [&](const std::string& value) {
            return std::any_of(hers.begin(), hers.end(), [&](const std::string& one) {
                return spells(value, fold_case(one));
            });
        });
    };
    return std::any_of(values.begin(), values.end(),
                       [&](const std::string& value) { return patient.uids.contains(value); }) ||
           (may_be(key, kAccessionNumber) && any_is(patient.accession_numbers)) ||
           (may_be(key, kAdmissionId) && any_is(patient.admission_ids));
}

bool has_name(const Key& key, const NamedPatient& patient) {
    // A physician may be called the same.
    if (key.tag && key.tag->group != 0x0010) return false;
    const NameKeys asked = name_keys(key.value);
    for (const auto& [name, birth_date] : patient.names)
        for (const std::string& part : parts_of(name))
            for (const std::string* value :
                 {&asked.alphabetic, &asked.ideographic, &asked.phonetic})
                if (!value->empty() && spells(*value, part)) return true;
    return false;
}

/// It says an issuer, and none of hers.
bool is_of_another(const Key& key, const NamedPatient& patient) {
    if (key.tag != dicom::tags::kIssuerOfPatientId || patient.issuers.empty()) return false;
    const std::string_view asked = trimmed(key.value);
    return !asked.empty() && !has_wildcard(asked) &&
           std::none_of(
               patient.issuers.begin(), patient.issuers.end(),
               [&](const std::string& hers) { return fold_case(hers) == fold_case(asked); });
}

bool names(const std::string& filter, const NamedPatient& patient) {
    const std::vector<Key> keys = keys_in(filter);
    const auto any = [&](auto says) {
        return std::any_of(keys.begin(), keys.end(),
                           [&](const Key& key) { return says(key, patient); });
    };
    return !any(is_of_another) && (any(has_id) || any(has_name) || any(has_what_is_hers));
}

}  // namespace

std::size_t erase_filters_of_patient(Connection& index, const NamedPatient& patient) {
    std::vector<std::pair<std::string, std::string>> hers;
    {
        Statement find = index.prepare(
            "SELECT subscriber, worklist_uid, filter FROM worklist_subscriptions WHERE filter <> "
            "''");
        while (find.step())
            if (names(find.text(2), patient)) hers.emplace_back(find.text(0), find.text(1));
    }
    for (const auto& [subscriber, worklist_uid] : hers)
        index
            .prepare("DELETE FROM worklist_subscriptions WHERE subscriber = ? AND worklist_uid = ?")
            .bind(subscriber)
            .bind(worklist_uid)
            .run();
    return hers.size();
}

}  // namespace lucerna::store
