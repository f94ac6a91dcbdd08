#include "review/wire.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <optional>
#include <ranges>
#include <set>
#include <utility>

#include "base/error.h"
#include "store/instance_revision.h"
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

/// As it stands: read it would be many times its text.
const std::string& kept_json(const std::string& text, const char* what) {
    if (!Json::accept(text))
        throw Error(ErrorCode::kCorrupt, std::string("what is kept as ") + what + " is not JSON");
    return text;
}

/// Another member of an object that is written piece by piece.
void add_member(std::string& object, std::string_view name, std::string_view value) {
    if (object.back() != '{') object += ',';
    object.append(1, '"').append(name).append("\":").append(value);
}

void add_item(std::string& list, const Json& item) {
    if (list.back() != '[') list += ',';
    list += text_of(item);
}

template <typename Items, typename JsonOf>
void add_list(std::string& object, std::string_view name, const Items& items,
              const JsonOf& json_of_item) {
    add_member(object, name, "[");
    for (const auto& item : items) add_item(object, json_of_item(item));
    object += ']';
}

/// Its text without the refusals, which may be many.
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
    json["problem"] = exam.problem;
    json["synthetic"] = exam.synthetic;
    json["findings"] = exam.findings;
    json["decided"] = exam.decided;
    json["last_received_at"] = to_rfc3339(exam.last_received_at);
    json["read_at"] = exam.read_at ? Json(to_rfc3339(*exam.read_at)) : Json(nullptr);
    return json;
}

std::string card_text(const store::ExamEntry& exam) {
    std::string text = text_of(card_of(exam));
    text.pop_back();
    add_member(text, "refusals", kept_json(exam.refusals_json, "an exam's refusals"));
    return text + '}';
}

Json image_of(const store::InstanceRow& row) {
    Json json;
    json["sop_instance_uid"] = row.sop_instance_uid;
    json["sop_class_uid"] = row.sop_class_uid;
    json["series_instance_uid"] = row.series_instance_uid;
    json["view"] = row.view;
    json["revision"] = store::revision_of(row);
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

WorklistText::WorklistText(std::uint64_t revision, std::size_t limit)
    : limit_(limit), text_("{\"revision\":" + std::to_string(revision) + ",\"exams\":[") {}

bool WorklistText::add(const store::ExamEntry& exam) {
    const std::string card = card_text(exam);
    // The first has its place whatever it is.
    has_more_ = count_ == limit_ || (count_ > 0 && text_.size() + card.size() > kMostBytes);
    if (has_more_) return false;
    if (count_++ > 0) text_ += ',';
    text_ += card;
    return true;
}

std::string WorklistText::finish() {
    text_ += has_more_ ? "],\"more\":true}" : "],\"more\":false}";
    return std::move(text_);
}

std::string exam_json(const store::ExamEntry& exam, const ShownImages& images,
                      const std::string& reading_json, const ShownDecisions& decisions) {
    std::string text = "{";
    add_member(text, "exam", card_text(exam));
    add_list(text, "images", images.rows, image_of);
    add_member(text, "more_images", images.has_more ? "true" : "false");
    add_member(text, "reading_id",
               reading_json.empty() ? "null" : text_of(store::reading_id(reading_json)));
    add_member(text, "reading",
               reading_json.empty() ? "null" : kept_json(reading_json, "an exam's reading"));
    add_list(text, "decisions", std::views::reverse(decisions.current()),
             [](const store::Decision& one) { return json_of(one, one.finding); });
    add_list(text, "former_decisions", std::views::reverse(decisions.former()),
             [](const store::Decision& one) { return json_of(one, ""); });
    add_member(text, "decisions_left_out", std::to_string(decisions.left_out()));
    return text + '}';
}

std::string decision_json(const store::Decision& decision) {
    return text_of(json_of(decision, decision.finding));
}

std::string decisions_json(const std::string& reading_json, std::size_t count,
                           std::span<const store::Decision> decisions) {
    const store::KeptReading reading = store::kept_reading(reading_json);
    std::string text = "{";
    add_member(text, "count", std::to_string(count));
    add_list(text, "decisions", decisions,
             [&](const store::Decision& one) { return json_of(one, reading.finding_of(one)); });
    return text + '}';
}

std::variant<DecisionRequest, FieldProblem> parse_decision(std::string_view body,
                                                           bool authenticated) {
    // Of a member that is there twice either might be meant.
    std::set<std::string> names;
    std::optional<FieldProblem> twice;
    const auto look = [&](int depth, Json::parse_event_t event, const Json& parsed) {
        if (event == Json::parse_event_t::key && depth == 1)
            if (const auto& name = parsed.get_ref<const std::string&>();
                !names.insert(name).second && !twice)
                twice = FieldProblem{name.substr(0, 64), "is there twice"};
        return true;
    };
    const Json json = Json::parse(body, look, false);
    if (json.is_discarded() || !json.is_object()) return FieldProblem{"", "must be a JSON object"};
    if (twice) return *twice;
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
