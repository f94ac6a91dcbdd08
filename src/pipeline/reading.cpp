#include "pipeline/reading.h"

#include <algorithm>
#include <atomic>
#include <cctype>
#include <future>
#include <map>
#include <optional>
#include <utility>

#include "base/error.h"
#include "base/log.h"
#include "dicom/render.h"
#include "dicom/tags.h"

namespace lucerna::pipeline {
namespace {

/// Long side of the captures; a screen shows no more.
constexpr int kCaptureSide = 1600;

void report(const OnProgress& progress, Progress::Stage stage, std::size_t done, std::size_t of) {
    if (progress) progress({stage, done, of});
}

exam::Refusal failed_on(const exam::ViewSource& source, const Error& error) {
    return {exam::RefusalReason::kModelFailed,
            std::string("the model failed on this view: ") + error.what(),
            "model",
            "read the exam again; if it fails again, report it with the model's version",
            source.sop_instance_uid,
            source.name ? exam::to_string(*source.name) : "",
            source.sop_class_uid,
            source.series_instance_uid};
}

/// SOP Instance UID -> SOP Class UID and Series Instance UID.
using Addresses = std::map<std::string, std::pair<std::string, std::string>>;

/// Reports refer to refused images too, which needs more than their SOP Instance UID.
void address(std::vector<exam::Refusal>& refusals, const Addresses& addresses) {
    for (exam::Refusal& refusal : refusals) {
        const auto found = addresses.find(refusal.sop_instance_uid);
        if (found == addresses.end()) continue;
        refusal.sop_class_uid = found->second.first;
        refusal.series_instance_uid = found->second.second;
    }
}

/// Whether the reading speaks of this image: only then can a capture show what it says.
bool mentions(const exam::ExamReading& reading, const std::string& sop_instance_uid) {
    const auto is_it = [&](const std::string& uid) { return uid == sop_instance_uid; };
    return std::any_of(reading.views.begin(), reading.views.end(),
                       [&](const auto& view) { return is_it(view.source.sop_instance_uid); }) ||
           std::any_of(reading.refusals.begin(), reading.refusals.end(),
                       [&](const auto& refusal) { return is_it(refusal.sop_instance_uid); });
}

/// Views without a name share a prefix: their findings are told apart by the view's number.
void name_findings_apart(exam::ViewReading& view, std::size_t number) {
    if (view.source.name) return;
    for (std::size_t i = 0; i < view.findings.size(); ++i)
        view.findings[i].id = "view" + std::to_string(number) + "-" + std::to_string(i + 1);
}

bool mentions_synthetic(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return text.find("synthetic") != std::string::npos;
}

bool is_gray_image(const dicom::DataSet& data_set) {
    return data_set.has_value(dicom::kPixelData) &&
           data_set.integer(dicom::kSamplesPerPixel).value_or(1) == 1;
}

compose::RenderedView rendered(const dicom::DataSet& data_set) {
    dicom::RenderOptions options;
    options.max_width = kCaptureSide;
    options.max_height = kCaptureSide;
    dicom::Picture8 picture = dicom::render(data_set, 0, options);
    compose::RenderedView view;
    view.sop_instance_uid = data_set.text_or(dicom::kSopInstanceUid, "");
    view.scale = static_cast<double>(picture.width) /
                 static_cast<double>(data_set.integer(dicom::kColumns).value_or(picture.width));
    view.burned_in_annotation = data_set.text_or(dicom::kBurnedInAnnotation, "");
    view.pixels.width = picture.width;
    view.pixels.height = picture.height;
    view.pixels.pixels = std::move(picture.pixels);
    return view;
}

/// Nothing for an image that the reading does not speak of, or that cannot be drawn.
std::optional<compose::RenderedView> rendered_if_mentioned(const ExamImages& images,
                                                           std::size_t index,
                                                           const exam::ExamReading& reading) {
    try {
        const dicom::DataSet data_set = images.load(index);
        if (is_gray_image(data_set) &&
            mentions(reading, data_set.text_or(dicom::kSopInstanceUid, "")))
            return rendered(data_set);
    } catch (const Error& error) {
        log_event(LogLevel::kWarning, "exam.no-capture",
                  {{"exam", images.study_instance_uid}, {"problem", error.what()}});
    }
    return {};
}

}  // namespace

exam::ExamSubject subject_of(const dicom::DataSet& data_set) {
    using namespace dicom;
    const auto text = [&](Tag tag) { return data_set.text_or(tag, ""); };
    exam::ExamSubject subject;
    subject.patient_name = PatientName(text(kPatientName));
    subject.patient_id = PatientId(text(kPatientId));
    subject.issuer_of_patient_id = text(kIssuerOfPatientId);
    subject.patient_birth_date = BirthDate(text(kPatientBirthDate));
    subject.patient_sex = text(kPatientSex);
    subject.accession_number = AccessionNumber(text(kAccessionNumber));
    subject.study_instance_uid = text(kStudyInstanceUid);
    subject.study_id = text(kStudyId);
    subject.study_date = text(kStudyDate);
    subject.study_time = text(kStudyTime);
    subject.study_description = text(kStudyDescription);
    subject.referring_physician_name = text(kReferringPhysicianName);
    subject.timezone_offset_from_utc = text(kTimezoneOffsetFromUtc);
    return subject;
}

bool is_synthetic(const dicom::DataSet& data_set) {
    return mentions_synthetic(data_set.text_or(dicom::kPatientName, "").substr(0, 9)) ||
           mentions_synthetic(data_set.text_or(dicom::kImageComments, "")) ||
           mentions_synthetic(data_set.text_or(dicom::kSeriesDescription, ""));
}

exam::ExamReading read_exam(const ExamImages& images, const infer::ModelPackage& model,
                            const ReadingRules& rules, const Clock& clock,
                            const OnProgress& progress) {
    exam::ExamReading reading;
    reading.model = model.identity();
    reading.jurisdiction = rules.jurisdiction;
    reading.read_at = clock.now();

    Addresses addresses;
    const auto load = [&](std::size_t index) {
        report(progress, Progress::Stage::kPreparing, index, images.count);
        dicom::DataSet data_set = images.load(index);
        addresses[data_set.text_or(dicom::kSopInstanceUid, "")] = {
            data_set.text_or(dicom::kSopClassUid, ""),
            data_set.text_or(dicom::kSeriesInstanceUid, "")};
        if (reading.subject.study_instance_uid.empty()) reading.subject = subject_of(data_set);
        reading.synthetic = reading.synthetic || is_synthetic(data_set);
        return data_set;
    };
    exam::Preparation views = prepare::prepare_exam(images.count, load, model.contract());
    reading.subject.study_instance_uid = images.study_instance_uid;
    reading.refusals = std::move(views.refused);
    address(reading.refusals, addresses);

    for (std::size_t i = 0; i < views.accepted.size(); ++i) {
        report(progress, Progress::Stage::kReading, i, views.accepted.size());
        try {
            reading.views.push_back(model.read(views.accepted[i]));
            name_findings_apart(reading.views.back(), i + 1);
            reading.score = std::max(reading.score, reading.views.back().score);
        } catch (const Error& error) {
            log_event(LogLevel::kError, "exam.view-failed",
                      {{"exam", images.study_instance_uid}, {"problem", error.what()}});
            reading.refusals.push_back(failed_on(views.accepted[i].source, error));
        }
    }
    if (!reading.views.empty())
        for (const exam::OperatingPoint& point : reading.model.operating_points)
            if (reading.score >= point.threshold) reading.above.push_back(point.name);
    return reading;
}

std::vector<compose::Result> compose_exam(const ExamImages& images,
                                          const exam::ExamReading& reading,
                                          const OnProgress& progress) {
    // Two at a time: a picture is large, and drawing it takes one core.
    std::vector<std::optional<compose::RenderedView>> drawn(images.count);
    std::atomic<std::size_t> next{0};
    const auto draw = [&](const OnProgress& told) {
        for (std::size_t i = next++; i < images.count; i = next++) {
            report(told, Progress::Stage::kComposing, i, images.count);
            drawn[i] = rendered_if_mentioned(images, i, reading);
        }
    };
    std::future<void> beside = std::async(std::launch::async, draw, OnProgress());
    draw(progress);
    beside.get();

    std::vector<compose::RenderedView> renderings;
    for (std::optional<compose::RenderedView>& each : drawn)
        if (each) renderings.push_back(*std::move(each));
    return compose::compose_results(reading, renderings);
}

}  // namespace lucerna::pipeline
