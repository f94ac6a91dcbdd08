#include <algorithm>
#include <nlohmann/json.hpp>

#include "compose/compose.h"
#include "compose/placed.h"
#include "compose/reading_check.h"

namespace lucerna::compose {
namespace {

// Keys stay in the order in which they are written here.
using Json = nlohmann::ordered_json;

Json model_of(const exam::ExamReading& reading) {
    const exam::ModelIdentity& model = reading.model;
    Json points = Json::array();
    for (const exam::OperatingPoint& point : model.operating_points)
        points.push_back({{"name", point.name},
                          {"threshold", point.threshold},
                          {"description", point.description}});
    return {{"name", model.name},
            {"version", model.version},
            {"sha256", model.sha256},
            {"manufacturer", model.manufacturer},
            {"intended_use", model.intended_use},
            {"finding_kind", model.finding_kind},
            {"calibration", model.calibration},
            {"operating_points", points},
            {"cleared_in", model.cleared_in},
            {"attribution", model.attribution}};
}

Json box_of(const exam::Box& box) {
    return {{"left", box.left}, {"top", box.top}, {"width", box.width}, {"height", box.height}};
}

Json corners_of(const std::vector<exam::Point>& outline, double across, double down) {
    Json corners = Json::array();
    for (const exam::Point& point : outline)
        corners.push_back(Json::array({point.x * across, point.y * down}));
    return corners;
}

Json finding_of(const exam::Finding& finding, const exam::ViewReading& view,
                const exam::ModelIdentity& model) {
    const exam::ViewSource& source = view.source;
    const exam::Box box = placed_box(finding, source);
    const std::vector<exam::Point> outline = placed_outline(finding, source);
    Json above = Json::array();
    for (const exam::OperatingPoint& point : model.operating_points)
        if (finding.score >= point.threshold) above.push_back(point.name);
    Json result = {{"id", finding.id},
                   {"kind", finding.kind},
                   {"score", finding.score},
                   {"raw_score", finding.raw_score},
                   {"presence", finding.presence},
                   {"above", above},
                   {"box", box_of(box)},
                   {"contour", corners_of(outline, 1, 1)}};
    const double across = source.column_spacing_mm;
    const double down = source.row_spacing_mm;
    if (across > 0 && down > 0) {
        result["box_mm"] =
            box_of({box.left * across, box.top * down, box.width * across, box.height * down});
        result["contour_mm"] = corners_of(outline, across, down);
    }
    return result;
}

Json view_of(const exam::ViewReading& view, const exam::ModelIdentity& model) {
    Json findings = Json::array();
    for (const exam::Finding& finding : view.findings)
        findings.push_back(finding_of(finding, view, model));
    const exam::ViewSource& source = view.source;
    return {{"view", source.name ? to_string(*source.name) : ""},
            {"sop_instance_uid", source.sop_instance_uid},
            {"sop_class_uid", source.sop_class_uid},
            {"series_instance_uid", source.series_instance_uid},
            {"rows", source.rows},
            {"columns", source.columns},
            {"row_spacing_mm", source.row_spacing_mm},
            {"column_spacing_mm", source.column_spacing_mm},
            {"preparation", {{"steps", view.steps}, {"spacing_mm", view.spacing_mm}}},
            {"score", view.score},
            {"raw_score", view.raw_score},
            {"findings", findings}};
}

Json refusal_of(const exam::Refusal& refusal) {
    return {{"reason", exam::name_of(refusal.reason)},
            {"what", refusal.what},
            {"where", refusal.where},
            {"remedy", refusal.remedy},
            {"sop_instance_uid", refusal.sop_instance_uid},
            {"view", refusal.view}};
}

}  // namespace

std::string findings_json(const exam::ExamReading& reading) {
    check_reading(reading);
    Json views = Json::array();
    for (const exam::ViewReading& view : reading.views)
        views.push_back(view_of(view, reading.model));
    Json refusals = Json::array();
    for (const exam::Refusal& refusal : reading.refusals) refusals.push_back(refusal_of(refusal));
    const Json document = {{"schema", "lucerna-findings/1"},
                           {"study_instance_uid", reading.subject.study_instance_uid},
                           {"read_at", to_rfc3339(reading.read_at)},
                           {"summary", summary_line(reading)},
                           {"use_statement", use_statement(reading.model, reading.jurisdiction)},
                           {"research_only", reading.model.research_only_in(reading.jurisdiction)},
                           {"jurisdiction", reading.jurisdiction},
                           {"synthetic", reading.synthetic},
                           {"preliminary", true},
                           {"model", model_of(reading)},
                           {"score", reading.views.empty() ? Json(nullptr) : Json(reading.score)},
                           {"above", reading.above},
                           {"views", views},
                           {"refusals", refusals}};
    // What is not UTF-8 in a refusal's words must not cost the reading.
    return document.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace lucerna::compose
