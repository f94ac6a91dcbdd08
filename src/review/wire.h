#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "review/about.h"
#include "store/archive.h"
#include "store/exam_book.h"

namespace lucerna::review {

/// The bodies of /api (docs/formats/api.md): JSON out of what is kept. What was kept as JSON goes
/// in as such; Error(kCorrupt) when it is none.
[[nodiscard]] std::string about_json(const About& about, std::string_view principal);
[[nodiscard]] std::string worklist_json(std::uint64_t revision,
                                        std::span<const store::ExamEntry> exams);
/// `decisions` in it are those on findings of the reading, by what they are called there; the
/// others are `former_decisions`.
[[nodiscard]] std::string exam_json(const store::ExamEntry& exam,
                                    std::span<const store::InstanceRow> images,
                                    const std::string& reading_json,
                                    std::span<const store::Decision> decisions);
/// Of one on a finding of the newest reading.
[[nodiscard]] std::string decision_json(const store::Decision& decision);
[[nodiscard]] std::string decisions_json(const std::string& reading_json,
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
