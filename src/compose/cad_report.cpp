#include <algorithm>
#include <map>

#include "compose/algorithm_items.h"
#include "compose/codes.h"
#include "compose/content_item.h"
#include "compose/placed.h"
#include "compose/result_object.h"
#include "compose/templates.h"
#include "compose/terms.h"
#include "compose/wording.h"
#include "dicom/uids.h"

// PS3.16 2024c TID 4000 and below it 1204, 4020, 4001, 4002, 4003, 4006, 4021, 4015 to 4019.
// Templates of Mammography CAD are not extensible: what they have no row for (refusals, use) is in
// the Impression Description and in the Algorithm Parameters.

namespace lucerna::compose {
namespace {

constexpr Code kEnglish{"en", "RFC5646", "English"};

/// The entries of the image library, by SOP Instance UID: other items refer to them.
using Library = std::map<std::string, ContentItem>;

struct CadReport {
    const exam::ExamReading& reading;
    std::vector<ExamImage> images;
    Library library{};

    [[nodiscard]] bool any_read() const { return !reading.views.empty(); }
    [[nodiscard]] bool any_finding() const {
        return std::ranges::any_of(reading.views,
                                   [](const auto& view) { return !view.findings.empty(); });
    }
    /// An image was there and could not be read; a view that was never sent is no failure.
    [[nodiscard]] bool any_failed() const {
        return std::ranges::any_of(reading.refusals, [](const exam::Refusal& refusal) {
            return refusal.reason != exam::RefusalReason::kMissingView;
        });
    }
};

/// TID 4020.
void add_library_entry(ContentItem& container, CadReport& report, const ExamImage& image) {
    constexpr Relation kContext = Relation::kHasAcquisitionContext;
    const exam::ViewSource& source = image.source;
    ContentItem entry =
        container.add_image(Relation::kContains, source.sop_class_uid, source.sop_instance_uid);
    if (source.name) {
        entry.add_code(kContext, codes::kImageLaterality, breast_code(source.name->laterality));
        if (const auto view = view_code(source.name->position))
            entry.add_code(kContext, codes::kImageView, *view);
    }
    if (source.column_spacing_mm > 0)
        entry.add_number(kContext, codes::kHorizontalPixelSpacing, source.column_spacing_mm,
                         codes::kMillimetre);
    if (source.row_spacing_mm > 0)
        entry.add_number(kContext, codes::kVerticalPixelSpacing, source.row_spacing_mm,
                         codes::kMillimetre);
    report.library.emplace(source.sop_instance_uid, entry);
}

Code findings_summary(const CadReport& report) {
    if (!report.any_read()) return codes::kNoneSucceeded;
    if (report.any_failed())
        return report.any_finding() ? codes::kSomeSucceededWithFindings
                                    : codes::kSomeSucceededWithoutFindings;
    return report.any_finding() ? codes::kAllSucceededWithFindings
                                : codes::kAllSucceededWithoutFindings;
}

/// TID 4002, as properties of the overall impression.
void add_impression_body(ContentItem& overall, const CadReport& report) {
    constexpr Relation kProperty = Relation::kHasProperties;
    overall.add_text(kProperty, codes::kImpressionDescription, narrative(report.reading));
    add_algorithm(overall, kProperty, report.reading, MethodDetail::kWhole);
    if (report.any_read())
        overall.add_number(kProperty, codes::kProbabilityOfCancer, 100 * report.reading.score,
                           codes::kPercent);
}

/// What reaches the lowest operating point is to be shown; the rest may be.
Code rendering_intent(const exam::Finding& finding, const exam::ModelIdentity& model) {
    const exam::OperatingPoint* lowest = lowest_operating_point(model);
    return lowest == nullptr || finding.score >= lowest->threshold ? codes::kPresentationRequired
                                                                   : codes::kPresentationOptional;
}

/// TID 4006, with TID 4021 for the place.
void add_single_image_finding(ContentItem& impression, const CadReport& report,
                              const exam::Finding& finding, const exam::ViewSource& source) {
    constexpr Relation kProperty = Relation::kHasProperties;
    const KindTerms* terms = find_kind(finding.kind);
    ContentItem item = impression.add_code(
        Relation::kContains, codes::kSingleImageFinding,
        terms != nullptr ? terms->single_image_finding : codes::kSelectedRegion);
    item.set_observation_uid(finding_uid(report.reading, finding, source));
    item.add_code(Relation::kHasConceptModifier, codes::kRenderingIntent,
                  rendering_intent(finding, report.reading.model));
    add_algorithm(item, kProperty, report.reading, MethodDetail::kNameAndVersion);
    item.add_number(kProperty, codes::kCertaintyOfFinding, 100 * finding.presence, codes::kPercent);
    // Row 7 forbids the probability of cancer of a region that is no coded finding.
    if (terms != nullptr)
        item.add_number(kProperty, codes::kProbabilityOfCancer, 100 * finding.score,
                        codes::kPercent);
    const ContentItem& image = report.library.at(source.sop_instance_uid);
    item.add_point(kProperty, codes::kCenter, placed_centre(finding, source))
        .add_reference(Relation::kSelectedFrom, image);
    item.add_outline(kProperty, codes::kOutline, placed_outline(finding, source))
        .add_reference(Relation::kSelectedFrom, image);
    if (terms == nullptr)
        item.add_text(kProperty, codes::kSelectedRegionDescription,
                      finding.kind + ", probability of cancer " + shown_score(finding.score));
}

/// TID 4001 with a TID 4003 for each finding.
void add_overall_impression(ContentItem& root, const CadReport& report) {
    ContentItem overall =
        root.add_code(Relation::kContains, codes::kFindingsSummary, findings_summary(report));
    add_impression_body(overall, report);
    for (const exam::ViewReading& view : report.reading.views)
        for (const exam::Finding& finding : view.findings) {
            ContentItem impression =
                overall.add_container(Relation::kInferredFrom, codes::kIndividualImpression);
            impression.add_code(Relation::kHasConceptModifier, codes::kRenderingIntent,
                                rendering_intent(finding, report.reading.model));
            add_single_image_finding(impression, report, finding, view.source);
        }
}

enum class Outcome { kRead, kRefused };

/// TID 4017 or 4018: what was done, by what, on which images.
void add_performed(ContentItem& container, const CadReport& report, const Code& performed,
                   const Code& what, Outcome outcome) {
    ContentItem item = container.add_code(Relation::kContains, performed, what);
    add_algorithm(item, Relation::kHasProperties, report.reading, MethodDetail::kWhole);
    for (const ExamImage& image : report.images)
        if (image.read == (outcome == Outcome::kRead))
            item.add_reference(Relation::kHasProperties,
                               report.library.at(image.source.sop_instance_uid));
}

/// TID 4015. Without an image to refer to there is nothing that detection was attempted on.
void add_detections(ContentItem& root, const CadReport& report) {
    const bool failed =
        std::ranges::any_of(report.images, [](const ExamImage& image) { return !image.read; });
    const Code status = report.any_read() && failed ? codes::kPartiallySucceeded
                        : report.any_read()         ? codes::kSucceeded
                        : failed                    ? codes::kFailed
                                                    : codes::kNotAttempted;
    ContentItem summary = root.add_code(Relation::kContains, codes::kSummaryOfDetections, status);
    const KindTerms* terms = find_kind(report.reading.model.finding_kind);
    const Code what = terms != nullptr ? terms->single_image_finding : codes::kSelectedRegion;
    if (report.any_read()) {
        ContentItem done =
            summary.add_container(Relation::kInferredFrom, codes::kSuccessfulDetections);
        add_performed(done, report, codes::kDetectionPerformed, what, Outcome::kRead);
    }
    if (failed) {
        ContentItem undone =
            summary.add_container(Relation::kInferredFrom, codes::kFailedDetections);
        add_performed(undone, report, codes::kDetectionPerformed, what, Outcome::kRefused);
    }
}

/// TID 4016: the exam's score is an analysis of what was detected.
void add_analyses(ContentItem& root, const CadReport& report) {
    ContentItem summary =
        root.add_code(Relation::kContains, codes::kSummaryOfAnalyses,
                      report.any_read() ? codes::kSucceeded : codes::kNotAttempted);
    if (!report.any_read()) return;
    ContentItem done = summary.add_container(Relation::kInferredFrom, codes::kSuccessfulAnalyses);
    add_performed(done, report, codes::kAnalysisPerformed, codes::kOverallImpressionAnalysis,
                  Outcome::kRead);
}

}  // namespace

std::vector<Result> compose_cad_report(const exam::ExamReading& reading,
                                       std::span<const RenderedView>, const RunParts&) {
    CadReport report{reading, images_of(reading)};
    dicom::DataSet object =
        start_object(reading, {.kind = ResultKind::kCadReport,
                               .sop_class_uid = dicom::sop_class::kMammographyCadSr,
                               .modality = "SR",
                               .series_description = "Mammography CAD",
                               .series_number = 9001});
    add_document_modules(object, reading);

    ContentItem root = ContentItem::root(object, codes::kMammographyCadReport, "4000");
    root.add_code(Relation::kHasConceptModifier, codes::kLanguage, kEnglish);
    ContentItem library = root.add_container(Relation::kContains, codes::kImageLibrary);
    for (const ExamImage& image : report.images) add_library_entry(library, report, image);
    add_overall_impression(root, report);
    add_detections(root, report);
    add_analyses(root, report);
    return {finish(object, ResultKind::kCadReport)};
}

}  // namespace lucerna::compose
