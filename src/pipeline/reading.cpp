#include "pipeline/reading.h"

#include <algorithm>
#include <atomic>
#include <cctype>
#include <functional>
#include <optional>
#include <thread>
#include <utility>
#include <variant>

#include "base/error.h"
#include "base/log.h"
#include "dicom/render.h"
#include "dicom/tags.h"
#include "pipeline/parallel.h"
#include "prepare/header.h"
#include "store/same_patient.h"

namespace lucerna::pipeline {
namespace {

/// Long side of the captures; a screen shows no more.
constexpr int kCaptureSide = 1600;

/// So many parts at a time; `progress` hears of those that the caller's own thread begins.
RunParts side_by_side(int at_once, Progress::Stage stage, const OnProgress& progress) {
    return [at_once, stage, progress](std::size_t parts,
                                      const std::function<void(std::size_t)>& part) {
        const std::thread::id caller = std::this_thread::get_id();
        std::atomic<std::size_t> begun{0};
        run_parts(static_cast<std::size_t>(std::max(1, at_once)), parts, [&](std::size_t i) {
            const std::size_t before = begun++;
            if (progress && std::this_thread::get_id() == caller) progress({stage, before, parts});
            part(i);
        });
    };
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

/// What is noted of an image while it is at hand; of one that could not be brought, nothing.
struct Seen {
    bool synthetic = false;
    std::string sop_instance_uid;
    std::string sop_class_uid;
    std::string series_instance_uid;
    std::optional<compose::RenderedView> picture;
};

/// Reports refer to refused images too, which needs more than their SOP Instance UID.
void address(std::vector<exam::Refusal>& refusals, const std::vector<Seen>& all) {
    for (exam::Refusal& refusal : refusals)
        // Of two images that claim one UID the later counts.
        for (const Seen& seen : all) {
            if (seen.sop_instance_uid != refusal.sop_instance_uid) continue;
            refusal.sop_class_uid = seen.sop_class_uid;
            refusal.series_instance_uid = seen.series_instance_uid;
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

/// Kept in one study with the others, as nothing is known that tells two people; and read with
/// none.
exam::Refusal of_another_patient(const dicom::DataSet& data_set) {
    return {exam::RefusalReason::kAnotherPatient,
            "The image has no Patient ID in common with the exam's patient, and another birth date "
            "or family name.",
            dicom::describe(dicom::kPatientId),
            "Correct whichever header is wrong, or send the image as a study of its own; then read "
            "again.",
            data_set.text_or(dicom::kSopInstanceUid, ""),
            {},
            data_set.text_or(dicom::kSopClassUid, ""),
            data_set.text_or(dicom::kSeriesInstanceUid, "")};
}

exam::Refusal not_looked_at(std::size_t images) {
    return {exam::RefusalReason::kTooManyImages,
            std::to_string(images) + (images == 1 ? " more object" : " more objects") +
                " of the study " + (images == 1 ? "was" : "were") +
                " not looked at: it has more than an exam has.",
            "study",
            "Send the images of the exam as a study of their own.",
            {},
            {}};
}

/// Each is some megabytes until its capture is kept, and then three times as much. Those of what is
/// read come first; of refused ones, the first.
void limit_pictures(PreparedExam& exam) {
    constexpr std::size_t kMostPictures = 12;
    const auto is_read = [&](const compose::RenderedView& picture) {
        return std::any_of(exam.views.accepted.begin(), exam.views.accepted.end(),
                           [&](const exam::PreparedView& view) {
                               return view.source.sop_instance_uid == picture.sop_instance_uid;
                           });
    };
    const auto of_read = static_cast<std::size_t>(
        std::count_if(exam.pictures.begin(), exam.pictures.end(), is_read));
    std::size_t others = std::max(kMostPictures, of_read) - of_read;
    std::erase_if(exam.pictures, [&](const compose::RenderedView& picture) {
        if (is_read(picture)) return false;
        return others == 0 || (--others, false);
    });
}

/// Views without a name share a prefix: their findings are told apart by the view's number.
void name_findings_apart(exam::ViewReading& view, std::size_t number) {
    if (view.source.name) return;
    for (std::size_t i = 0; i < view.findings.size(); ++i)
        view.findings[i].id = "view" + std::to_string(number) + "-" + std::to_string(i + 1);
}

std::string lower(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return text;
}

/// One that can be shown, and is of a size that a picture may have.
bool is_gray_image(const dicom::DataSet& data_set) {
    return !prepare::is_larger_than_any_detector(data_set) &&
           data_set.has_value(dicom::kPixelData) &&
           data_set.integer(dicom::kSamplesPerPixel).value_or(1) == 1;
}

compose::RenderedView rendered(const dicom::DataSet& data_set, dicom::FirstFrame& first_frame) {
    dicom::RenderOptions options;
    options.max_width = kCaptureSide;
    options.max_height = kCaptureSide;
    dicom::Picture8 picture = dicom::render(data_set, first_frame, options);
    // A palette has one sample a pixel, too.
    if (picture.channels != 1)
        throw Error(ErrorCode::kUnsupported, "a picture in color is no view of a breast");
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

Seen seen_of(const dicom::DataSet& data_set, dicom::FirstFrame& first_frame,
             const std::string& study_instance_uid) {
    Seen seen;
    seen.synthetic = is_synthetic(data_set);
    seen.sop_instance_uid = data_set.text_or(dicom::kSopInstanceUid, "");
    seen.sop_class_uid = data_set.text_or(dicom::kSopClassUid, "");
    seen.series_instance_uid = data_set.text_or(dicom::kSeriesInstanceUid, "");
    try {
        if (is_gray_image(data_set)) seen.picture = rendered(data_set, first_frame);
    } catch (const Error& error) {
        if (error.code() == ErrorCode::kUnavailable) throw;
        log_event(LogLevel::kWarning, "exam.no-capture",
                  {{"exam", study_instance_uid}, {"problem", error.what()}});
    }
    return seen;
}

using ReadView = std::variant<exam::ViewReading, exam::Refusal>;

ReadView read_view(const exam::PreparedView& view, std::size_t number,
                   const infer::ModelPackage& model, const std::string& study_instance_uid) {
    try {
        exam::ViewReading reading = model.read(view);
        name_findings_apart(reading, number);
        return reading;
    } catch (const Error& error) {
        log_event(LogLevel::kError, "exam.view-failed",
                  {{"exam", study_instance_uid}, {"problem", error.what()}});
        return failed_on(view.source, error);
    }
}

}  // namespace

exam::ExamSubject subject_of(const std::string& study_instance_uid, const store::Facts& says) {
    exam::ExamSubject subject;
    subject.patient_name = PatientName(says.patient_name);
    subject.patient_id = PatientId(says.patient_id);
    subject.issuer_of_patient_id = says.issuer_of_patient_id;
    subject.patient_birth_date = BirthDate(says.patient_birth_date);
    subject.patient_sex = says.patient_sex;
    subject.accession_number = AccessionNumber(says.accession_number);
    subject.study_instance_uid = study_instance_uid;
    subject.study_id = says.study_id;
    subject.study_date = says.study_date;
    subject.study_time = says.study_time;
    subject.study_description = says.study_description;
    subject.referring_physician_name = says.referring_physician_name;
    subject.timezone_offset_from_utc = says.timezone_offset_from_utc;
    return subject;
}

bool is_synthetic(const dicom::DataSet& data_set) {
    const auto text = [&](dicom::Tag tag) { return lower(data_set.text_or(tag, "")); };
    const std::string name = text(dicom::kPatientName);
    const auto says_so = [&](dicom::Tag tag) {
        return text(tag).find("synthetic phantom") != std::string::npos;
    };
    // The model's name is what is left of it in de-identified ones.
    return name == "synthetic" || name.starts_with("synthetic^") ||
           says_so(dicom::kImageComments) || says_so(dicom::kSeriesDescription) ||
           text(dicom::kManufacturerModelName) == "synthetic mammography phantom";
}

bool is_of_another_patient(const dicom::DataSet& data_set, const exam::ExamSubject& subject) {
    const store::Person whose{{subject.patient_id.reveal(), subject.issuer_of_patient_id},
                              subject.patient_name.reveal(),
                              subject.patient_birth_date.reveal()};
    return store::may_be_two_people(store::person_of(store::study_facts_of(data_set)), whose);
}

PreparedExam prepare_exam(const ExamImages& images, const exam::InputContract& contract,
                          int at_once, const OnProgress& progress) {
    std::vector<Seen> all(images.count);
    const auto see = [&](std::size_t index, const dicom::DataSet& data_set,
                         dicom::FirstFrame& first_frame) {
        all[index] = seen_of(data_set, first_frame, images.subject.study_instance_uid);
    };
    const auto refuse = [&](const dicom::DataSet& data_set) -> std::optional<exam::Refusal> {
        if (!is_of_another_patient(data_set, images.subject)) return {};
        return of_another_patient(data_set);
    };
    PreparedExam exam;
    exam.subject = images.subject;
    exam.kept_as = images.kept_as;
    exam.views = prepare::prepare_exam(
        {images.count, images.load, see, refuse, images.are_beside_a_patients}, contract,
        side_by_side(at_once, Progress::Stage::kPreparing, progress));
    address(exam.views.refused, all);
    for (Seen& seen : all) {
        exam.synthetic = exam.synthetic || seen.synthetic;
        if (seen.picture) exam.pictures.push_back(*std::move(seen.picture));
    }
    limit_pictures(exam);
    if (images.left_out > 0) exam.views.refused.push_back(not_looked_at(images.left_out));
    return exam;
}

exam::ExamReading read_exam(const PreparedExam& exam, const infer::ModelPackage& model,
                            const ReadingRules& rules, const Clock& clock,
                            const OnProgress& progress) {
    exam::ExamReading reading;
    reading.subject = exam.subject;
    reading.synthetic = exam.synthetic;
    reading.model = model.identity();
    reading.jurisdiction = rules.jurisdiction;
    reading.read_at = clock.now();
    reading.refusals = exam.views.refused;
    reading.kept_as = exam.kept_as;

    const std::vector<exam::PreparedView>& views = exam.views.accepted;
    std::vector<ReadView> read(views.size());
    const RunParts run =
        side_by_side(model.pictures_at_once(), Progress::Stage::kReading, progress);
    run(views.size(), [&](std::size_t i) {
        read[i] = read_view(views[i], i + 1, model, exam.subject.study_instance_uid);
    });
    for (ReadView& each : read) {
        if (auto* refusal = std::get_if<exam::Refusal>(&each)) {
            reading.refusals.push_back(std::move(*refusal));
            continue;
        }
        reading.views.push_back(std::get<exam::ViewReading>(std::move(each)));
    }
    std::vector<exam::ViewReading*> together;
    for (exam::ViewReading& view : reading.views) together.push_back(&view);
    model.share_scores(together);
    for (const exam::ViewReading& view : reading.views)
        reading.score = std::max(reading.score, view.score);
    if (!reading.views.empty())
        for (const exam::OperatingPoint& point : reading.model.operating_points)
            if (reading.score >= point.threshold) reading.above.push_back(point.name);
    return reading;
}

std::vector<compose::Result> compose_exam(const exam::ExamReading& reading,
                                          std::vector<compose::RenderedView>& pictures, int at_once,
                                          const OnProgress& progress) {
    std::erase_if(pictures, [&](const compose::RenderedView& picture) {
        return !mentions(reading, picture.sop_instance_uid);
    });
    return compose::compose_results(reading, pictures,
                                    side_by_side(at_once, Progress::Stage::kComposing, progress));
}

}  // namespace lucerna::pipeline
