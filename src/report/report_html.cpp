#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "base/encoding.h"
#include "report/page_style.h"
#include "report/plot_svg.h"
#include "report/report.h"
#include "report/workbench.h"

namespace lucerna::report {
namespace {

std::string tag(const std::string& name, const std::string& text) {
    return "<" + name + ">" + markup_escaped(text) + "</" + name + ">";
}

/// Three digits behind the point, four where three would say little.
std::string value_text(double value) {
    const int digits = value != 0 && std::abs(value) < 0.01 ? 4 : 3;
    std::array<char, 64> buffer{};
    const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value,
                                   std::chars_format::fixed, digits)
                         .ptr;
    return {buffer.data(), end};
}

std::string interval_text(const evaluate::Interval& interval) {
    return "<span class='interval'>" + value_text(interval.low) + " to " +
           value_text(interval.high) + "</span>";
}

std::string method_text(const std::string& method) {
    if (method == "patient_bootstrap") return "bootstrap by patient";
    if (method == "delong") return "DeLong";
    if (method == "wilson") return "Wilson";
    if (method == "exact") return "Clopper-Pearson";
    if (method == "sandwich") return "sandwich by patient";
    return method;
}

std::string p_text(double p) {
    return p < 0.0001 ? "p < 0.0001" : "p = " + number_text(p, 4);
}

/// The interval that keeps a patient's cases together, else whatever there is.
std::string short_figure(const Figure& figure) {
    if (!figure.value) return "<span class='none'>not defined</span>";
    std::string text = "<b>" + value_text(*figure.value) + "</b>";
    auto at = figure.intervals.find("patient_bootstrap");
    if (at == figure.intervals.end()) at = figure.intervals.begin();
    if (at != figure.intervals.end()) text += " " + interval_text(at->second);
    return text;
}

std::string row_of(const Figure& figure) {
    std::string row = "<tr><td>" + markup_escaped(figure.title) + "</td>";
    if (!figure.value)
        return row + "<td colspan='2' class='none'>not defined: " +
               markup_escaped(figure.undefined_because) + "</td></tr>";
    row += "<td class='value'>" + value_text(*figure.value) + "</td><td>";
    std::string parts;
    const auto add = [&](const std::string& text) { parts += (parts.empty() ? "" : "; ") + text; };
    // The one that keeps a patient's cases together comes first.
    for (const char* method : {"patient_bootstrap", "sandwich", "delong", "wilson", "exact"}) {
        const auto at = figure.intervals.find(method);
        if (at == figure.intervals.end()) continue;
        add(interval_text(at->second) + " <i>" + method_text(method) + "</i>");
    }
    if (figure.p) add(p_text(*figure.p));
    if (figure.cases) add("<i>n&nbsp;=&nbsp;" + std::to_string(*figure.cases) + "</i>");
    return row + parts + "</td></tr>";
}

std::string plots_of(const Section& section) {
    std::string html;
    for (const Plot& plot : section.plots) {
        const bool empty =
            std::all_of(plot.curves.begin(), plot.curves.end(), [](const Curve& curve) {
                return curve.points.empty() || curve.style == Curve::Style::kReference;
            });
        html += "<figure>" + tag("figcaption", plot.title);
        html += empty ? "<p class='none'>not defined: " + markup_escaped(plot.undefined_because) +
                            "</p>"
                      : svg_of(plot);
        html += "</figure>";
    }
    return html.empty() ? html : "<div class='plots'>" + html + "</div>";
}

std::string section_html(const Section& section) {
    std::string html = "<section id='" + markup_escaped(section.id) + "'>" +
                       tag("h2", section.title) + tag("p", section.explanation) + plots_of(section);
    if (!section.figures.empty()) {
        html += "<details" + std::string(section.figures.size() <= 16 ? " open" : "") +
                "><summary>" + std::to_string(section.figures.size()) +
                " figures</summary><table><thead><tr><th>Figure</th><th>Value</th>"
                "<th>95% interval</th></tr></thead><tbody>";
        for (const Figure& figure : section.figures) html += row_of(figure);
        html += "</tbody></table></details>";
    }
    return html + "</section>";
}

std::string groups_html(const Report& report) {
    if (report.groups.empty()) return {};
    std::string html = "<section id='subgroups'>" + tag("h2", "Subgroups");
    html += tag("p",
                "Each group beside the rest: value, and gap to the rest, with intervals by "
                "bootstrap over patients; p-values adjusted by Holm over all gaps. A group "
                "with fewer than " +
                    std::to_string(report.options.smallest_group) +
                    " patients of a kind, or a rest with fewer, is too small for a figure that "
                    "needs that kind.");
    html +=
        "<div class='scroll'><table><thead><tr><th>Group</th><th>Images, patients "
        "(malignant)</th>";
    for (const GroupMetric& metric : report.groups.front().metrics) html += tag("th", metric.title);
    html += "</tr></thead><tbody>";
    std::string column;
    for (const Group& group : report.groups) {
        if (group.column != column)
            html +=
                "<tr class='column'><th colspan='9'>" + markup_escaped(group.column) + "</th></tr>";
        column = group.column;
        html += "<tr><td>" + markup_escaped(group.name) + "</td><td>" +
                std::to_string(group.images) + ", " + std::to_string(group.patients) + " (" +
                std::to_string(group.malignant_patients) + ")</td>";
        for (const GroupMetric& metric : group.metrics) {
            html += "<td>" + short_figure(metric.value);
            if (metric.too_small)
                html += "<br><span class='small'>too small a group</span>";
            else if (metric.gap.value)
                html += "<br>gap " + short_figure(metric.gap) +
                        (metric.p_holm ? "<br>Holm " + p_text(*metric.p_holm) : "");
            html += "</td>";
        }
        html += "</tr>";
    }
    return html + "</tbody></table></div></section>";
}

std::string verdict_html(const Verdict& verdict) {
    std::string html = "<section id='verdict'><h2>Verdict: <span class='" +
                       name_of(verdict.outcome) + "'>" + name_of(verdict.outcome) + "</span></h2>";
    if (verdict.checks.empty())
        return html + tag("p", "Nothing was asked: no requirement and no subgroup.") + "</section>";
    html += "<details><summary>" + std::to_string(verdict.checks.size()) +
            " checks</summary><table><tbody>";
    for (const Check& check : verdict.checks)
        html += "<tr><td class='" + name_of(check.outcome) + "'>" + name_of(check.outcome) +
                "</td><td>" + markup_escaped(check.name) + "</td><td>" +
                markup_escaped(check.detail) + "</td></tr>";
    return html + "</tbody></table></details></section>";
}

std::string rectangle(const exam::Box& box, const Thumbnail& picture, const char* style) {
    return std::string("<rect class='") + style + "' x='" +
           number_text(box.left * picture.scale_x, 1) + "' y='" +
           number_text(box.top * picture.scale_y, 1) + "' width='" +
           number_text(box.width * picture.scale_x, 1) + "' height='" +
           number_text(box.height * picture.scale_y, 1) + "'/>";
}

std::string example_html(const Example& example, const PictureOf& picture_of) {
    const auto picture = picture_of(example.file);
    if (!picture) return {};
    const std::string size = "width='" + std::to_string(picture->width) + "' height='" +
                             std::to_string(picture->height) + "'";
    std::string html = "<figure><svg " + size + " viewBox='0 0 " + std::to_string(picture->width) +
                       " " + std::to_string(picture->height) + "'><image " + size +
                       " href='data:image/jpeg;base64," + to_base64(picture->jpeg) + "'/>";
    for (const exam::Box& box : example.lesions) html += rectangle(box, *picture, "lesion");
    for (const PredictedMark& mark : example.marks) {
        html += rectangle(mark.box, *picture, "mark");
        html += "<text class='mark' x='" + number_text(mark.box.left * picture->scale_x, 1) +
                "' y='" + number_text(std::max(mark.box.top * picture->scale_y - 3, 10.0), 1) +
                "'>" + number_text(mark.suspicion, 2) + "</text>";
    }
    return html + "</svg>" + tag("figcaption", example.file + ": " + example.caption) + "</figure>";
}

std::string examples_html(const Report& report, const PictureOf& picture_of) {
    std::string html;
    for (const auto kind : {Example::Kind::kMiss, Example::Kind::kFalseAlarm}) {
        std::string pictures;
        for (const Example& example : report.examples)
            if (example.kind == kind) pictures += example_html(example, picture_of);
        html += kind == Example::Kind::kMiss ? "<section id='misses'><h2>Hardest misses</h2><p>"
                                               "Malignant images of the lowest scores."
                                             : "<section id='false-alarms'><h2>Worst false "
                                               "positives</h2><p>Images without cancer of the "
                                               "highest scores.";
        html +=
            " <span class='lesion-key'>Green</span>: annotated lesions. <span class='mark-key'>"
            "Orange, dashed</span>: the model's three most suspicious marks, with their "
            "suspicion.</p>";
        html += pictures.empty() ? "<p class='none'>There are none, or their pictures are not at "
                                   "hand.</p>"
                                 : "<div class='examples'>" + pictures + "</div>";
        html += "</section>";
    }
    return html;
}

std::string tiles_html(const Report& report) {
    const std::pair<const char*, const char*> kTiles[] = {
        {"image.auc", "Image AUC"},
        {"breast.auc", "Breast AUC"},
        {"patient.auc", "Patient AUC"},
        {"lesions.froc_lesions_centre_at_1", "Lesions found at 1 false mark an image"},
        {"lesions.froc_malignant_centre_at_1", "Malignant lesions found at 1"},
        {"calibration.slope", "Calibration slope"}};
    std::string html = "<div class='tiles'>";
    for (const auto& [name, title] : kTiles) {
        const Figure* figure = report.figure(name);
        if (figure == nullptr) continue;
        html += "<div>" + tag("span", title) + short_figure(*figure) + "</div>";
    }
    return html + "</div>";
}

std::string head_html(const Report& report) {
    const Origin& origin = report.origin;
    std::string html = tag("h1", "Evaluation of " + origin.source);
    html +=
        "<p class='origin'>" +
        markup_escaped(
            std::to_string(report.images) + " images (" + std::to_string(report.malignant_images) +
            " malignant, " + std::to_string(report.images_without_lesion) + " without lesion) of " +
            std::to_string(report.patients) + " patients; " + std::to_string(report.lesions) +
            " lesions, " + std::to_string(report.malignant_lesions) + " malignant. Manifest " +
            origin.manifest + ", SHA-256 " + origin.manifest_sha256.substr(0, 16) + ". Made " +
            origin.made_at + " by lucerna " + origin.program_version + "; bootstrap of " +
            std::to_string(report.options.rounds) + " rounds over patients, seed " +
            std::to_string(report.options.seed) + ".") +
        "</p><p><b>Research use only.</b></p>";
    html += tiles_html(report);
    if (!report.notes.empty()) {
        html += "<ul class='notes'>";
        for (const std::string& note : report.notes) html += tag("li", note);
        html += "</ul>";
    }
    return html;
}

std::string unread_html(const Report& report) {
    if (report.unread.empty()) return {};
    std::string html = "<section id='unread'><h2>Images without a score</h2><details><summary>" +
                       std::to_string(report.unread.size()) + " images</summary><table><tbody>";
    for (const UnreadImage& one : report.unread)
        html += "<tr>" + tag("td", one.file) + tag("td", one.malignant ? "malignant" : "") +
                tag("td", one.reason) + "</tr>";
    return html + "</tbody></table></details></section>";
}

}  // namespace

std::string report_html(const Report& report, const PictureOf& picture_of) {
    std::string html =
        "<!doctype html><html lang='en'><head><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width'>" +
        tag("title", "Evaluation of " + report.origin.source) + "<style>" + kPageStyle +
        "</style></head><body><main>" + head_html(report) + verdict_html(report.verdict);
    for (const Section& section : report.sections) html += section_html(section);
    html += groups_html(report) + examples_html(report, picture_of) + unread_html(report);
    return html + "</main></body></html>\n";
}

}  // namespace lucerna::report
