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

std::string to_json(const DeliveryJob& job) {
    std::string instances;
    for (const std::string& uid : job.sop_instance_uids)
        instances += (instances.empty() ? "" : ",") + json_quoted(uid);
    return "{\"destination\":" + json_quoted(job.destination) + ",\"instances\":[" + instances +
           "]}";
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
    DeliveryJob job{destination->get<std::string>(), {}};
    for (const nlohmann::json& uid : *instances) {
        if (!uid.is_string())
            throw Error(ErrorCode::kInvalidInput,
                        "a delivery job's \"instances\" are not all text");
        job.sop_instance_uids.push_back(uid.get<std::string>());
    }
    return job;
}

}  // namespace lucerna::deliver
