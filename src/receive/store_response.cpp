#include "receive/store_response.h"

#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/encoding.h"
#include "dicom/native_model.h"
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
    items += (items.empty() ? "{" : ",{") + item + "}";
}

std::string sop(const Outcome& outcome) {
    return text_attribute("00081150", "UI", outcome.sop_class_uid) + "," +
           text_attribute("00081155", "UI", outcome.sop_instance_uid);
}

/// The standard has a code for the reason but no words (PS3.18 Annex I): they are a private
/// element (PS3.5 7.8.1).
std::string reason(const Outcome& outcome) {
    return text_attribute("00090010", "LO", "LUCERNA") + "," +
           attribute("00081197", "US", std::to_string(outcome.status)) + "," +
           text_attribute("00091001", "UT", outcome.why);
}

}  // namespace

Outcome failed(Outcome outcome, std::uint16_t status, std::string why) {
    outcome.status = status;
    outcome.why = std::move(why);
    return outcome;
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

std::optional<std::string> StoreResponse::form_for(std::string_view accept) {
    static constexpr std::array<std::string_view, 4> kOffered = {
        "application/dicom+json", "application/json", kXml, kXmlInParts};
    return http::choose(http::parse_accept(accept), kOffered);
}

http::Response StoreResponse::http(int status, std::string_view form) const {
    if (form != kXml && form != kXmlInParts) return http::Response::of(status, form, json());
    const std::string xml = dicom::to_native_xml(nlohmann::json::parse(json()));
    if (form == kXml) return http::Response::of(status, form, xml);
    http::Response response = http::multipart_response(
        kXml, http::Part{std::string(kXml), {}, Bytes(xml.begin(), xml.end())});
    response.status = status;
    return response;
}

std::string StoreResponse::json() const {
    const std::string study = studies_.size() == 1 ? study_url(*studies_.begin()) : "";
    std::string text = "{" + text_attribute("00081190", "UR", study);
    if (!failed_.empty()) text += "," + attribute("00081198", "SQ", failed_);
    if (!stored_.empty()) text += "," + attribute("00081199", "SQ", stored_);
    if (!other_.empty()) text += "," + attribute("0008119A", "SQ", other_);
    return text + "}";
}

std::string StoreResponse::study_url(const std::string& study) const {
    return base_url_ + "/studies/" + study;
}

std::string StoreResponse::instance_url(const Outcome& outcome) const {
    return study_url(outcome.study_uid) + "/series/" + outcome.series_uid + "/instances/" +
           outcome.sop_instance_uid;
}

}  // namespace lucerna::receive
