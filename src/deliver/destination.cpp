#include "deliver/destination.h"

#include <nlohmann/json.hpp>

#include "base/encoding.h"
#include "base/error.h"

namespace lucerna::deliver {

dicom::ScuOptions scu_options(const Destination& destination) {
    dicom::ScuOptions options;
    options.host = destination.host;
    options.port = destination.port;
    options.called_aet = destination.aet;
    options.calling_aet = destination.calling_aet;
    options.tls = destination.tls;
    return options;
}

namespace {

std::string list_of(const std::vector<std::string>& uids) {
    std::string list;
    for (const std::string& uid : uids) list += (list.empty() ? "" : ",") + json_quoted(uid);
    return "[" + list + "]";
}

std::vector<std::string> texts_of(const nlohmann::json& list, const char* name) {
    std::vector<std::string> texts;
    for (const nlohmann::json& text : list) {
        if (!text.is_string())
            throw Error(ErrorCode::kInvalidInput,
                        std::string("a delivery job's \"") + name + "\" are not all text");
        texts.push_back(text.get<std::string>());
    }
    return texts;
}

}  // namespace

std::string to_json(const DeliveryJob& job) {
    std::string json = "{\"destination\":" + json_quoted(job.destination) +
                       ",\"instances\":" + list_of(job.sop_instance_uids);
    if (!job.delivered.empty()) json += ",\"delivered\":" + list_of(job.delivered);
    return json + "}";
}

DeliveryJob delivery_job_from_json(const std::string& text) {
    const nlohmann::json whole = nlohmann::json::parse(text, nullptr, false);
    if (!whole.is_object())
        throw Error(ErrorCode::kInvalidInput, "a delivery job is no JSON object");
    const auto destination = whole.find("destination");
    if (destination == whole.end() || !destination->is_string())
        throw Error(ErrorCode::kInvalidInput, "a delivery job has no text \"destination\"");
    const auto instances = whole.find("instances");
    if (instances == whole.end() || !instances->is_array())
        throw Error(ErrorCode::kInvalidInput, "a delivery job has no list \"instances\"");
    DeliveryJob job{destination->get<std::string>(), texts_of(*instances, "instances")};
    const auto delivered = whole.find("delivered");
    if (delivered != whole.end() && delivered->is_array())
        job.delivered = texts_of(*delivered, "delivered");
    return job;
}

}  // namespace lucerna::deliver
