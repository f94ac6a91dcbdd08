#include <cmath>
#include <nlohmann/json.hpp>

#include "report/report.h"

namespace lucerna::report {
namespace {

// Keeps members in the order in which they are added, as a reader wants them.
using Json = nlohmann::ordered_json;

/// JSON knows no infinity: it is null there, as what is not defined.
Json number(double value) {
    return std::isfinite(value) ? Json(value) : Json();
}

Json json_of(const Figure& figure) {
    Json json{{"title", figure.title}, {"value", nullptr}};
    if (figure.value) json["value"] = number(*figure.value);
    Json intervals = Json::object();
    for (const auto& [method, interval] : figure.intervals)
        intervals[method] = {number(interval.low), number(interval.high)};
    json["intervals"] = intervals;
    if (figure.cases) json["cases"] = *figure.cases;
    if (figure.p) json["p"] = number(*figure.p);
    if (!figure.value) json["undefined_because"] = figure.undefined_because;
    return json;
}

Json json_of(const Plot& plot) {
    Json json{{"title", plot.title}, {"x", plot.x_label}, {"y", plot.y_label}};
    Json curves = Json::array();
    for (const Curve& curve : plot.curves) {
        if (curve.style == Curve::Style::kReference) continue;
        Json points = Json::array();
        for (const auto& [x, y] : curve.points) points.push_back({number(x), number(y)});
        curves.push_back({{"name", curve.name}, {"points", points}});
    }
    json["curves"] = curves;
    if (!plot.undefined_because.empty()) json["undefined_because"] = plot.undefined_because;
    return json;
}

Json json_of(const Section& section) {
    Json figures = Json::object();
    for (const Figure& figure : section.figures) figures[figure.id] = json_of(figure);
    Json plots = Json::object();
    for (const Plot& plot : section.plots) plots[plot.id] = json_of(plot);
    return {{"title", section.title},
            {"explanation", section.explanation},
            {"figures", figures},
            {"plots", plots}};
}

Json json_of(const Group& group) {
    Json metrics = Json::object();
    for (const GroupMetric& metric : group.metrics) {
        Json one{{"title", metric.title},          {"too_small", metric.too_small},
                 {"value", json_of(metric.value)}, {"rest", json_of(metric.rest)},
                 {"gap", json_of(metric.gap)},     {"p_holm", nullptr}};
        for (const char* part : {"value", "rest", "gap"}) one[part].erase("title");
        if (metric.p_holm) one["p_holm"] = number(*metric.p_holm);
        metrics[metric.metric] = one;
    }
    return {{"column", group.column},
            {"value", group.name},
            {"images", group.images},
            {"patients", group.patients},
            {"malignant_patients", group.malignant_patients},
            {"too_small", group.too_small},
            {"metrics", metrics}};
}

Json json_of(const Verdict& verdict) {
    Json checks = Json::array();
    for (const Check& check : verdict.checks)
        checks.push_back(
            {{"name", check.name}, {"outcome", name_of(check.outcome)}, {"detail", check.detail}});
    return {{"outcome", name_of(verdict.outcome)}, {"checks", checks}};
}

Json settings_of(const ReportOptions& options) {
    Json thresholds = Json::array();
    for (const NamedThreshold& one : options.thresholds)
        thresholds.push_back({{"name", one.name}, {"threshold", one.threshold}});
    Json json{{"subgroups", options.subgroups},
              {"prevalence", nullptr},
              {"thresholds", thresholds},
              {"tolerance", options.tolerance},
              {"smallest_group", options.smallest_group},
              {"rounds", options.rounds},
              {"seed", options.seed}};
    if (options.prevalence) json["prevalence"] = *options.prevalence;
    return json;
}

}  // namespace

std::string report_json(const Report& report) {
    Json unread = Json::array();
    for (const UnreadImage& one : report.unread)
        unread.push_back(
            {{"file", one.file}, {"malignant", one.malignant}, {"reason", one.reason}});
    Json sections = Json::object();
    for (const Section& section : report.sections) sections[section.id] = json_of(section);
    Json groups = Json::array();
    for (const Group& group : report.groups) groups.push_back(json_of(group));
    const Origin& origin = report.origin;
    Json document{{"format", "lucerna-report"},
                  {"format_version", 1},
                  {"verdict", json_of(report.verdict)},
                  {"origin",
                   {{"program", "lucerna " + origin.program_version},
                    {"made_at", origin.made_at},
                    {"manifest", origin.manifest},
                    {"manifest_sha256", origin.manifest_sha256},
                    {"source", origin.source},
                    {"source_sha256", origin.source_sha256},
                    {"compared_with", origin.compared_with}}},
                  {"settings", settings_of(report.options)},
                  {"data",
                   {{"images", report.images},
                    {"malignant_images", report.malignant_images},
                    {"images_without_lesion", report.images_without_lesion},
                    {"patients", report.patients},
                    {"lesions", report.lesions},
                    {"malignant_lesions", report.malignant_lesions},
                    {"unread", unread}}},
                  {"notes", report.notes},
                  {"sections", sections},
                  {"subgroups", groups}};
    return document.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace lucerna::report
