#include <algorithm>

#include "compose/algorithm_items.h"
#include "compose/codes.h"
#include "compose/content_item.h"
#include "compose/placed.h"
#include "compose/result_object.h"
#include "compose/templates.h"
#include "compose/terms.h"
#include "compose/wording.h"
#include "dicom/uids.h"

// PS3.16 2024c TID 1500 and below it 1204, 1001, 1004, 1600 to 1602, 1501, 1410, 1419, 4019, in a
// Comprehensive 3D SR: the one class in which IHE RAD AI Results takes findings and regions.
// Regions are 2D (SCOORD): a mammogram has no frame of reference.

namespace lucerna::compose {
namespace {

constexpr Code kEnglish{"en", "RFC5646", "English"};

/// TID 1004.
void add_device_observer(ContentItem& root, const exam::ExamReading& reading) {
    constexpr Relation kContext = Relation::kHasObservationContext;
    const exam::ModelIdentity& model = reading.model;
    root.add_code(kContext, codes::kObserverType, codes::kDevice);
    root.add_uid(kContext, codes::kDeviceObserverUid,
                 dicom::derived_uid("lucerna-device\n" + model.sha256));
    root.add_text(kContext, codes::kDeviceObserverName, "Lucerna");
    root.add_text(kContext, codes::kDeviceObserverManufacturer,
                  model.manufacturer.empty() ? "unknown" : model.manufacturer);
    root.add_text(kContext, codes::kDeviceObserverModelName, model.name + " " + model.version);
    root.add_text(kContext, codes::kDeviceObserverSerialNumber, model.sha256);
}

/// TID 1600, 1601, 1602.
void add_image_library(ContentItem& root, const std::vector<ExamImage>& images) {
    constexpr Relation kContext = Relation::kHasAcquisitionContext;
    if (images.empty()) return;
    ContentItem library = root.add_container(Relation::kContains, codes::kImageLibrary, "1600");
    ContentItem group = library.add_container(Relation::kContains, codes::kImageLibraryGroup);
    group.add_code(kContext, codes::kModality, codes::kMammography);
    for (const ExamImage& image : images) {
        const exam::ViewSource& source = image.source;
        ContentItem entry =
            group.add_image(Relation::kContains, source.sop_class_uid, source.sop_instance_uid);
        if (source.name) {
            entry.add_code(kContext, codes::kImageLaterality, side_code(source.name->laterality));
            if (const auto view = view_code(source.name->position))
                entry.add_code(kContext, codes::kImageView, *view);
        }
        if (source.column_spacing_mm > 0)
            entry.add_number(kContext, codes::kHorizontalPixelSpacing, source.column_spacing_mm,
                             codes::kMillimetre);
        if (source.row_spacing_mm > 0)
            entry.add_number(kContext, codes::kVerticalPixelSpacing, source.row_spacing_mm,
                             codes::kMillimetre);
    }
}

struct Tracking {
    std::string identifier;
    std::string unique_identifier;
};

/// What TID 1501 and 1410 begin with.
ContentItem add_group(ContentItem& measurements, std::string_view template_id,
                      const Tracking& tracking) {
    ContentItem group =
        measurements.add_container(Relation::kContains, codes::kMeasurementGroup, template_id);
    group.add_text(Relation::kHasObservationContext, codes::kTrackingIdentifier,
                   tracking.identifier);
    group.add_uid(Relation::kHasObservationContext, codes::kTrackingUniqueIdentifier,
                  tracking.unique_identifier);
    return group;
}

void add_site(ContentItem& group, const std::optional<exam::ViewName>& view) {
    ContentItem site =
        group.add_code(Relation::kHasConceptModifier, codes::kFindingSite, codes::kBreast);
    if (view)
        site.add_code(Relation::kHasConceptModifier, codes::kLaterality,
                      side_code(view->laterality));
}

/// Score in percent, and whether it reaches the lowest operating point.
void add_score(ContentItem& group, double score, const exam::ModelIdentity& model) {
    group.add_number(Relation::kContains, codes::kProbabilityOfCancer, 100 * score,
                     codes::kPercent);
    if (const exam::OperatingPoint* lowest = lowest_operating_point(model))
        group.add_code(Relation::kContains, own::kReachesOperatingPoint,
                       score >= lowest->threshold ? codes::kYes : codes::kNo);
}

/// TID 1410.
void add_finding(ContentItem& measurements, const exam::ExamReading& reading,
                 const exam::Finding& finding, const exam::ViewSource& source) {
    const KindTerms* terms = find_kind(finding.kind);
    ContentItem group =
        add_group(measurements, "1410", {finding.id, finding_uid(reading, finding, source)});
    group.add_code(Relation::kContains, codes::kFindingCategory, codes::kMorphologicallyAbnormal);
    group.add_code(Relation::kContains, codes::kFinding,
                   terms != nullptr ? terms->finding : codes::kLesion);
    add_site(group, source.name);
    add_algorithm(group, Relation::kHasConceptModifier, reading, MethodDetail::kNameAndVersion);
    group.add_outline(Relation::kContains, codes::kImageRegion, placed_outline(finding, source))
        .add_image(Relation::kSelectedFrom, source.sop_class_uid, source.sop_instance_uid);
    group.add_number(Relation::kContains, codes::kCertaintyOfFinding, 100 * finding.presence,
                     codes::kPercent);
    add_score(group, finding.score, reading.model);
    if (terms == nullptr) group.add_text(Relation::kContains, codes::kComment, finding.kind);
}

/// TID 1501: what the model says of a whole view.
void add_view(ContentItem& measurements, const exam::ExamReading& reading,
              const exam::ViewReading& view) {
    const exam::ViewSource& source = view.source;
    ContentItem group =
        add_group(measurements, "1501",
                  {view_label(source),
                   result_uid(reading, "view", {which_object(reading, source.sop_instance_uid)})});
    add_site(group, source.name);
    add_algorithm(group, Relation::kHasConceptModifier, reading, MethodDetail::kNameAndVersion);
    group.add_image(Relation::kContains, source.sop_class_uid, source.sop_instance_uid,
                    &codes::kSourceOfMeasurement);
    add_score(group, view.score, reading.model);
}

/// TID 1501: and of the exam, with the whole of its method.
void add_exam(ContentItem& measurements, const exam::ExamReading& reading,
              const std::vector<ExamImage>& images) {
    ContentItem group = add_group(
        measurements, "1501", {"exam", result_uid(reading, "exam", objects_of(reading, images))});
    add_site(group, std::nullopt);
    add_algorithm(group, Relation::kHasConceptModifier, reading, MethodDetail::kWhole);
    add_score(group, reading.score, reading.model);
}

/// TID 1500 row 12: what holds for the report as a whole, refusals included.
void add_evaluations(ContentItem& root, const exam::ExamReading& reading) {
    ContentItem evaluations =
        root.add_container(Relation::kContains, codes::kQualitativeEvaluations);
    const bool research = reading.model.research_only_in(reading.jurisdiction);
    evaluations.add_code(Relation::kContains, own::kUseOfResult,
                         research ? own::kResearchOnly : own::kCleared);
    evaluations.add_code(Relation::kContains, own::kSyntheticImages,
                         reading.synthetic ? codes::kYes : codes::kNo);
    evaluations.add_text(Relation::kContains, codes::kOverallAssessment, summary_line(reading));
    for (const std::string& line : caveats(reading))
        evaluations.add_text(Relation::kContains, codes::kComment, line);
    for (const exam::Refusal& refusal : reading.refusals)
        evaluations.add_text(Relation::kContains, codes::kComment, refusal_sentence(refusal));
}

/// So that a reader can tell what "99LUCERNA" is (PS3.3 C.12.1).
void name_own_scheme(dicom::DataSet& object) {
    dicom::DataSet& scheme = object.add_item(dicom::kCodingSchemeIdentificationSequence);
    scheme.set_text(dicom::kCodingSchemeDesignator, own::kSchemeDesignator);
    scheme.set_text(dicom::kCodingSchemeName, own::kSchemeName);
}

}  // namespace

std::vector<Result> compose_measurement_report(const exam::ExamReading& reading,
                                               std::span<const RenderedView>, const RunParts&) {
    const std::vector<ExamImage> images = images_of(reading);
    dicom::DataSet object =
        start_object(reading, {.kind = ResultKind::kMeasurementReport,
                               .sop_class_uid = dicom::sop_class::kComprehensive3DSr,
                               .modality = "SR",
                               .series_description = "AI results",
                               .series_number = 9002});
    add_document_modules(object, reading);
    name_own_scheme(object);

    ContentItem root = ContentItem::root(object, codes::kImagingMeasurementReport, "1500");
    root.add_code(Relation::kHasConceptModifier, codes::kLanguage, kEnglish);
    add_device_observer(root, reading);
    root.add_code(Relation::kHasConceptModifier, codes::kProcedureReported,
                  codes::kMammographicProcedure);
    add_image_library(root, images);
    if (!reading.views.empty()) {
        ContentItem measurements =
            root.add_container(Relation::kContains, codes::kImagingMeasurements);
        add_exam(measurements, reading, images);
        for (const exam::ViewReading& view : reading.views) {
            add_view(measurements, reading, view);
            for (const exam::Finding& finding : view.findings)
                add_finding(measurements, reading, finding, view.source);
        }
    }
    add_evaluations(root, reading);
    return {finish(object, ResultKind::kMeasurementReport)};
}

}  // namespace lucerna::compose
