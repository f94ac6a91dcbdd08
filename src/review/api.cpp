#include "review/api.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/encoding.h"
#include "base/memory.h"
#include "base/memory_budget.h"
#include "http/event_stream.h"
#include "http/media_type.h"
#include "review/wire.h"
#include "store/kept_reading.h"

namespace lucerna::review {
namespace {

constexpr std::size_t kMaxBody = 16 * 1024;
constexpr std::size_t kMostExams = 5000;
constexpr std::size_t kMostImages = 2000;
constexpr std::size_t kMostDecisions = 500;

/// For what an answer is made of, and its text, whose parts have bounds: of two at a time. Each is
/// ready in milliseconds.
MemoryBudget::Share room_for_answer() {
    static MemoryBudget budget("what the page is told at once", std::size_t{16} << 20);
    MemoryBudget::Share room = budget.take(std::size_t{8} << 20, "an answer of the page's API");
    // What others have freed is not to lie beside it.
    give_back_surplus_memory();
    return room;
}

store::ExamEntry exam_or_throw(Exams& exams, const std::string& study) {
    std::optional<store::ExamEntry> exam = exams.exam(study);
    if (!exam) throw Error(ErrorCode::kNotFound, "there is no exam of that study");
    return *std::move(exam);
}

http::Response worklist(Exams& exams, http::Request& request) {
    const std::string wanted = request.query.get_or("state", "");
    const std::optional<store::ExamState> state = store::exam_state_from(wanted);
    if (!wanted.empty() && !state)
        throw Error(ErrorCode::kInvalidInput,
                    "state must be receiving, waiting, reading, read, refused or failed");
    const std::size_t limit = request.query.number_or("limit", 200, 1, kMostExams);
    const MemoryBudget::Share room = room_for_answer();
    // Before the list: what changes meanwhile is then announced, if twice.
    WorklistText text(exams.revision(), limit);
    // One more says that there are more.
    exams.each_of_worklist(state, limit + 1,
                           [&](const store::ExamEntry& exam) { return text.add(exam); });
    return http::Response::json(200, text.finish());
}

/// What an exam's answer is made of, all of one moment.
struct ShownExam {
    store::ExamEntry entry;
    std::vector<store::InstanceRow> images;
    std::string reading;
};

/// No image came or went between them, and no reading.
bool are_alike(const store::ExamEntry& before, const store::ExamEntry& after) {
    return before.revision == after.revision &&
           before.first_received_at == after.first_received_at &&
           before.last_received_at == after.last_received_at && before.read_at == after.read_at &&
           before.state == after.state;
}

/// An image that came in the place of another one is not to be listed beside the reading of that:
/// nothing else tells them apart where both have one SOP Instance UID. Without a reading it may:
/// images can come faster than they are looked at.
ShownExam shown_exam(Exams& exams, const std::string& study) {
    constexpr int kTries = 5;
    store::ExamEntry before = exam_or_throw(exams, study);
    for (int tries = 0; tries < kTries; ++tries) {
        ShownExam shown;
        shown.images = exams.images(study, kMostImages + 1);
        shown.reading = exams.reading_json(study);
        shown.entry = exam_or_throw(exams, study);
        const bool is_unread = shown.reading.empty() && before.read_at == shown.entry.read_at;
        if (is_unread || are_alike(before, shown.entry)) return shown;
        before = std::move(shown.entry);
    }
    throw Error(ErrorCode::kUnavailable, "the exam is changing: ask again");
}

http::Response exam(Exams& exams, http::Request& request) {
    const std::string& study = request.parameter("study");
    const MemoryBudget::Share room = room_for_answer();
    ShownExam shown = shown_exam(exams, study);
    const bool has_more = shown.images.size() > kMostImages;
    if (has_more) shown.images.pop_back();
    ShownDecisions decisions(shown.reading);
    exams.each_newest_decision(
        study, [&](store::Decision&& decision) { decisions.add(std::move(decision)); });
    return http::Response::json(
        200, exam_json(shown.entry, {shown.images, has_more}, shown.reading, decisions));
}

http::Response decisions(Exams& exams, http::Request& request) {
    const std::string& study = request.parameter("study");
    const std::size_t limit = request.query.number_or("limit", kMostDecisions, 1, kMostDecisions);
    const std::size_t offset = request.query.number_or("offset", 0, 0, INT32_MAX);
    (void)exam_or_throw(exams, study);
    const MemoryBudget::Share room = room_for_answer();
    const std::string reading = exams.reading_json(study);
    return http::Response::json(200, decisions_json(reading, exams.count_decisions(study),
                                                    exams.decisions(study, limit, offset)));
}

/// A form of another site cannot send this type without asking first, and is not answered then.
bool says_json(const http::Request& request) {
    const auto media = http::parse_media_type(request.headers.get_or("Content-Type", ""));
    return media && media->type == "application/json";
}

store::Decision decision_of(const DecisionRequest& said, const http::Request& request,
                            const store::KeptReading& reading, Instant now) {
    store::Decision decision;
    decision.study_instance_uid = request.parameter("study");
    decision.finding = request.parameter("finding");
    decision.model_sha256 = reading.model_sha256;
    decision.action = said.action;
    decision.comment = said.comment;
    decision.self_declared = request.principal.empty();
    decision.who = decision.self_declared ? said.reader : request.principal;
    decision.when = now;
    return decision;
}

http::Response decide(Exams& exams, const Clock& clock, http::Request& request) {
    if (!says_json(request))
        return http::Response::json(
            415, problem_json("unsupported-media-type", {"", "must be application/json"}));
    const Bytes body = request.body.read_all(kMaxBody);
    const auto parsed = parse_decision(as_text(body), !request.principal.empty());
    if (const auto* problem = std::get_if<FieldProblem>(&parsed))
        return http::Response::json(400, problem_json("invalid-input", *problem));
    const auto& said = std::get<DecisionRequest>(parsed);

    const std::string& study = request.parameter("study");
    (void)exam_or_throw(exams, study);
    const std::string newest = exams.reading_json(study);
    const store::KeptReading reading = store::kept_reading(newest);
    // Before the finding is looked for: it may be none of the newer reading.
    if ((!said.reading_id.empty() && said.reading_id != store::reading_id(newest)) ||
        (!said.model_sha256.empty() && said.model_sha256 != reading.model_sha256))
        throw Error(ErrorCode::kConflict, "the exam was read again since it was shown: look again");
    if (reading.find(request.parameter("finding")) == nullptr)
        throw Error(ErrorCode::kNotFound, "the exam's reading has no such finding");
    const store::Decision decision = decision_of(said, request, reading, clock.now());
    exams.decide(decision, store::reading_id(newest));
    return http::Response::json(201, decision_json(decision));
}

http::Response events(Exams& exams) {
    // The first question is answered at once, so that nothing is missed between the page's last
    // look and this stream.
    auto told = std::make_shared<std::optional<std::uint64_t>>();
    return http::event_stream([&exams, told]() -> std::optional<http::Event> {
        const std::uint64_t revision = exams.revision();
        if (*told == revision) return std::nullopt;
        *told = revision;
        return http::Event{"changed", std::to_string(revision), std::to_string(revision)};
    });
}

}  // namespace

void add_api(http::Router& router, Exams& exams, const About& about, const Clock& clock) {
    using http::Request;
    router.add("GET", "/api/about", [about](Request& request) {
        return http::Response::json(200, about_json(about, request.principal));
    });
    router.add("GET", "/api/worklist",
               [&exams](Request& request) { return worklist(exams, request); });
    router.add("GET", "/api/exams/{study}",
               [&exams](Request& request) { return exam(exams, request); });
    router.add("GET", "/api/exams/{study}/decisions",
               [&exams](Request& request) { return decisions(exams, request); });
    router.add("POST", "/api/exams/{study}/findings/{finding}/decisions",
               [&exams, &clock](Request& request) { return decide(exams, clock, request); });
    router.add("GET", "/api/events", [&exams](Request&) { return events(exams); });
}

}  // namespace lucerna::review
