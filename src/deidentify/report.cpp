#include "deidentify/report.h"

#include <nlohmann/json.hpp>
#include <utility>

namespace lucerna::deidentify {
namespace {

using Json = nlohmann::ordered_json;

Json of(const ObjectReport& object) {
    Json attributes = Json::array();
    for (const Step& step : object.steps.listed()) {
        attributes.push_back({{"path", step.path}, {"action", letter_of(step.action)}});
        if (step.count > 1) attributes.back()["count"] = step.count;
    }
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
    for (std::size_t i = 0; i < kActions; ++i)
        if (const auto action = static_cast<Action>(i); object.steps.not_listed(action) > 0)
            made["not_listed"][letter_of(action)] = object.steps.not_listed(action);
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
    if (object.is_not_looked_at) made["pixels_not_looked_at"] = true;
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
    const auto all_of = [](const std::vector<exam::Refusal>& refusals) {
        Json all = Json::array();
        for (const exam::Refusal& refusal : refusals) all.push_back(of(refusal));
        return all;
    };
    return {{"format", "lucerna-deidentification-report/2"},
            {"program", report.program},
            {"profile", report.profile},
            {"table", confidentiality_edition()},
            {"project", report.project},
            {"objects", std::move(objects)},
            {"refused", all_of(report.refused)},
            {"left_out", all_of(report.left_out)}};
}

}  // namespace

void Steps::add(const std::string& path, Action action) {
    std::string key(letter_of(action));
    key += path;
    if (const auto known = places_.find(key); known != places_.end()) {
        ++listed_[known->second].count;
        return;
    }
    if (listed_.size() == kMostListed || path.size() > kMostPathBytes - path_bytes_) {
        ++not_listed_.at(static_cast<std::size_t>(action));
        return;
    }
    path_bytes_ += path.size();
    places_.emplace(std::move(key), listed_.size());
    listed_.push_back({path, action});
}

std::size_t Steps::not_listed(Action action) const {
    return not_listed_.at(static_cast<std::size_t>(action));
}

std::size_t Steps::count(Action action) const {
    std::size_t sum = not_listed(action);
    for (const Step& step : listed_)
        if (step.action == action) sum += step.count;
    return sum;
}

std::string path_of(dicom::Tag tag) {
    std::string text = dicom::to_string(tag);
    std::erase_if(text, [](char c) { return c == '(' || c == ')' || c == ','; });
    return text;
}

std::string to_json(const ExportReport& report) {
    return of(report).dump(2) + "\n";
}

std::string to_json_line(const ExportReport& report, const Forwarded& as) {
    Json whole = of(report);
    whole["destination"] = as.destination;
    whole["made_at"] = to_rfc3339(as.made_at);
    whole["kept_as"] = as.kept_as;
    // A destination's name is what an operator wrote: not always UTF-8.
    return whole.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string kept_as_of(std::string_view line) {
    const auto json = nlohmann::json::parse(line, nullptr, false);
    if (!json.is_object()) return {};
    const auto found = json.find("kept_as");
    return found != json.end() && found->is_string() ? found->get<std::string>() : std::string();
}

}  // namespace lucerna::deidentify
