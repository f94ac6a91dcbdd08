#include "review/wire.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/error.h"
#include "store/kept_reading.h"

namespace lucerna::review {
namespace {

// Keys stay in the order in which they are written here.
using Json = nlohmann::ordered_json;

constexpr std::size_t kMaxComment = 1000;
constexpr std::size_t kMaxReader = 64;

std::string text_of(const Json& json) {
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Json kept_json(const std::string& text, const char* what) {
    Json json = Json::parse(text, nullptr, false);
    if (json.is_discarded())
        throw Error(ErrorCode::kCorrupt, std::string("what is kept as ") + what + " is not JSON");
    return json;
}

Json card_of(const store::ExamEntry& exam) {
    Json json;
    json["study_instance_uid"] = exam.study_instance_uid;
    json["state"] = store::name_of(exam.state);
    json["patient_name"] = exam.patient_name.reveal();
    json["patient_id"] = exam.patient_id.reveal();
    json["patient_birth_date"] = exam.patient_birth_date.reveal();
    json["patient_sex"] = exam.patient_sex;
    json["accession_number"] = exam.accession_number.reveal();
    json["study_date"] = exam.study_date;
    json["study_time"] = exam.study_time;
    json["study_description"] = exam.study_description;
    json["modality"] = exam.modality;
    json["views"] = exam.views;
    json["images"] = exam.images;
    json["score"] = exam.score ? Json(*exam.score) : Json(nullptr);
    json["above"] = exam.above;
    json["refusals"] = kept_json(exam.refusals_json, "an exam's refusals");
    json["problem"] = exam.problem;
    json["synthetic"] = exam.synthetic;
    json["findings"] = exam.findings;
    json["decided"] = exam.decided;
    json["last_received_at"] = to_rfc3339(exam.last_received_at);
    json["read_at"] = exam.read_at ? Json(to_rfc3339(*exam.read_at)) : Json(nullptr);
    return json;
}

Json image_of(const store::InstanceRow& row) {
    Json json;
    json["sop_instance_uid"] = row.sop_instance_uid;
    json["sop_class_uid"] = row.sop_class_uid;
    json["series_instance_uid"] = row.series_instance_uid;
    json["view"] = row.view;
    return json;
}

/// `holds_for`: what the finding is called in the newest reading; empty where it is none of that.
Json json_of(const store::Decision& decision, const std::string& holds_for) {
    Json json;
    json["finding"] = decision.finding;
    json["holds_for"] = holds_for.empty() ? Json(nullptr) : Json(holds_for);
    json["model_sha256"] = decision.model_sha256;
    json["action"] = decision.action;
    json["comment"] = decision.comment;
    json["who"] = decision.who;
    json["self_declared"] = decision.self_declared;
    json["when"] = to_rfc3339(decision.when);
    return json;
}

std::size_t characters(std::string_view text) {
    return static_cast<std::size_t>(
        std::count_if(text.begin(), text.end(), [](char byte) { return (byte & 0xC0) != 0x80; }));
}

/// A name or a comment goes into files and onto screens of others: no control characters.
bool has_control(std::string_view text, bool line_feeds) {
    return std::any_of(text.begin(), text.end(), [&](char byte) {
        const auto code = static_cast<unsigned char>(byte);
        return (code < 0x20 && !(line_feeds && byte == '\n')) || code == 0x7F;
    });
}

std::string trimmed(const std::string& text) {
    const auto first = text.find_first_not_of(" \n");
    if (first == std::string::npos) return {};
    return text.substr(first, text.find_last_not_of(" \n") - first + 1);
}

std::optional<FieldProblem> check(const DecisionRequest& request, bool authenticated) {
    static constexpr std::array kActions = {"accept", "dismiss", "undo"};
    if (std::find(kActions.begin(), kActions.end(), request.action) == kActions.end())
        return FieldProblem{"action", "must be accept, dismiss or undo"};
    if (characters(request.comment) > kMaxComment)
        return FieldProblem{"comment", "has more than 1000 characters"};
    if (has_control(request.comment, true))
        return FieldProblem{"comment", "holds a control character"};
    if (characters(request.reader) > kMaxReader)
        return FieldProblem{"reader", "has more than 64 characters"};
    if (has_control(request.reader, false))
        return FieldProblem{"reader", "holds a control character"};
    if (request.reader.empty() && !authenticated)
        return FieldProblem{"reader", "is missing: a decision needs a name"};
    return std::nullopt;
}

}  // namespace

std::string about_json(const About& about, std::string_view principal) {
    Json json;
    json["version"] = about.version;
    json["model"] = {{"name", about.model_name},           {"version", about.model_version},
                     {"sha256", about.model_sha256},       {"manufacturer", about.manufacturer},
                     {"intended_use", about.intended_use}, {"attribution", about.attribution}};
    json["use_statement"] = about.use_statement;
    json["research_only"] = about.research_only;
    json["principal"] = principal;
    return text_of(json);
}

std::string worklist_json(std::uint64_t revision, std::span<const store::ExamEntry> exams) {
    Json json;
    json["revision"] = revision;
    json["exams"] = Json::array();
    for (const store::ExamEntry& exam : exams) json["exams"].push_back(card_of(exam));
    return text_of(json);
}

std::string exam_json(const store::ExamEntry& exam, std::span<const store::InstanceRow> images,
                      const std::string& reading_json, std::span<const store::Decision> decisions) {
    Json json;
    json["exam"] = card_of(exam);
    json["images"] = Json::array();
    for (const store::InstanceRow& image : images) json["images"].push_back(image_of(image));
    json["reading_id"] =
        reading_json.empty() ? Json(nullptr) : Json(store::reading_id(reading_json));
    json["reading"] =
        reading_json.empty() ? Json(nullptr) : kept_json(reading_json, "an exam's reading");
    json["decisions"] = Json::array();
    json["former_decisions"] = Json::array();
    const store::KeptReading reading = store::kept_reading(reading_json);
    for (const store::Decision& decision : decisions) {
        const std::string holds_for = reading.finding_of(decision);
        Json said = json_of(decision, holds_for);
        if (!holds_for.empty()) said["finding"] = holds_for;
        json[holds_for.empty() ? "former_decisions" : "decisions"].push_back(std::move(said));
    }
    return text_of(json);
}

std::string decision_json(const store::Decision& decision) {
    return text_of(json_of(decision, decision.finding));
}

std::string decisions_json(const std::string& reading_json,
                           std::span<const store::Decision> decisions) {
    const store::KeptReading reading = store::kept_reading(reading_json);
    Json json;
    json["decisions"] = Json::array();
    for (const store::Decision& decision : decisions)
        json["decisions"].push_back(json_of(decision, reading.finding_of(decision)));
    return text_of(json);
}

std::variant<DecisionRequest, FieldProblem> parse_decision(std::string_view body,
                                                           bool authenticated) {
    const Json json = Json::parse(body, nullptr, false);
    if (json.is_discarded() || !json.is_object()) return FieldProblem{"", "must be a JSON object"};
    DecisionRequest request;
    for (const auto& [name, value] : json.items()) {
        std::string* field = name == "action"         ? &request.action
                             : name == "comment"      ? &request.comment
                             : name == "reader"       ? &request.reader
                             : name == "model_sha256" ? &request.model_sha256
                             : name == "reading_id"   ? &request.reading_id
                                                      : nullptr;
        if (field == nullptr)
            return FieldProblem{name.substr(0, 64), "is not a field of a decision"};
        if (!value.is_string()) return FieldProblem{name, "must be text"};
        *field = trimmed(value.get<std::string>());
    }
    if (auto problem = check(request, authenticated)) return *problem;
    return request;
}

std::string problem_json(std::string_view error, const FieldProblem& problem) {
    Json json;
    json["error"] = error;
    json["message"] =
        problem.name.empty() ? "the body " + problem.why : problem.name + " " + problem.why;
    if (!problem.name.empty()) json["field"] = problem.name;
    return text_of(json);
}

}  // namespace lucerna::review
