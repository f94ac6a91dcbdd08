#include "compose/example_reading.h"

#include <cmath>

#include "dicom/uids.h"

namespace lucerna::compose {
namespace {

exam::ModelIdentity example_model() {
    exam::ModelIdentity model;
    model.name = "cbis-mass";
    model.version = "1.0.0";
    model.sha256 = std::string(32, 'a') + std::string(32, '5');
    model.manufacturer = "Lucerna";
    model.intended_use = "Research on masses in screening mammograms.";
    model.calibration = "Platt scaling; finding: a = 1.1, b = -0.2; view: a = 0.9, b = 0.1";
    model.operating_points = {{"recall", 0.5, "10% of exams"}, {"urgent", 0.9, "1% of exams"}};
    model.attribution = "CBIS-DDSM, CC BY 3.0";
    return model;
}

exam::ViewReading example_view(const std::string& name, int number, double score) {
    exam::ViewReading view;
    view.source.sop_instance_uid = "1.2.826.0.1.3680043.10.1." + std::to_string(number);
    view.source.sop_class_uid = std::string(dicom::sop_class::kDigitalMammographyForPresentation);
    view.source.series_instance_uid =
        number <= 2 ? "1.2.826.0.1.3680043.10.2.1" : "1.2.826.0.1.3680043.10.2.2";
    view.source.name = exam::view_name_from(name);
    view.source.rows = 3328;
    view.source.columns = 2560;
    view.source.row_spacing_mm = 0.07;
    view.source.column_spacing_mm = 0.0705;
    view.steps = {"modality_lut", "voi_lut", "presentation_lut", "orient", "resample"};
    view.spacing_mm = 0.5;
    view.score = score;
    view.raw_score = score - 0.01;
    return view;
}

exam::Finding example_finding(const std::string& id, const exam::Box& box, double score) {
    exam::Finding finding;
    finding.id = id;
    finding.kind = "mass";
    finding.box = box;
    finding.contour = exam::inscribed_ellipse(box);
    finding.score = score;
    finding.raw_score = score / 2;
    finding.presence = 0.75;
    return finding;
}

exam::Refusal refused_image(int number, const std::string& view, exam::RefusalReason reason) {
    exam::Refusal refusal;
    refusal.reason = reason;
    refusal.what = "The view is a spot compression view";
    refusal.where = "View Modifier Code Sequence (0054,0222)";
    refusal.remedy = "Nothing is to be done: this model reads whole views only.";
    refusal.sop_instance_uid = "1.2.826.0.1.3680043.10.1." + std::to_string(number);
    refusal.view = view;
    refusal.sop_class_uid = std::string(dicom::sop_class::kDigitalMammographyForPresentation);
    refusal.series_instance_uid = "1.2.826.0.1.3680043.10.2.3";
    return refusal;
}

}  // namespace

exam::ExamReading quiet_reading() {
    exam::ExamReading reading;
    exam::ExamSubject& subject = reading.subject;
    subject.patient_name = PatientName("Muster^Vreni");
    subject.patient_id = PatientId("4711");
    subject.issuer_of_patient_id = "SITE";
    subject.patient_birth_date = BirthDate("19600401");
    subject.patient_sex = "F";
    subject.accession_number = AccessionNumber("A-1");
    subject.study_instance_uid = "1.2.826.0.1.3680043.10.3";
    subject.study_id = "S1";
    subject.study_date = "20260301";
    subject.study_time = "081530";
    subject.study_description = "Screening mammography";
    subject.referring_physician_name = "Arzt^Anna";
    subject.timezone_offset_from_utc = "+0100";
    reading.model = example_model();
    reading.views = {example_view("R-CC", 1, 0.11), example_view("L-CC", 2, 0.125),
                     example_view("R-MLO", 3, 0.12), example_view("L-MLO", 4, 0.13)};
    reading.score = 0.13;
    reading.read_at = from_rfc3339("2026-03-01T23:30:00.250Z");
    return reading;
}

exam::ExamReading example_reading() {
    exam::ExamReading reading = quiet_reading();
    reading.views[0].findings = {example_finding("R-CC-1", {1500.3, 900.7, 260.25, 199.9}, 0.4375)};
    reading.views[2].findings = {example_finding("R-MLO-1", {2300, 1200, 400, 300}, 0.83)};
    reading.views[2].score = 0.81;
    reading.score = 0.81;
    reading.above = {"recall"};
    reading.synthetic = true;
    reading.refusals = {refused_image(5, "L-MLO", exam::RefusalReason::kSpotOrMagnification)};
    return reading;
}

exam::ExamReading refused_reading(RefusedImages known) {
    exam::ExamReading reading = quiet_reading();
    reading.views.clear();
    reading.score = 0;
    reading.refusals = {refused_image(1, "R-CC", exam::RefusalReason::kNoPixelSpacing),
                        refused_image(2, "L-CC", exam::RefusalReason::kTruncated)};
    if (known == RefusedImages::kUnknown)
        for (exam::Refusal& refusal : reading.refusals) {
            refusal.sop_class_uid.clear();
            refusal.series_instance_uid.clear();
        }
    exam::Refusal missing;
    missing.reason = exam::RefusalReason::kMissingView;
    missing.what = "There is no R-MLO view";
    missing.view = "R-MLO";
    reading.refusals.push_back(missing);
    return reading;
}

RenderedView example_rendering(const exam::ExamReading& reading, std::size_t index, double scale) {
    const exam::ViewSource& source = reading.views.at(index).source;
    RenderedView rendering;
    rendering.sop_instance_uid = source.sop_instance_uid;
    rendering.scale = scale;
    rendering.burned_in_annotation = "NO";
    rendering.pixels =
        exam::Raster<std::uint8_t>(static_cast<int>(std::lround(source.columns * scale)),
                                   static_cast<int>(std::lround(source.rows * scale)));
    for (int y = 0; y < rendering.pixels.height; ++y)
        for (int x = 0; x < rendering.pixels.width; ++x)
            rendering.pixels.at(x, y) = static_cast<std::uint8_t>(120 * x / rendering.pixels.width);
    return rendering;
}

}  // namespace lucerna::compose
