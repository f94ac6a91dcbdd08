#include "pipeline/refusals_json.h"

#include <nlohmann/json.hpp>

namespace lucerna::pipeline {

using nlohmann::json;

std::string refusals_json(const std::vector<exam::Refusal>& refusals) {
    json list = json::array();
    for (const exam::Refusal& refusal : refusals)
        list.push_back({{"reason", exam::name_of(refusal.reason)},
                        {"what", refusal.what},
                        {"where", refusal.where},
                        {"remedy", refusal.remedy},
                        {"sop_instance_uid", refusal.sop_instance_uid},
                        {"view", refusal.view}});
    return list.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace lucerna::pipeline
