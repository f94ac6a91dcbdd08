#include "store/kept_reading.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "base/clock.h"
#include "base/hash.h"
#include "store/exam_book.h"

namespace lucerna::store {
namespace {

using nlohmann::json;

std::string place_of(const json& view, const json& finding) {
    std::string place = view.at("sop_instance_uid").get<std::string>();
    // In whole pixels: the last digits are the processor's.
    for (const char* side : {"left", "top", "width", "height"})
        place += "|" + std::to_string(std::llround(finding.at("box").at(side).get<double>()));
    return place + "|" + finding.value("kind", "");
}

void add_findings(const json& view, KeptReading& reading, std::set<std::string>& places) {
    for (const json& finding : view.at("findings")) {
        std::string place = place_of(view, finding);
        // Each is another one, though a model marks one spot twice.
        while (!places.insert(place).second) place += "|again";
        reading.findings.push_back({finding.at("id").get<std::string>(), std::move(place)});
    }
}

struct OldDecision {
    std::int64_t id = 0;
    std::string finding;
    std::string model_sha256;
    Instant when{};
};

std::vector<OldDecision> old_decisions(Connection& writer, const std::string& study) {
    std::vector<OldDecision> decisions;
    Statement find = writer.prepare(
        "SELECT id, finding, model_sha256, decided_at FROM decisions WHERE study_instance_uid = ?");
    find.bind(study);
    while (find.step())
        decisions.push_back({find.integer(0), find.text(1), find.text(2), find.instant(3)});
    return decisions;
}

std::string first_text(Statement&& find) {
    return find.step() ? find.text(0) : std::string();
}

void place_findings(Connection& writer, const std::string& study) {
    const KeptReading newest = kept_reading(
        first_text(std::move(writer
                                 .prepare("SELECT reading_json FROM readings WHERE "
                                          "study_instance_uid = ? ORDER BY id DESC LIMIT 1")
                                 .bind(study))));
    for (const PlacedFinding& finding : newest.findings)
        writer.prepare("UPDATE findings SET place = ? WHERE study_instance_uid = ? AND finding = ?")
            .bind(finding.place)
            .bind(study)
            .bind(finding.id)
            .run();
    for (const OldDecision& decision : old_decisions(writer, study)) {
        const KeptReading seen = kept_reading(first_text(std::move(
            writer
                .prepare("SELECT reading_json FROM readings WHERE study_instance_uid = ? AND "
                         "model_sha256 = ? AND read_at <= ? ORDER BY id DESC LIMIT 1")
                .bind(study)
                .bind(decision.model_sha256)
                .bind(decision.when))));
        if (const PlacedFinding* finding = seen.find(decision.finding))
            writer.prepare("INSERT INTO decided_places (decision, place) VALUES (?, ?)")
                .bind(decision.id)
                .bind(finding->place)
                .run();
    }
}

}  // namespace

const PlacedFinding* KeptReading::find(const std::string& id) const {
    const auto found = std::find_if(findings.begin(), findings.end(),
                                    [&](const PlacedFinding& each) { return each.id == id; });
    return found == findings.end() ? nullptr : &*found;
}

std::string KeptReading::finding_of(const Decision& decision) const {
    if (decision.place.empty() || decision.model_sha256 != model_sha256) return {};
    for (const PlacedFinding& each : findings)
        if (each.place == decision.place) return each.id;
    return {};
}

KeptReading kept_reading(const std::string& reading_json) {
    const json document = json::parse(reading_json, nullptr, false);
    if (!document.is_object()) return {};
    try {
        KeptReading reading;
        std::set<std::string> places;
        reading.model_sha256 = document.value("model", json::object()).value("sha256", "");
        for (const json& view : document.value("views", json::array()))
            add_findings(view, reading, places);
        return reading;
    } catch (const json::exception&) {
        return {};
    }
}

std::string reading_id(const std::string& reading_json) {
    return reading_json.empty() ? std::string() : sha256(as_byte_view(reading_json));
}

void place_all_findings(Connection& writer) {
    std::vector<std::string> studies;
    {
        Statement find = writer.prepare(
            "SELECT study_instance_uid FROM findings UNION SELECT study_instance_uid FROM "
            "decisions");
        while (find.step()) studies.push_back(find.text(0));
    }
    for (const std::string& study : studies) place_findings(writer, study);
}

}  // namespace lucerna::store
