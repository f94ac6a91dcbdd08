#include "receive/store_response.h"

#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/encoding.h"
#include "base/memory_budget.h"
#include "dicom/native_model.h"
#include "dicom/parsing_room.h"
#include "http/media_type.h"
#include "http/multipart_writer.h"

namespace lucerna::receive {
namespace {

constexpr std::string_view kXml = "application/dicom+xml";
constexpr std::string_view kXmlInParts = "multipart/related; type=\"application/dicom+xml\"";

std::string attribute(const char* tag, const char* vr, const std::string& value) {
    return "\"" + std::string(tag) + "\":{\"vr\":\"" + vr + "\"" +
           (value.empty() ? "" : ",\"Value\":[" + value + "]") + "}";
}

std::string text_attribute(const char* tag, const char* vr, const std::string& text) {
    return attribute(tag, vr, text.empty() ? "" : json_quoted(text));
}

void append(std::string& items, const std::string& item) {
    items += items.empty() ? "{" : ",{";
    items += item;
    items += "}";
}

/// A sequence of what it takes.
void append_sequence(std::string& text, std::string_view tag, std::string& items) {
    if (items.empty()) return;
    text += ",\"";
    text += tag;
    text += "\":{\"vr\":\"SQ\",\"Value\":[";
    text += items;
    text += "]}";
    items = {};
}

std::string sop(const Outcome& outcome) {
    return text_attribute("00081150", "UI", outcome.sop_class_uid) + "," +
           text_attribute("00081155", "UI", outcome.sop_instance_uid);
}

}  // namespace

Outcome failed(Outcome outcome, std::uint16_t status, std::string why) {
    outcome.status = status;
    constexpr std::size_t kMostWhy = 400;
    outcome.why = in_brief(std::move(why), kMostWhy);
    return outcome;
}

std::string in_brief(std::string text, std::size_t most) {
    if (text.size() <= most) return text;
    // Not within a letter.
    while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xC0) == 0x80) --most;
    text.resize(most);
    return text + "...";
}

void StoreResponse::add(const Outcome& outcome) {
    if (outcome.stored())
        append(stored_,
               sop(outcome) + "," + text_attribute("00081190", "UR", instance_url(outcome)));
    else if (!outcome.sop_instance_uid.empty())
        append(failed_, sop(outcome) + "," + reason(outcome));
    else
        append(other_, reason(outcome));
    if (outcome.stored()) studies_.insert(outcome.study_uid);
}

std::string StoreResponse::reason(const Outcome& outcome) {
    constexpr std::size_t kMostWords = std::size_t{64} << 10;
    const std::string code = attribute("00081197", "US", std::to_string(outcome.status));
    word_bytes_ += outcome.why.size();
    if (word_bytes_ > kMostWords) return code;
    // The standard has a code for the reason but no words (PS3.18 Annex I): they are a private
    // element (PS3.5 7.8.1).
    return text_attribute("00090010", "LO", "LUCERNA") + "," + code + "," +
           text_attribute("00091001", "UT", outcome.why);
}

std::optional<std::string> StoreResponse::form_for(std::string_view accept) {
    static constexpr std::array<std::string_view, 4> kOffered = {
        "application/dicom+json", "application/json", kXml, kXmlInParts};
    return http::choose(http::parse_accept(accept), kOffered);
}

http::Response StoreResponse::http(int status, std::string_view form) && {
    std::string text = std::move(*this).json();
    if (form != kXml && form != kXmlInParts)
        return http::Response::of(status, form, std::move(text));
    std::string xml = [&] {
        const MemoryBudget::Share room = dicom::room_for_xml(text);
        const auto set = nlohmann::json::parse(std::exchange(text, {}));
        return dicom::to_native_xml(set);
    }();
    if (form == kXml) return http::Response::of(status, form, std::move(xml));
    http::Response response = http::multipart_response(
        kXml, http::Part{std::string(kXml), {}, Bytes(xml.begin(), xml.end())});
    response.status = status;
    return response;
}

std::string StoreResponse::json() && {
    const std::string study = studies_.size() == 1 ? study_url(*studies_.begin()) : "";
    std::string text = "{" + text_attribute("00081190", "UR", study);
    text.reserve(text.size() + failed_.size() + stored_.size() + other_.size() + 100);
    append_sequence(text, "00081198", failed_);
    append_sequence(text, "00081199", stored_);
    append_sequence(text, "0008119A", other_);
    text += "}";
    return text;
}

std::string StoreResponse::study_url(const std::string& study) const {
    return base_url_ + "/studies/" + study;
}

std::string StoreResponse::instance_url(const Outcome& outcome) const {
    return study_url(outcome.study_uid) + "/series/" + outcome.series_uid + "/instances/" +
           outcome.sop_instance_uid;
}

}  // namespace lucerna::receive
