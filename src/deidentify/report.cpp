#include "deidentify/report.h"

#include <nlohmann/json.hpp>

namespace lucerna::deidentify {
namespace {

using Json = nlohmann::ordered_json;

Json of(const ObjectReport& object) {
    Json attributes = Json::array();
    for (const Step& step : object.steps)
        attributes.push_back({{"path", step.path}, {"action", letter_of(step.action)}});
    Json blanked = Json::array();
    for (const Blanked& one : object.blanked)
        blanked.push_back({{"rule", one.rule},
                           {"x", one.box.x},
                           {"y", one.box.y},
                           {"width", one.box.width},
                           {"height", one.box.height}});
    Json made = {{"sop_instance_uid", object.sop_instance_uid},
                 {"sop_class_uid", object.sop_class_uid},
                 {"attributes", std::move(attributes)}};
    if (!object.beside_pixels.empty()) {
        Json beside = Json::array();
        for (const dicom::LeftOut& one : object.beside_pixels)
            beside.push_back({{"what", one.what}, {"bytes", one.bytes}});
        made["beside_pixels"] = std::move(beside);
    }
    if (object.frames_looked_at > 0) {
        made["frames_looked_at"] = object.frames_looked_at;
        made["blanked"] = std::move(blanked);
    }
    return made;
}

Json of(const exam::Refusal& refusal) {
    return {{"sop_instance_uid", refusal.sop_instance_uid},
            {"reason", exam::name_of(refusal.reason)},
            {"what", refusal.what},
            {"where", refusal.where},
            {"remedy", refusal.remedy}};
}

Json of(const ExportReport& report) {
    Json objects = Json::array();
    for (const ObjectReport& object : report.objects) objects.push_back(of(object));
    Json refused = Json::array();
    for (const exam::Refusal& refusal : report.refused) refused.push_back(of(refusal));
    return {{"format", "lucerna-deidentification-report/1"},
            {"program", report.program},
            {"profile", report.profile},
            {"table", confidentiality_edition()},
            {"project", report.project},
            {"objects", std::move(objects)},
            {"refused", std::move(refused)}};
}

}  // namespace

std::string path_of(dicom::Tag tag) {
    std::string text = dicom::to_string(tag);
    std::erase_if(text, [](char c) { return c == '(' || c == ')' || c == ','; });
    return text;
}

std::string to_json(const ExportReport& report) {
    return of(report).dump(2) + "\n";
}

std::string to_json_line(const ExportReport& report, const std::string& destination,
                         Instant made_at) {
    Json whole = of(report);
    whole["destination"] = destination;
    whole["made_at"] = to_rfc3339(made_at);
    // A destination's name is what an operator wrote: not always UTF-8.
    return whole.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace lucerna::deidentify
