#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <string_view>

#include "base/error.h"
#include "base/hash.h"
#include "compose/canvas.h"
#include "compose/codes.h"
#include "compose/content_item.h"
#include "compose/placed.h"
#include "compose/result_object.h"
#include "compose/stroke_font.h"
#include "compose/templates.h"
#include "compose/wording.h"
#include "dicom/uids.h"
#include "exam/standing_sentences.h"

// Secondary Capture (PS3.3 A.8.1), single frame, true colour: the class that every archive and
// viewer takes, and colour keeps a contour from being read as a part of the breast. What is written
// stands below the picture, so that it covers nothing.

namespace lucerna::compose {
namespace {

// Told apart by people who see no red or no green, too (Okabe and Ito's palette).
constexpr Colour kAbove{230, 159, 0};
constexpr Colour kBelow{86, 180, 233};
constexpr Colour kText{225, 225, 225};
constexpr Colour kWarning{240, 228, 66};
constexpr Colour kHalo{0, 0, 0};

struct Line {
    std::string text;
    Colour colour = kText;
};

/// What a rendering shows: a view that was read, or why it was not.
struct Subject {
    const exam::ViewReading* view = nullptr;
    const exam::Refusal* refusal = nullptr;

    [[nodiscard]] std::optional<exam::ViewName> name() const {
        return view != nullptr ? view->source.name : exam::view_name_from(refusal->view);
    }
};

Subject subject_of(const exam::ExamReading& reading, const std::string& sop_instance_uid) {
    for (const exam::ViewReading& view : reading.views)
        if (view.source.sop_instance_uid == sop_instance_uid) return {&view, nullptr};
    for (const exam::Refusal& refusal : reading.refusals)
        if (refusal.sop_instance_uid == sop_instance_uid) return {nullptr, &refusal};
    throw Error(ErrorCode::kInvalidInput,
                "a rendering belongs to no image of the reading: " + sop_instance_uid);
}

/// What is said of it alone: another image of the exam that is read makes no other capture of it.
exam::ExamReading reading_of(const exam::ExamReading& reading, const Subject& subject) {
    exam::ExamReading part = reading;
    part.views.clear();
    part.refusals.clear();
    part.score = 0;
    part.above.clear();
    if (subject.view != nullptr) part.views.push_back(*subject.view);
    if (subject.refusal != nullptr) part.refusals.push_back(*subject.refusal);
    return part;
}

/// Each has its own whatever else there is: the four views of an exam theirs, any other image one
/// that follows from it.
int number_of(const exam::ExamReading& reading, const Subject& subject,
              const std::string& sop_instance_uid) {
    constexpr std::array<std::string_view, 4> kHung = {"R-CC", "L-CC", "R-MLO", "L-MLO"};
    if (subject.view != nullptr && subject.view->source.name) {
        const auto* const hung = std::ranges::find(kHung, to_string(*subject.view->source.name));
        if (hung != kHung.end()) return static_cast<int>(hung - kHung.begin()) + 1;
    }
    const std::string hash = sha256(as_byte_view(which_object(reading, sop_instance_uid)));
    return static_cast<int>(kHung.size()) + 1 + std::stoi(hash.substr(0, 6), nullptr, 16);
}

bool reaches(double score, const exam::ModelIdentity& model) {
    const exam::OperatingPoint* lowest = lowest_operating_point(model);
    return lowest == nullptr || score >= lowest->threshold;
}

std::vector<Line> legend(const exam::ExamReading& reading, const Subject& subject) {
    const exam::ModelIdentity& model = reading.model;
    std::vector<Line> lines;
    if (subject.view != nullptr) {
        std::string text =
            drawn_label(subject.name()) + " view score " + shown_score(subject.view->score);
        for (const exam::OperatingPoint& point : model.operating_points)
            text += " | " + point.name + " " + shown_number(point.threshold) +
                    (subject.view->score >= point.threshold ? ": reached" : ": not reached");
        lines.push_back({text, reaches(subject.view->score, model) ? kAbove : kBelow});
        if (subject.view->findings.empty()) lines.push_back({"No findings in this view", kText});
    } else {
        lines.push_back({drawn_refusal(*subject.refusal), kWarning});
    }
    lines.push_back(
        {"AI: " + model.name + " " + model.version + " | package " + model.sha256.substr(0, 12),
         kText});
    for (const std::string& line : caveats(reading)) lines.push_back({line, kWarning});
    return lines;
}

/// Contour and "id score" beside it, within the picture.
void draw_finding(Canvas& canvas, const exam::Finding& finding, const exam::ViewSource& source,
                  const RenderedView& rendering, double cap_height, Colour colour) {
    std::vector<exam::Point> outline = placed_outline(finding, source);
    for (exam::Point& point : outline)
        point = {point.x * rendering.scale, point.y * rendering.scale};
    const double thickness = std::max(1.5, cap_height / 8);
    canvas.draw_outline(outline, thickness + 2, kHalo);
    canvas.draw_outline(outline, thickness, colour);

    const std::string text = finding.id + "  " + shown_score(finding.score);
    const double width = stroked(text, cap_height).width;
    const double margin = cap_height / 2;
    const exam::Box box = placed_box(finding, source);
    double left = box.left * rendering.scale;
    double top = box.top * rendering.scale - cap_height - 2 * margin;
    if (top < margin) top = box.bottom() * rendering.scale + 2 * margin;
    left = std::clamp(left, margin, std::max(margin, rendering.pixels.width - width - margin));
    top = std::clamp(top, margin,
                     std::max(margin, rendering.pixels.height - cap_height - 2 * margin));
    canvas.darken({left - margin, top - margin, width + 2 * margin, cap_height + 2 * margin}, 0.35);
    canvas.draw_text(text, {left, top}, cap_height, colour);
}

Canvas drawn(const exam::ExamReading& reading, const Subject& subject,
             const RenderedView& rendering) {
    const int width = rendering.pixels.width;
    const int height = rendering.pixels.height;
    const double cap_height = std::clamp(std::max(width, height) / 85.0, 7.0, 40.0);
    const double line_height = 1.9 * cap_height;
    std::vector<Line> lines;
    for (const Line& line : legend(reading, subject))
        for (std::string& part : wrapped(line.text, cap_height, width - 2 * cap_height))
            lines.push_back({std::move(part), line.colour});
    const double band = line_height * (static_cast<double>(lines.size()) + 0.6);

    Canvas canvas(width, height + static_cast<int>(std::ceil(band)));
    canvas.draw_picture(rendering.pixels, 0, 0);
    if (subject.view != nullptr) {
        // The highest score last, so that nothing covers it.
        for (std::size_t i = subject.view->findings.size(); i-- > 0;) {
            const exam::Finding& finding = subject.view->findings[i];
            draw_finding(canvas, finding, subject.view->source, rendering, cap_height,
                         reaches(finding.score, reading.model) ? kAbove : kBelow);
        }
    }
    double top = height + 0.6 * line_height;
    for (const Line& line : lines) {
        canvas.draw_text(line.text, {cap_height, top}, cap_height, line.colour);
        top += line_height;
    }
    return canvas;
}

void add_source(dicom::DataSet& object, const Subject& subject, const RenderedView& rendering) {
    const std::string sop_class = subject.view != nullptr ? subject.view->source.sop_class_uid
                                                          : subject.refusal->sop_class_uid;
    if (!dicom::is_valid_uid(sop_class)) return;
    dicom::DataSet& source = object.add_item(dicom::kSourceImageSequence);
    source.set_text(dicom::kReferencedSopClassUid, sop_class);
    source.set_text(dicom::kReferencedSopInstanceUid, rendering.sop_instance_uid);
    source.set_text(dicom::kSpatialLocationsPreserved, "NO");
    set_code(source, dicom::kPurposeOfReferenceCodeSequence, codes::kSourceImage);
}

void add_image_modules(dicom::DataSet& object, const exam::ExamReading& reading,
                       const Subject& subject, const RenderedView& rendering) {
    const bool is_read = subject.view != nullptr;
    const std::vector<std::string> type = {
        "DERIVED", "SECONDARY",
        std::string(is_read ? exam::kCaptureOfFindings : exam::kCaptureOfRefusal)};
    object.set_texts(dicom::kImageType, type);
    object.set_text(dicom::kConversionType, "WSD");
    object.set_text(dicom::kBodyPartExamined, "BREAST");
    object.set_empty(dicom::kPatientOrientation);
    const std::optional<exam::ViewName> name = subject.name();
    if (name)
        object.set_text(dicom::kImageLaterality,
                        name->laterality == exam::Laterality::kRight ? "R" : "L");
    else
        object.set_empty(dicom::kLaterality);
    // Nothing that is drawn here names a person; the picture below it may.
    if (!rendering.burned_in_annotation.empty())
        object.set_text(dicom::kBurnedInAnnotation, rendering.burned_in_annotation);
    object.set_text(
        dicom::kDerivationDescription,
        fitting((is_read ? "Findings of " : "No reading by ") + reading.model.name + " " +
                    reading.model.version + (is_read ? " drawn on " : " of ") + drawn_label(name) +
                    ". " + use_statement(reading.model, reading.jurisdiction),
                1024));
    object.set_text(dicom::kImageComments,
                    "Preliminary AI result, for orientation only; not for measurement.");
    add_source(object, subject, rendering);
}

Result capture_of(const exam::ExamReading& reading, const RenderedView& rendering) {
    const Subject subject = subject_of(reading, rendering.sop_instance_uid);
    dicom::DataSet object =
        start_object(reading_of(reading, subject),
                     {.kind = ResultKind::kCapture,
                      .sop_class_uid = dicom::sop_class::kSecondaryCapture,
                      .modality = "OT",
                      .series_description = "AI findings",
                      .series_number = 9003,
                      .instance_number = number_of(reading, subject, rendering.sop_instance_uid)});
    add_image_modules(object, reading, subject, rendering);
    Canvas canvas = drawn(reading, subject, rendering);
    const dicom::PixelLayout layout{.rows = canvas.height(),
                                    .columns = canvas.width(),
                                    .samples_per_pixel = 3,
                                    .photometric_interpretation = "RGB",
                                    .bits_allocated = 8,
                                    .bits_stored = 8};
    object.set_pixels(layout, std::move(canvas).samples());
    const std::optional<exam::ViewName> name = subject.name();
    Result result =
        finish(object, ResultKind::kCapture, name ? to_string(*name) : rendering.sop_instance_uid);
    result.is_of_refused_image = subject.refusal != nullptr;
    return result;
}

void check_rendering(const RenderedView& rendering) {
    const exam::Raster<std::uint8_t>& pixels = rendering.pixels;
    if (pixels.width < 1 || pixels.height < 1 || pixels.width > 16384 || pixels.height > 16384 ||
        pixels.pixels.size() !=
            static_cast<std::size_t>(pixels.width) * static_cast<std::size_t>(pixels.height) ||
        !(rendering.scale > 0 && std::isfinite(rendering.scale)))
        throw Error(ErrorCode::kInvalidInput, "a rendering has no usable pixels or scale");
}

}  // namespace

std::vector<Result> compose_captures(const exam::ExamReading& reading,
                                     std::span<const RenderedView> renderings,
                                     const RunParts& run) {
    // In the order of the views, then of the refusals, whatever order the renderings come in.
    std::vector<std::string> order;
    for (const exam::ViewReading& view : reading.views)
        order.push_back(view.source.sop_instance_uid);
    for (const exam::Refusal& refusal : reading.refusals) order.push_back(refusal.sop_instance_uid);
    std::vector<const RenderedView*> sorted;
    for (const RenderedView& rendering : renderings) {
        check_rendering(rendering);
        sorted.push_back(&rendering);
    }
    std::ranges::stable_sort(sorted, {}, [&order](const RenderedView* rendering) {
        return std::ranges::find(order, rendering->sop_instance_uid) - order.begin();
    });
    std::vector<Result> results(sorted.size());
    run(sorted.size(), [&](std::size_t i) { results[i] = capture_of(reading, *sorted[i]); });
    return results;
}

}  // namespace lucerna::compose
