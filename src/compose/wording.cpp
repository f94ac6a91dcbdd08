#include "compose/wording.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <string_view>

#include "compose/compose.h"
#include "exam/standing_sentences.h"

namespace lucerna::compose {
namespace {

std::string fixed(double value, int decimals) {
    std::array<char, 64> buffer{};
    const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value,
                                   std::chars_format::fixed, decimals);
    return {buffer.data(), end.ptr};
}

std::string joined(const std::vector<std::string>& parts, const std::string& between) {
    std::string result;
    for (const std::string& part : parts) {
        if (!result.empty()) result += between;
        result += part;
    }
    return result;
}

std::string plural(std::size_t count, const std::string& noun) {
    return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

/// Line feeds and other controls would end the line.
std::string one_line(std::string text) {
    for (char& c : text)
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = ' ';
    return text;
}

struct RefusalKind {
    exam::RefusalReason reason;
    std::string_view words;
};

constexpr RefusalKind kRefusalKinds[] = {
    {exam::RefusalReason::kMissingView, "the view is missing"},
    {exam::RefusalReason::kDuplicateView, "another image of the view was read"},
    {exam::RefusalReason::kWrongModality, "not of a kind that is read"},
    {exam::RefusalReason::kForProcessing, "raw data, not for presentation"},
    {exam::RefusalReason::kImplantDisplaced, "implant displaced"},
    {exam::RefusalReason::kImplantPresent, "breast with an implant"},
    {exam::RefusalReason::kSpotOrMagnification, "spot compression or magnification"},
    {exam::RefusalReason::kPartialView, "partial view"},
    {exam::RefusalReason::kNotAPlainImage, "not a plain image of a breast"},
    {exam::RefusalReason::kUnknownView, "its header names no one known view"},
    {exam::RefusalReason::kNoPixelSpacing, "no pixel spacing that fits"},
    {exam::RefusalReason::kNoPixels, "no pixels"},
    {exam::RefusalReason::kUnsupportedEncoding, "its encoding is not supported"},
    {exam::RefusalReason::kTruncated, "it is cut off"},
    {exam::RefusalReason::kBadPixelDescription, "its header describes the picture wrongly"},
    {exam::RefusalReason::kLateralityContradicted, "its header contradicts itself on the side"},
    {exam::RefusalReason::kNoBreastFound, "no breast found"},
    {exam::RefusalReason::kUnreadable, "it cannot be read"},
    {exam::RefusalReason::kModelFailed, "the model failed on it"},
    {exam::RefusalReason::kTooManyImages, "too many images"},
    {exam::RefusalReason::kAnotherPatient, "it may be of another patient"},
};

std::string reached(const exam::ExamReading& reading) {
    const exam::OperatingPoint* strictest = nullptr;
    for (const exam::OperatingPoint& point : reading.model.operating_points)
        if (std::ranges::find(reading.above, point.name) != reading.above.end() &&
            (strictest == nullptr || point.threshold > strictest->threshold))
            strictest = &point;
    if (strictest != nullptr)
        return " (above '" + strictest->name + "' " + shown_number(strictest->threshold) + ")";
    if (const exam::OperatingPoint* lowest = lowest_operating_point(reading.model))
        return " (below '" + lowest->name + "' " + shown_number(lowest->threshold) + ")";
    return "";
}

}  // namespace

std::string view_label(const exam::ViewSource& source) {
    return source.name ? to_string(*source.name) : source.sop_instance_uid;
}

std::string refusal_sentence(const exam::Refusal& refusal) {
    std::string text = refusal.view.empty() ? refusal.sop_instance_uid : refusal.view;
    if (text.empty()) text = "Exam";
    text += " not read: " + refusal.what;
    if (!refusal.where.empty()) text += " (" + refusal.where + ")";
    while (!text.empty() && (text.back() == '.' || text.back() == ' ')) text.pop_back();
    text += ".";
    if (!refusal.remedy.empty()) text += " " + refusal.remedy;
    return one_line(std::move(text));
}

std::string drawn_label(const std::optional<exam::ViewName>& name) {
    return name ? to_string(*name) : "View unknown";
}

std::string drawn_refusal(const exam::Refusal& refusal) {
    std::string text = drawn_label(exam::view_name_from(refusal.view)) + " not read";
    for (const RefusalKind& kind : kRefusalKinds)
        if (kind.reason == refusal.reason) text += ": " + std::string(kind.words);
    return text + ". The reports say more.";
}

std::string shown_score(double score) {
    // The tiny addend keeps 0.29, which doubles hold as slightly less, from showing as 0.28.
    return fixed(std::floor(score * 100 + 1e-9) / 100, 2);
}

std::string shown_number(double number) {
    std::string text = fixed(number, 4);
    while (text.back() == '0' && text[text.size() - 3] != '.') text.pop_back();
    return text;
}

const exam::OperatingPoint* lowest_operating_point(const exam::ModelIdentity& model) {
    const auto lowest =
        std::ranges::min_element(model.operating_points, {}, &exam::OperatingPoint::threshold);
    return lowest == model.operating_points.end() ? nullptr : &*lowest;
}

std::vector<std::string> caveats(const exam::ExamReading& reading) {
    std::vector<std::string> lines = {one_line(use_statement(reading.model, reading.jurisdiction))};
    if (reading.synthetic) lines.emplace_back(exam::kSyntheticImages);
    lines.emplace_back(exam::kPreliminaryResult);
    return lines;
}

std::vector<std::string> method_lines(const exam::ExamReading& reading) {
    const exam::ModelIdentity& model = reading.model;
    std::vector<std::string> lines = {"Model package SHA-256: " + model.sha256};
    if (!reading.views.empty()) {
        const exam::ViewReading& view = reading.views.front();
        lines.push_back("Preparation: " + joined(view.steps, ", ") + "; " +
                        shown_number(view.spacing_mm) + " mm a pixel");
    }
    lines.push_back("Calibration: " + (model.calibration.empty() ? "none" : model.calibration));
    for (const exam::OperatingPoint& point : model.operating_points)
        lines.push_back("Operating point " + point.name + ": " + shown_number(point.threshold) +
                        (point.description.empty() ? "" : "; " + point.description));
    lines.push_back(std::string(exam::kUseLabel) + use_statement(model, reading.jurisdiction));
    for (std::string& line : lines) line = one_line(std::move(line));
    return lines;
}

std::string narrative(const exam::ExamReading& reading) {
    std::vector<std::string> lines = {summary_line(reading)};
    for (std::string& line : caveats(reading)) lines.push_back(std::move(line));
    for (const exam::Refusal& refusal : reading.refusals)
        lines.push_back(refusal_sentence(refusal));
    return joined(lines, "\r\n");
}

std::string summary_line(const exam::ExamReading& reading) {
    std::size_t findings = 0;
    const exam::Finding* highest = nullptr;
    const exam::ViewReading* where = nullptr;
    for (const exam::ViewReading& view : reading.views) {
        findings += view.findings.size();
        for (const exam::Finding& finding : view.findings)
            if (highest == nullptr || finding.score > highest->score) {
                highest = &finding;
                where = &view;
            }
    }
    std::string text = reading.views.empty()
                           ? "No view was read"
                           : (findings == 0 ? "No findings" : plural(findings, "finding")) +
                                 " in " + plural(reading.views.size(), "view");
    if (highest != nullptr)
        text += ", highest " + shown_score(highest->score) + " at " + view_label(where->source);
    if (!reading.views.empty())
        text += "; exam score " + shown_score(reading.score) + reached(reading);
    const auto missing = static_cast<std::size_t>(std::ranges::count(
        reading.refusals, exam::RefusalReason::kMissingView, &exam::Refusal::reason));
    text += "; " + plural(reading.refusals.size() - missing, "view") + " refused";
    if (missing > 0) text += ", " + std::to_string(missing) + " missing";
    text += "; " + reading.model.name + " " + reading.model.version;
    text += reading.model.research_only_in(reading.jurisdiction)
                ? "; research use only"
                : "; cleared in " + reading.jurisdiction;
    if (reading.synthetic) text += "; synthetic images";
    return one_line(std::move(text));
}

}  // namespace lucerna::compose
