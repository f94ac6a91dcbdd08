#include "store/query.h"

#include <charconv>
#include <cstdint>
#include <cstdio>

#include "base/encoding.h"
#include "base/split.h"
#include "dicom/tags.h"
#include "store/columns.h"
#include "store/matching.h"

namespace lucerna::store {
namespace {

bool same(dicom::Tag a, dicom::Tag b) {
    return a.group == b.group && a.element == b.element;
}

/// {"Alphabetic":"...","Ideographic":"...","Phonetic":"..."}, absent groups left out (F.2.2).
std::string name_json(std::string_view name) {
    static constexpr std::string_view kGroups[] = {"Alphabetic", "Ideographic", "Phonetic"};
    std::string json;
    std::size_t group = 0;
    for (const std::string_view part : split(name, "=")) {
        if (group == std::size(kGroups)) break;
        if (!part.empty())
            json += (json.empty() ? "\"" : ",\"") + std::string(kGroups[group]) +
                    "\":" + json_quoted(part);
        ++group;
    }
    return "{" + json + "}";
}

/// As a number where it is one; what is malformed stays text.
std::string number_json(std::string_view value) {
    std::int64_t number = 0;
    const std::string_view text = trimmed(value);
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    const bool whole = error == std::errc() && end == text.data() + text.size();
    return whole ? std::to_string(number) : json_quoted(value);
}

std::string value_json(std::string_view vr, std::string_view value) {
    if (value.empty()) return "null";
    if (vr == "PN") return name_json(value);
    if (vr == "IS" || vr == "US") return number_json(value);
    return json_quoted(value);
}

std::string members_json(const std::vector<Attribute>& attributes);

std::string items_json(const Attribute& sequence) {
    std::string json;
    for (const std::vector<Attribute>& item : items_of(sequence))
        json += (json.empty() ? "{" : ",{") + members_json(item) + "}";
    return json;
}

std::string members_json(const std::vector<Attribute>& attributes) {
    std::string json;
    for (const Attribute& attribute : attributes) {
        // OHIF takes Modalities in Study for a list wherever it is there.
        if (attribute.value.empty() && (same(attribute.tag, dicom::tags::kModalitiesInStudy) ||
                                        same(attribute.tag, dicom::tags::kTimezoneOffsetFromUtc)))
            continue;
        char head[40];
        std::snprintf(head, sizeof head, "%s\"%04X%04X\":{\"vr\":\"", json.empty() ? "" : ",",
                      unsigned{attribute.tag.group}, unsigned{attribute.tag.element});
        json += head;
        json += attribute.vr;
        json += '"';
        if (attribute.vr == "SQ" && !attribute.value.empty()) {
            json += ",\"Value\":[" + items_json(attribute) + "]";
        } else if (!attribute.value.empty()) {
            json += ",\"Value\":[";
            bool first = true;
            for (const std::string_view value : split(attribute.value, "\\")) {
                if (!first) json += ',';
                json += value_json(attribute.vr, value);
                first = false;
            }
            json += ']';
        }
        json += '}';
    }
    return json;
}

}  // namespace

std::vector<std::vector<Attribute>> items_of(const Attribute& sequence) {
    std::vector<std::vector<Attribute>> items;
    if (sequence.value.empty()) return items;
    for (const std::string_view item : split(sequence.value, "\x1E")) {
        const std::vector<std::string_view> values = split(item, "\x1F");
        std::vector<Attribute>& attributes = items.emplace_back();
        for (std::size_t i = 0; i < std::size(kRequestItem) && i < values.size(); ++i)
            attributes.push_back({kRequestItem[i].tag, kRequestItem[i].vr, std::string(values[i])});
    }
    return items;
}

std::string_view Match::value(dicom::Tag tag) const {
    for (const Attribute& attribute : attributes)
        if (same(attribute.tag, tag)) return attribute.value;
    return {};
}

std::string json_members(const Match& match) {
    return members_json(match.attributes);
}

}  // namespace lucerna::store
