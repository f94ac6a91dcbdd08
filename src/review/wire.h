#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "review/about.h"
#include "review/shown_decisions.h"
#include "store/archive.h"
#include "store/exam_book.h"

namespace lucerna::review {

/// The bodies of /api (docs/formats/api.md): JSON out of what is kept. What was kept as JSON goes
/// in as such; Error(kCorrupt) when it is none.
[[nodiscard]] std::string about_json(const About& about, std::string_view principal);

/// The worklist's, exam by exam, as its text alone is small enough to be held.
class WorklistText {
  public:
    static constexpr std::size_t kMostBytes = std::size_t{4} << 20;

    /// Of `limit` exams at most.
    WorklistText(std::uint64_t revision, std::size_t limit);
    /// False: it has no place any more, and the answer says that there is more.
    [[nodiscard]] bool add(const store::ExamEntry& exam);
    /// The answer. Once.
    [[nodiscard]] std::string finish();

  private:
    const std::size_t limit_;
    std::string text_;
    std::size_t count_ = 0;
    bool has_more_ = false;
};

/// What an exam's answer lists of its images.
struct ShownImages {
    std::span<const store::InstanceRow> rows;
    bool has_more = false;
};
/// `decisions` in it are those on findings of the reading, by what they are called there; the
/// others are `former_decisions`. Oldest first.
[[nodiscard]] std::string exam_json(const store::ExamEntry& exam, const ShownImages& images,
                                    const std::string& reading_json,
                                    const ShownDecisions& decisions);
/// Of one on a finding of the newest reading.
[[nodiscard]] std::string decision_json(const store::Decision& decision);
/// `count`: how many there are of that exam.
[[nodiscard]] std::string decisions_json(const std::string& reading_json, std::size_t count,
                                         std::span<const store::Decision> decisions);

/// What somebody asks to keep about a finding.
struct DecisionRequest {
    std::string action;
    std::string comment;
    /// Empty where the connection says who it is.
    std::string reader;
    /// The model whose reading the person looked at, and that reading; empty when not said.
    std::string model_sha256;
    std::string reading_id;
};

/// A field of a body that is wrong, and why; `name` is empty when the body as a whole is.
struct FieldProblem {
    std::string name;
    std::string why;
};

/// Reads a decision's body. `reader` must be there unless `authenticated`.
[[nodiscard]] std::variant<DecisionRequest, FieldProblem> parse_decision(std::string_view body,
                                                                         bool authenticated);

/// {"error": ..., "message": ..., "field": ...}
[[nodiscard]] std::string problem_json(std::string_view error, const FieldProblem& problem);

}  // namespace lucerna::review
