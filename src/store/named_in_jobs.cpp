#include "store/named_in_jobs.h"

#include <algorithm>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "store/work_queue.h"

namespace lucerna::store {
namespace {

/// Of each list of a payload; empty where nothing is left to be done.
std::string without(const std::string& payload, const std::string& sop_instance_uid) {
    nlohmann::ordered_json whole = nlohmann::ordered_json::parse(payload, nullptr, false);
    if (!whole.is_object()) return {};
    for (auto& [name, list] : whole.items()) {
        if (!list.is_array()) continue;
        auto left = nlohmann::ordered_json::array();
        for (auto& one : list)
            if (one != sop_instance_uid) left.push_back(std::move(one));
        list = std::move(left);
    }
    const auto instances = whole.find("instances");
    if (instances == whole.end() || !instances->is_array() || instances->empty()) return {};
    return whole.dump();
}

}  // namespace

void take_out_of_jobs(Connection& index, const std::string& study_instance_uid,
                      const std::string& sop_instance_uid) {
    std::vector<std::pair<std::int64_t, std::string>> jobs;
    {
        // A UID stands in a payload as a JSON string. Earlier programs queued jobs without their
        // subject.
        Statement find = index.prepare(
            "SELECT id, payload FROM jobs WHERE subject IN ('', ?) AND NOT (kind = 'commitment' "
            "AND state IN (0, 1)) AND instr(payload, '\"' || ? || '\"') > 0");
        find.bind(study_instance_uid).bind(sop_instance_uid);
        while (find.step()) jobs.emplace_back(find.integer(0), find.text(1));
    }
    for (const auto& [id, payload] : jobs) {
        const std::string left = without(payload, sop_instance_uid);
        if (left.empty()) {
            index.prepare("DELETE FROM jobs WHERE id = ?").bind(id).run();
            continue;
        }
        index.prepare("UPDATE jobs SET payload = ? WHERE id = ?").bind(left).bind(id).run();
        index.prepare("UPDATE jobs SET state = ?, holder = '' WHERE id = ? AND state = ?")
            .bind(static_cast<int>(JobState::kWaiting))
            .bind(id)
            .bind(static_cast<int>(JobState::kLeased))
            .run();
    }
}

}  // namespace lucerna::store
