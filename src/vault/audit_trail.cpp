#include "vault/audit_trail.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/log.h"
#include "vault/secret_key.h"

namespace lucerna::vault {
namespace {

constexpr std::size_t kSumBytes = 64;

struct Line {
    /// Empty where the line is not "SUM JSON".
    std::string sum;
    std::string json;
    /// It has its end.
    bool finished = true;
    /// Its end included.
    std::size_t bytes = 0;
};

Line line_from(std::string_view text, bool finished) {
    const std::size_t bytes = text.size() + (finished ? 1 : 0);
    if (text.size() <= kSumBytes || text[kSumBytes] != ' ') return {{}, {}, finished, bytes};
    return {std::string(text.substr(0, kSumBytes)), std::string(text.substr(kSumBytes + 1)),
            finished, bytes};
}

std::vector<Line> lines_of(const std::filesystem::path& path) {
    std::error_code ignored;
    if (!std::filesystem::exists(path, ignored)) return {};
    const Bytes bytes = read_file(path);
    std::string_view text = as_text(bytes);
    std::vector<Line> lines;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        lines.push_back(line_from(text.substr(0, end), end < text.size()));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return lines;
}

std::string sum_of(const std::string& before, const std::string& json) {
    return sha256(as_byte_view(before + " " + json));
}

}  // namespace

std::string to_json(const Act& act) {
    nlohmann::ordered_json json;
    json["id"] = to_text(random_id());
    json["at"] = to_rfc3339(act.at);
    json["act"] = act.what;
    json["by"] = act.by;
    for (const auto& [name, count] : act.counts) json[name] = count;
    if (!act.data_keys.empty()) json["data_keys"] = act.data_keys;
    return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

AuditTrail::AuditTrail(std::filesystem::path path) : path_(std::move(path)) {}

void AuditTrail::add(const std::string& json) {
    appending_.with([&](int) {
        const std::vector<Line> lines = lines_of(path_);
        for (const Line& line : lines)
            if (line.json == json) return;
        std::size_t keep = 0;
        std::string before;
        bool ends = true;
        for (const Line& line : lines) {
            // Never acknowledged: its act is noted again by whoever saw it fail.
            if (!line.finished && line.sum != sum_of(before, line.json)) {
                log_event(LogLevel::kWarning, "audit.unfinished-line-dropped",
                          {{"file", path_.string()}, {"bytes", line.bytes}});
                break;
            }
            keep += line.bytes;
            before = line.sum;
            ends = line.finished;
        }
        // Behind `keep` a line that a power cut broke off goes.
        const std::string line = (ends ? "" : "\n") + sum_of(before, json) + " " + json + "\n";
        append_durably(path_, as_byte_view(line), keep);
    });
}

std::vector<std::string> AuditTrail::acts() const {
    std::vector<std::string> acts;
    for (Line& line : lines_of(path_)) acts.push_back(std::move(line.json));
    return acts;
}

std::set<std::string> AuditTrail::data_keys_destroyed() const {
    std::set<std::string> names;
    for (const Line& line : lines_of(path_)) {
        const auto json = nlohmann::json::parse(line.json, nullptr, false);
        if (!json.is_object()) continue;
        for (const auto& name : json.value("data_keys", nlohmann::json::array()))
            if (name.is_string()) names.insert(name.get<std::string>());
    }
    return names;
}

std::vector<std::string> AuditTrail::damages() const {
    std::vector<std::string> damages;
    std::string before;
    std::size_t number = 0;
    for (const Line& line : lines_of(path_)) {
        ++number;
        if (!line.finished || line.sum != sum_of(before, line.json))
            damages.push_back("line " + std::to_string(number) + " of " +
                              path_.filename().string() + " is not what was written");
        before = line.sum;
    }
    return damages;
}

}  // namespace lucerna::vault
