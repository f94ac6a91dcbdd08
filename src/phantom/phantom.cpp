#include "phantom/phantom.h"

#include <charconv>
#include <system_error>
#include <utility>

#include "base/encoding.h"
#include "dicom/tags.h"
#include "phantom/header.h"
#include "phantom/pictures.h"

namespace lucerna::phantom {
namespace {

std::string number(double value) {
    char text[32];
    const auto end = std::to_chars(text, text + sizeof text, value).ptr;
    return {text, end};
}

std::string field(std::string_view name, const std::string& value) {
    return json_quoted(name) + ": " + value;
}

std::string truth_object(const Truth& truth) {
    return "{" + field("lesion", std::to_string(truth.lesion)) + ", " +
           field("kind", json_quoted(name_of(truth.kind))) + ", " +
           field("view", json_quoted(to_string(truth.view))) + ", " +
           field("sop_instance_uid", json_quoted(truth.sop_instance_uid)) + ", " +
           field("box", "[" + number(truth.box.left) + ", " + number(truth.box.top) + ", " +
                            number(truth.box.width) + ", " + number(truth.box.height) + "]") +
           ", " + field("diameter_mm", number(truth.diameter_mm)) + ", " +
           field("depth_mm", number(truth.depth_mm)) + "}";
}

}  // namespace

std::string_view name_of(FindingKind kind) {
    switch (kind) {
        case FindingKind::kSpiculatedMass:
            return "spiculated-mass";
        case FindingKind::kLobulatedMass:
            return "lobulated-mass";
        case FindingKind::kCalcifications:
            return "calcifications";
    }
    return "calcifications";
}

Exam make_exam(const PhantomOptions& options) {
    Exam exam;
    exam.options = options;
    draw_views(options, [&](DrawnView view) {
        exam.views.push_back(stored_view(view, options, static_cast<int>(exam.views.size()) + 1));
        const std::string uid = exam.views.back().text_or(dicom::kSopInstanceUid, "");
        for (Truth& truth : view.truth) {
            truth.sop_instance_uid = uid;
            exam.truth.push_back(std::move(truth));
        }
    });
    return exam;
}

std::string truth_json(const Exam& exam) {
    const PhantomOptions& options = exam.options;
    std::string json =
        "{\n  " + field("schema", json_quoted("lucerna-phantom-truth/1")) + ",\n  " +
        field("synthetic", "true") + ",\n  " + field("seed", std::to_string(options.seed)) +
        ",\n  " + field("columns", std::to_string(options.columns)) + ",\n  " +
        field("rows", std::to_string(options.rows)) + ",\n  " +
        field("spacing_mm", number(options.spacing_mm)) + ",\n  " + field("lesions", "[");
    for (std::size_t i = 0; i < exam.truth.size(); ++i)
        json += (i == 0 ? "\n    " : ",\n    ") + truth_object(exam.truth[i]);
    return json + (exam.truth.empty() ? "]\n}\n" : "\n  ]\n}\n");
}

}  // namespace lucerna::phantom
